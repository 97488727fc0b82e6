"""What one more day costs when the table already holds 1, 30 or 365 days."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from bench.measure import run
from bench.report import Figure
from domains.emt.transforms import arrivals
from jobs.main import run as load
from lake.catalog import Catalog
from scripts.samples.arrivals import day as workbook
from tests.spark.lakehouse import Lakehouse
from tests.spark.local_session import session

HISTORIES = (1, 30, 365)
TABLE = "emt_silver.arrivals_predictions"
LAST_DAY = date(2025, 8, 31)
ROWS_A_DAY = 8_000
LOADS = 5
AIM_RATIO = 1.2


def figures() -> list[Figure]:
    """Each history in a Spark of its own, so that none inherits another's warm code."""
    seconds = {}
    for days in HISTORIES:
        finished = run([sys.executable, "-m", "bench.silver_history", str(days)])
        seconds[days] = float(json.loads(finished.output.strip().splitlines()[-1])["seconds"])
    base = seconds[HISTORIES[0]]
    return [
        Figure(
            what=f"load a day into {days} days of history ({days * ROWS_A_DAY:,} rows)",
            ours=f"{seconds[days]:.2f} s",
            yardstick=f"into 1 day: {base:.2f} s",
            ratio=f"{seconds[days] / base:.2f}",
            aim=f"at most {AIM_RATIO}",
            met=seconds[days] / base <= AIM_RATIO,
        )
        for days in HISTORIES[1:]
    ]


def measure(days: int) -> float:
    """The median of some loads of a day each into a table that holds the days before."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        spark = session(root, compiled=True)
        lakehouse = Lakehouse(spark, Catalog.bundled(), root)
        lakehouse.create(TABLE, "emt_silver.stops")
        _write_history(lakehouse, days)
        taken = []
        for number in range(LOADS + 1):
            day = LAST_DAY + timedelta(days=1 + number)
            sample = workbook(number, day.isoformat(), count=3_900)
            path = sample.write(root)
            start = time.perf_counter()
            load(
                "emt_arrivals",
                arrivals.TRANSFORM,
                [
                    *("--input", str(path), "--warehouse", str(root / "warehouse")),
                    *("--db", f"{lakehouse.prefix}emt_silver"),
                ],
            )
            taken.append(time.perf_counter() - start)
        spark.stop()
    return median(taken[1:])  # the first load pays for the code that Java compiles


def _write_history(lakehouse: Lakehouse, days: int) -> None:
    """Rows as the job would have written them, by Spark's own means and thus by another way."""
    start = LAST_DAY - timedelta(days=days - 1)
    lakehouse.spark.sql(
        # One open file at a time: the days times the line prefixes are many.
        f"ALTER TABLE {lakehouse.identifier(TABLE)} "
        "SET TBLPROPERTIES ('write.spark.fanout.enabled'='false')"
    )
    lakehouse.spark.sql(
        f"""
        INSERT INTO {lakehouse.identifier(TABLE)}
        SELECT sha2(cast(id AS string), 256), event_ts,
               lpad(cast(id % 211 AS string), 3, '0'), lpad(cast(id % 211 AS string), 3, '0'),
               cast(id % 4887 AS string), 'MONCLOA', false, 0, cast(id % 2000 AS string),
               cast(id % 2600 AS int), false, cast(id % 9000 AS int), '0',
               -3.7D, 40.4D, event_ts
        FROM (SELECT id, cast(timestamp'{start} 05:00:00'
                     + make_dt_interval(0, 0, 0, id * 86400D / {ROWS_A_DAY} * 0.75D
                                        + floor(id / {ROWS_A_DAY}) * 21600D)
                     AS timestamp_ntz) AS event_ts
              FROM range({days * ROWS_A_DAY}))
        """  # noqa: S608 - our own numbers
    )


if __name__ == "__main__":
    print(json.dumps({"seconds": measure(int(sys.argv[1]))}))
