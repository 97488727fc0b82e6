"""How fast a workbook is read, beside pandas with openpyxl over the same file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.big_workbook import write
from bench.measure import python
from bench.report import Figure

ROWS, COLUMNS = 100_000, 14
AIM_TIMES, AIM_MB = 15.0, 256.0

_OURS = """
from lake.workbook import read
count = sum(1 for _ in read({path!r}, "Sheet1").rows)
assert count == {rows}, count
"""
_PRESCAN = """
from dataclasses import replace
from pathlib import Path
from lake.catalog import Catalog, Format
from lake.prescan import prescan
source = replace(Catalog.bundled().source("emt/arrivals"), format=Format(), requires=())
assert prescan(Path({path!r}), source).rows == {rows}
"""
_PANDAS = """
import pandas
frame = pandas.read_excel({path!r}, sheet_name="Sheet1", engine="openpyxl")
assert len(frame) == {rows}
"""


def figures() -> list[Figure]:
    """Read 100,000 rows of 14 columns, once each way, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "big.xlsx")
        write(Path(path), ROWS, COLUMNS)
        ours, pandas, scan = (
            python(code.format(path=path, rows=ROWS)) for code in (_OURS, _PANDAS, _PRESCAN)
        )
    times = pandas.wall_s / ours.wall_s
    yardstick = f"pandas + openpyxl: {ROWS / pandas.wall_s:,.0f} rows/s, {pandas.peak_mb:.0f} MB"
    return [
        Figure(
            what=f"read a workbook of {ROWS:,} x {COLUMNS}",
            ours=f"{ROWS / ours.wall_s:,.0f} rows/s",
            yardstick=yardstick,
            ratio=f"{times:.1f} times",
            aim=f"{AIM_TIMES:.0f} times",
            met=times >= AIM_TIMES,
        ),
        Figure(
            what="peak memory of it",
            ours=f"{ours.peak_mb:.0f} MB",
            yardstick=f"{pandas.peak_mb:.0f} MB",
            ratio=f"{ours.peak_mb / pandas.peak_mb:.2f}",
            aim=f"under {AIM_MB:.0f} MB",
            met=ours.peak_mb < AIM_MB,
        ),
        Figure(
            what="examine the same workbook before it is let in",
            ours=f"{scan.wall_s:.1f} s, {scan.peak_mb:.0f} MB",
            yardstick=yardstick,
            ratio=f"{pandas.wall_s / scan.wall_s:.1f} times",
            aim="",
            met=None,
        ),
    ]
