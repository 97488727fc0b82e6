"""From `lake upload` to a row that a query sees, on the laptop as a person uses it."""

from __future__ import annotations

import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from bench.measure import middle, python
from bench.report import Figure
from scripts.samples.arrivals import day as workbook
from tests.laptop.journey import Lake
from tests.local.conftest import free_port

POLLS = 3_900  # as many as the real workbook of one day holds
UPLOADS = 5
FIRST_DAY = date(2025, 3, 1)
AIM_S = 20.0

_BARE_SPARK = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
assert spark.range(1).count() == 1
spark.stop()
"""


def figures() -> list[Figure]:
    """Day after day into a lake of its own, and the rows counted by Athena."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder), free_port())
        try:
            lake.run("up", timeout=900)
            taken = [_upload(lake, number) for number in range(UPLOADS + 1)]
        finally:
            lake.run("down")
    p50 = median(taken[1:])
    bare = middle([python(_BARE_SPARK) for _ in range(3)])
    return [
        Figure(
            what=f"upload of a day ({POLLS:,} polls) to its rows in a query, p50 of {UPLOADS}",
            ours=f"{p50:.1f} s ({min(taken[1:]):.1f} to {max(taken[1:]):.1f})",
            yardstick=f"a bare Spark that counts one row: {bare.wall_s:.1f} s",
            ratio=f"{p50 / bare.wall_s:.1f} times",
            aim=f"{AIM_S:.0f} s",
            met=p50 <= AIM_S,
        )
    ]


def _upload(lake: Lake, number: int) -> float:
    """Seconds from the command to the answer that counts all rows of the day."""
    day = (FIRST_DAY + timedelta(days=number)).isoformat()
    path = workbook(number, day, count=POLLS).write(lake.state_dir)
    start = time.perf_counter()
    accepted = lake.upload("emt/arrivals", path)[0]["accepted"]
    seen = lake.count("emt_silver.arrivals_predictions", f"date(event_ts) = date '{day}'")
    taken = time.perf_counter() - start
    if accepted != seen:
        raise RuntimeError(f"{accepted} rows accepted, {seen} rows seen")
    return taken
