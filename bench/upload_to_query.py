"""From `lake upload` to a row that a query sees, on the laptop as a person uses it."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from bench.measure import middle, python, run
from bench.report import Figure
from scripts.samples.arrivals import day as workbook

POLLS = 3_900  # as many as the real workbook of one day holds
UPLOADS = 5
AIM_S = 20.0

_BARE_SPARK = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
assert spark.range(1).count() == 1
spark.stop()
"""


def figures() -> list[Figure]:
    """Days that no lake has seen before, one after the other, and the rows counted by Athena."""
    lake = shutil.which("lake", path=str(Path(sys.executable).parent)) or "lake"
    run([lake, "up"])
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        # Each run of the benchmark takes other days, or the lake would say «unchanged».
        first = date(2000, 1, 1) + timedelta(days=int(time.time()) % 9_000)
        for number in range(UPLOADS + 1):
            day = first + timedelta(days=number)
            path = workbook(number, day.isoformat(), count=POLLS).write(Path(folder))
            start = time.perf_counter()
            loaded = run([lake, "upload", "emt/arrivals", str(path), "--wait", "--json"])
            seen = run([lake, "query", _count(day), "--json"])
            seconds.append(time.perf_counter() - start)
            accepted, rows = _only(loaded.output)["accepted"], _only(seen.output)["n"]
            if accepted != rows:
                raise RuntimeError(f"{accepted} rows accepted, {rows} rows seen")
    p50 = median(seconds[1:])
    bare = middle([python(_BARE_SPARK) for _ in range(3)])
    return [
        Figure(
            what=f"upload of a day ({POLLS:,} polls) to its rows in a query, p50 of {UPLOADS}",
            ours=f"{p50:.1f} s ({min(seconds[1:]):.1f} to {max(seconds[1:]):.1f})",
            yardstick=f"a bare Spark that counts one row: {bare.wall_s:.1f} s",
            ratio=f"{p50 / bare.wall_s:.1f} times",
            aim=f"{AIM_S:.0f} s",
            met=p50 <= AIM_S,
        )
    ]


def _count(day: date) -> str:
    return (
        "select count(*) as n from emt_silver.arrivals_predictions"  # noqa: S608 - our own date
        f" where date(event_ts) = date '{day}'"
    )


def _only(output: str) -> dict[str, int]:
    rows: list[dict[str, int]] = json.loads(output)
    return rows[0]
