"""How many records a second go through the stream, and how long one takes to be seen by a query.

On a laptop cloud of its own: Kinesis, the real transform, Firehose, Iceberg, Athena.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.measure import group_peak_mb, seconds
from bench.report import Figure
from local.lifecycle import LaptopCloud
from tests.local.conftest import free_port
from tests.local.streams import TABLE, StreamLake
from tests.weather import record

RECORDS = 100_000
BUFFER_S, BUFFER_MB = 5, 64
WAIT_S, WAIT_MB = 900, 128  # Firehose's most: nothing is delivered before all is put
PROBES = 5
AIM_A_SECOND, AIM_BEYOND_BUFFER_S = 5_000, 3.0


def figures() -> list[Figure]:
    """A flood that must come out whole, then single records on a quiet stream."""
    os.environ["LAKE_CLASS_ARCHIVE"] = "off"
    with tempfile.TemporaryDirectory() as folder:
        cloud = LaptopCloud(Path(folder), free_port())
        cloud.up()
        try:
            lake = StreamLake(cloud)
            lake.make(BUFFER_S, BUFFER_MB)
            return [*_flood(lake), _lag(lake), _memory(cloud)]
        finally:
            cloud.down()


def _flood(lake: StreamLake) -> list[Figure]:
    """What transform and sink do with all that waits, and what they do beside who puts it."""
    lake.put([record(0, "warm")])
    _wait(lake, 1)
    lake.buffer(WAIT_S, WAIT_MB)
    put = seconds(lambda: lake.put(_records("a place")))
    start = time.perf_counter()
    lake.buffer(BUFFER_S, BUFFER_MB)
    _wait(lake, RECORDS + 1)
    through = RECORDS / (time.perf_counter() - start)
    start = time.perf_counter()
    lake.put(_records("another"))
    _wait(lake, 2 * RECORDS + 1)
    whole = time.perf_counter() - start
    return [
        Figure(
            what=f"{RECORDS:,} waiting records of 0.9 KB through transform and sink to a query",
            ours=f"{through:,.0f} a second",
            yardstick=f"Kinesis alone takes {RECORDS / put:,.0f} a second",
            ratio=f"{through * put / RECORDS:.2f}",
            aim=f"{AIM_A_SECOND:,} a second",
            met=through >= AIM_A_SECOND,
        ),
        Figure(
            what="as many from the first put to a query, the last buffer taken off",
            ours=f"{RECORDS / (whole - BUFFER_S):,.0f} a second ({whole:.1f} s)",
            yardstick="",
            ratio="",
            aim="",
            met=None,
        ),
    ]


def _records(place: str) -> list[bytes]:
    return [record(number % 48, f"{place} {number // 48}") for number in range(RECORDS)]


def _lag(lake: StreamLake) -> Figure:
    taken = []
    for number in range(PROBES):
        start = time.perf_counter()
        lake.put([record(number, "probe")])
        _wait(lake, 2 * RECORDS + 2 + number, each_s=0.05)
        taken.append(time.perf_counter() - start - BUFFER_S)
    beyond = median(taken)
    return Figure(
        what=f"one record from put to a query that sees it, beyond the buffer, p50 of {PROBES}",
        ours=f"{beyond:.2f} s ({min(taken):.2f} to {max(taken):.2f})",
        yardstick=f"the buffer: {BUFFER_S} s",
        ratio="",
        aim=f"{AIM_BEYOND_BUFFER_S:.0f} s",
        met=beyond < AIM_BEYOND_BUFFER_S,
    )


def _memory(cloud: LaptopCloud) -> Figure:
    peak = group_peak_mb(cloud.status()["pid"])
    return Figure(
        what="peak memory of the cloud and its Lambda workers, each one's peak added",
        ours="" if peak is None else f"{peak:,.0f} MB",
        yardstick="",
        ratio="",
        aim="",
        met=None,
    )


def _wait(lake: StreamLake, rows: int, each_s: float = 0.5) -> None:
    """Until a query sees them; to ask more often takes processors from what is measured."""
    deadline = time.monotonic() + 300
    while (found := lake.count()) != rows:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{found:,} of {rows:,} rows of {TABLE.id} after five minutes")
        time.sleep(each_s)
