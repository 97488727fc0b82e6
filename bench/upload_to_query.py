"""From `lake upload` to a row that a query sees, on the laptop as a person uses it."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from bench.measure import middle, python, run
from bench.report import Figure
from scripts.samples.arrivals import day as workbook
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
        own = {"LAKE_DEPLOYMENT": f"{folder}/deployment.json", "LAKE_PORT": str(free_port())}
        try:
            _lake(own, "up")
            seconds = [_upload(own, Path(folder), number) for number in range(UPLOADS + 1)]
        finally:
            _lake(own, "down")
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


def _lake(own: Mapping[str, str], *words: str) -> str:
    """The command as a person calls it, on that lake."""
    command = shutil.which("lake", path=str(Path(sys.executable).parent)) or "lake"
    return run([command, *words], own).output


def _upload(own: Mapping[str, str], folder: Path, number: int) -> float:
    """Seconds from the command to the answer that counts all rows of the day."""
    day = FIRST_DAY + timedelta(days=number)
    path = workbook(number, day.isoformat(), count=POLLS).write(folder)
    start = time.perf_counter()
    loaded = _lake(own, "upload", "emt/arrivals", str(path), "--wait", "--json")
    seen = _lake(own, "query", _count(day), "--json")
    seconds = time.perf_counter() - start
    accepted, rows = _only(loaded)["accepted"], _only(seen)["n"]
    if accepted != rows:
        raise RuntimeError(f"{accepted} rows accepted, {rows} rows seen")
    return seconds


def _count(day: date) -> str:
    return (
        "select count(*) as n from emt_silver.arrivals_predictions"  # noqa: S608 - our own date
        f" where date(event_ts) = date '{day}'"
    )


def _only(output: str) -> dict[str, int]:
    rows: list[dict[str, int]] = json.loads(output)
    return rows[0]
