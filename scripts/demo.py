"""`make demo`: the whole journey, live. Cloud up, lake applied, workbooks in, rows accounted for.

Run again it finds everything in place: the same workbooks are "unchanged" and start no job.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lake_cli.deployment import LAPTOP, Deployment
from lake_cli.exits import Stop
from lake_cli.outcomes import Outcome
from lake_cli.uploads import Uploads
from lake_cli.watching import watching
from local.installed import LaptopError
from scripts.console import Console
from scripts.laptop import TOLD, Laptop
from scripts.samples import Sample, demo_set

SEED, DAY = 7, "2025-09-01"
TIMEOUT_S = 600
QUESTION = """
    select line, count(*) as predictions, count_if(estimate_capped) as over_45_min,
           round(avg(estimate_arrive_sec) / 60, 1) as minutes
    from emt_silver.arrivals_predictions
    group by line order by predictions desc, line limit 5
"""
GO_ON = """
The lake stays up. Go on with:
  lake upload emt/arrivals FILE.xlsx --wait     put in a workbook of yours
  lake query "select * from emt_silver.stops"   ask anything, in Athena's SQL
  lake rejects                                  the rows that were refused, each with its rule
  lake status | lake tables | lake --help       look around
Stop it with:  lake down   (`make down`; its data stays)
"""


def main() -> int:
    """0: everything came out as the generator says; 1: it did not, or something failed."""
    console, began = Console(), time.monotonic()
    try:
        return _demo(console, began)
    except (*TOLD, LaptopError) as error:
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

    console.say(
        "\n2. Workbooks as EMT and a Spanish Excel write them; one is cut off, one has bad rows"
    )
    samples = demo_set(SEED, DAY)
    paths = [sample.write(laptop.state_dir / "samples" / sample.source) for sample in samples]
    for sample, path in zip(samples, paths, strict=True):
        console.say(f"  lake upload {sample.source:<21}{path.name} ({len(sample.content):,} bytes)")

    console.say("\n3. Each goes raw -> bronze -> job -> silver, or to quarantine")
    outcomes = _upload(samples, paths)
    loaded = time.monotonic()

    wrong = surprises(samples, outcomes)
    console.say("\n4. What became of every row")
    wrong += _show("loads")
    console.say("5. What was refused, and why")
    wrong += _show("quarantine")
    console.say(f"6. A question{QUESTION}")
    wrong += _show("query", QUESTION)

    for text in wrong:
        console.say(f"NOT AS EXPECTED: {text}")
    if not wrong:
        console.say(f"All {len(samples)} files came out as the generator counted them.")
    console.say(
        f"{time.monotonic() - began:.0f} s in all: {up - began:.0f} s until the lake was up,"
        f" {loaded - up:.0f} s for the files."
    )
    console.say(GO_ON.rstrip())
    return 1 if wrong else 0


def _upload(samples: Sequence[Sample], paths: Sequence[Path]) -> list[Outcome]:
    deployment = Deployment.load(LAPTOP)
    sources = deployment.catalog
    files = [(sources.source(s.source), path) for s, path in zip(samples, paths, strict=True)]
    with watching(wait=True, quiet_s=0, stderr=False) as watch:
        return Uploads(deployment, files).run(wait=True, timeout_s=TIMEOUT_S, watch=watch)


def _show(*words: str) -> list[str]:
    """What a person would type, and what the command answers; or that it did not."""
    command = Path(sys.executable).parent / "lake"
    code = subprocess.run([str(command), *words], check=False).returncode
    return [f"`lake {words[0]}` ended with {code}"] if code else []


def surprises(samples: Sequence[Sample], outcomes: Sequence[Outcome]) -> list[str]:
    """Where the lake says anything else than the generator that made the files."""
    said = []
    for sample, outcome in zip(samples, outcomes, strict=True):
        expected = {sample.truth.status} | ({"unchanged"} if sample.truth.accepted else set())
        if outcome.status not in expected:
            said.append(f"{sample.file_name} is {outcome.status}: {outcome.reason or 'no reason'}")
        elif sample.truth.accepted:
            found = outcome.first_load or outcome.as_dict()
            want, got = _fate(sample.truth.counts), _fate(found)
            if want != got:
                said.append(f"{sample.file_name}: expected {want}, found {got}")
    return said


def _fate(counts: Mapping[str, Any]) -> dict[str, int]:
    """Counts that do not depend on what the tables held before: a known row is a duplicate."""
    known = counts["accepted"] + counts["duplicate"]
    return {"good": known, **{name: counts[name] for name in ("read", "rejected", "empty")}}


if __name__ == "__main__":
    sys.exit(main())
