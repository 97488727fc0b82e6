"""`make demo`: cloud up, lake applied, files in, APIs polled, weather streamed, gold answered.

Run again it finds everything in place: the same workbooks are "unchanged", the days were played,
and gold has nothing to compute.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from lake.errors import LakeError
from lake_cli.deployment import LAPTOP, Deployment
from lake_cli.exits import Stop
from local.installed import LaptopError
from scripts.console import Console
from scripts.demo import days
from scripts.demo.answers import LAST_YEAR, PIPELINE, WEATHER, WORST, page, share_of_weather
from scripts.demo.days import DAY, StandIns
from scripts.demo.workbooks import Workbooks
from scripts.laptop import TOLD, Laptop
from scripts.samples import demo_set

SEED = 7
GO_ON = """
The lake stays up. Go on with:
  lake upload emt/arrivals FILE.xlsx --wait     put in a workbook of yours
  lake poll emt/arrivals --wait                 ask EMT's stand-in what comes now
  lake run emt/gold --wait                      bring the answers up to date
  lake query "select * from emt_gold.arrivals_weather limit 5"
  lake results emt_lines --sort -delay_rate     what readers of the API get; lake api: its address
  lake status | lake tables | lake runs | lake rejects | lake --help
Stop it with:  lake down   (`make down`; its data stays)
"""


def main() -> int:
    """0: everything came out as the generator says; 1: it did not, or something failed."""
    console, began = Console(), time.monotonic()
    try:
        return _demo(console, began)
    except (*TOLD, LaptopError, LakeError) as error:
        print(f"demo: {error}", file=sys.stderr)
    except Stop as stop:
        print(f"demo: {stop.message}\n      {stop.hint}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\ndemo: interrupted; `make demo` goes on from here, `make down` stops the lake")
        return 130
    return 1


def _demo(console: Console, began: float) -> int:
    laptop = Laptop.chosen()
    console.say("1. The lake: AWS's services on this laptop, the same Terraform as anywhere")
    laptop.up(console)
    up = time.monotonic()
    deployment = Deployment.load(LAPTOP)

    console.say(
        "\n2. Workbooks as EMT and a Spanish Excel write them, and weather's past in JSON;"
        " one is cut off, three have bad rows"
    )
    books = Workbooks(deployment, demo_set(SEED, DAY), laptop.state_dir / "samples")
    for sample, path in zip(books.samples, books.paths, strict=True):
        console.say(f"  lake upload {sample.source:<30}{path.name} ({len(sample.content):,} bytes)")
    books.send()

    console.say("\n3. Two days pass: EMT and OpenWeather are polled, a container streams weather")
    stand_ins = StandIns(laptop.cloud.endpoint)
    polled = days.poll(deployment, stand_ins, console)
    days.stream(deployment, stand_ins, console)
    played = time.monotonic()

    console.say("\n4. All of it goes raw -> bronze -> job -> silver, or to quarantine")
    wrong = books.settle()
    wrong += days.settle(deployment, polled)
    wrong += days.arrived(deployment, console)
    loaded = time.monotonic()
    wrong += _show("loads", "--limit", "12")
    wrong += _show("quarantine")

    console.say("5. Gold, by Step Functions: each arrival beside its headway and its weather")
    console.say(f"  lake run {PIPELINE} --date {DAY} --wait")
    wrong += _show("run", PIPELINE, "--date", DAY, "--wait")
    console.say("\n6. The second domain: two cities side by side, then seven answers")
    console.say(f"  lake run {WEATHER} --date {DAY} --wait")
    wrong += _show("run", WEATHER, "--date", DAY, "--wait")
    answered = time.monotonic()

    console.say(f"7. The worst lines{WORST}")
    wrong += _show("query", WORST)
    console.say(f"The weather of {DAY} against the year before{LAST_YEAR}")
    wrong += _show("query", LAST_YEAR)
    if not wrong:
        console.say(share_of_weather(deployment))
    address, unpublished = page(deployment)
    wrong += unpublished

    for text in wrong:
        console.say(f"NOT AS EXPECTED: {text}")
    if not wrong:
        console.say(f"\nAll {len(books.samples)} files came out as the generator counted them.")
    console.say(
        f"{time.monotonic() - began:.0f} s in all: {up - began:.0f} s until the lake was up,"
        f" {played - up:.0f} s for the two days, {loaded - played:.0f} s until all was in silver,"
        f" {answered - loaded:.0f} s for gold."
    )
    console.say(GO_ON.rstrip())
    console.say(f"\nSee it all in your browser (the address holds the key):\n  {address}")
    return 1 if wrong else 0


def _show(*words: str) -> list[str]:
    """What a person would type, and what the command answers; or that it did not."""
    command = Path(sys.executable).parent / "lake"
    code = subprocess.run([str(command), *words], check=False).returncode
    return [f"`lake {words[0]}` ended with {code}"] if code else []


if __name__ == "__main__":
    sys.exit(main())
