"""What gold costs beside just reading and writing its rows, and what one more day costs.

`python -m bench.gold 20000000` measures that many arrivals; `make bench` two million.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from bench.gold_lake import FIRST_DAY, add_day, fill, house
from bench.measure import peak_mb, run, seconds
from bench.report import Figure, show
from domains.emt.transforms import gold as emt_gold
from domains.emt.transforms.gold_weather import SHOWN, intervals, micros, observations
from jobs import lakeio
from tests.spark.lakehouse import Lakehouse
from tests.spark.local_session import session

ROWS = 2_000_000
MOST_PLAIN = 2_000_000  # the range join takes minutes for them and hours for more
HISTORIES = (30, 365)
# Silver lies by day and line: of all lines a year would be forty thousand files of a few rows.
HISTORY_ROWS_A_DAY, HISTORY_LINES = 8_000, 20
DAYS_MORE = 4
AIM_FLOOR, AIM_PLAIN, AIM_HISTORY = 1.5, 15.0, 1.2
_MEMORY = {"PYSPARK_SUBMIT_ARGS": "--driver-memory 5g pyspark-shell"}


def figures(rows: int = ROWS) -> list[Figure]:
    """Each way in a process of its own over the same silver; then each history."""
    with tempfile.TemporaryDirectory() as folder:
        _apart("fill", folder, rows)
        floor, ours, near = (_apart(mode, folder) for mode in ("floor", "gold", "nearest"))
        # A join is compared with a join: what both would write costs the same and hides it.
        join = _apart("join", folder) if rows <= MOST_PLAIN else None
        plain = _apart("plain", folder) if rows <= MOST_PLAIN else None
        duck = _apart("duckdb", folder)
    table = {
        "what": f"gold of {rows:,} arrivals: each arrival's row",
        "ours": f"{ours['arrivals']:.1f} s, {ours['peak_mb']:,.0f} MB",
        "yardstick": f"read and write them: {floor['s']:.1f} s, {floor['peak_mb']:,.0f} MB",
    }
    ratio = ours["arrivals"] / floor["s"]
    found = [
        Figure(**table, ratio=f"{ratio:.2f}", aim=f"at most {AIM_FLOOR}", met=ratio <= AIM_FLOOR),
        Figure(
            what="the whole job: hours, checks and both tables shown",
            ours=f"{ours['s']:.1f} s",
            yardstick=table["yardstick"],
            ratio=f"{ours['s'] / floor['s']:.2f}",
            aim="",
            met=None,
        ),
        Figure(
            what="nearest weather, read and written, beside DuckDB's as-of join",
            ours=f"{near['s']:.1f} s, {near['peak_mb']:,.0f} MB",
            yardstick=f"DuckDB: {duck['s']:.1f} s, {duck['peak_mb']:,.0f} MB",
            ratio=f"{near['s'] / duck['s']:.1f}",
            aim="",
            met=None,
        ),
    ]
    if join is not None and plain is not None:
        times = plain["s"] / join["s"]
        found.insert(
            2,
            Figure(
                what="nearest weather, computed only, warm, beside a range join and a window",
                ours=f"{join['s']:.1f} s, {join['peak_mb']:,.0f} MB",
                yardstick=f"plain: {plain['s']:.1f} s, {plain['peak_mb']:,.0f} MB",
                ratio=f"{times:.1f} times",
                aim=f"{AIM_PLAIN:.0f} times",
                met=times >= AIM_PLAIN,
            ),
        )
    return found


def history_figures() -> list[Figure]:
    """One more day on a month and on a year."""
    taken = {}
    for days in HISTORIES:
        with tempfile.TemporaryDirectory() as folder:
            taken[days] = _apart("history", folder, days)
    short, long = (taken[days]["s"] for days in HISTORIES)
    return [
        Figure(
            what=f"gold of one more day on {HISTORIES[1]} days",
            ours=f"{long:.2f} s, {taken[HISTORIES[1]]['peak_mb']:,.0f} MB",
            yardstick=f"on {HISTORIES[0]} days: {short:.2f} s",
            ratio=f"{long / short:.2f}",
            aim=f"under {AIM_HISTORY}",
            met=long / short < AIM_HISTORY,
        )
    ]


def _apart(mode: str, folder: str, size: int = 0) -> dict[str, float]:
    words = [sys.executable, "-m", "bench.gold", mode, folder, str(size)]
    finished = run(words, _MEMORY)
    told: dict[str, float] = json.loads(finished.output.strip().splitlines()[-1])
    return {"peak_mb": finished.peak_mb, **told}


# --- one way, in its own process -----------------------------------------------------------------


def measure(mode: str, folder: Path, size: int) -> dict[str, float]:
    """Seconds without start-up, and the peak memory of the JVM where the system tells it."""
    if mode == "duckdb":
        return {"s": seconds(lambda: _duckdb(folder))}
    spark = session(folder, compiled=True)
    lake = house(spark, folder)
    try:
        told = _MODES[mode](lake, folder, size)
        return told | _peak(spark)
    finally:
        spark.stop()


def _fill(lake: Lakehouse, folder: Path, rows: int) -> dict[str, float]:
    fill(lake, rows)
    # DuckDB reads the same rows as plain Parquet.
    for name in ("emt_silver.arrivals_predictions", "meteorology_silver.meteorology_current"):
        lake.table(name).write.parquet(str(folder / "plain" / name))
    return {}


def _floor(lake: Lakehouse, _: Path, __: int) -> dict[str, float]:
    rows = lake.table("emt_silver.arrivals_predictions")
    return {"s": _copy(lake, rows, "floor")}


def _nearest(lake: Lakehouse, _: Path, __: int) -> dict[str, float]:
    rows = _with_nearest(lake, lake.table("emt_silver.arrivals_predictions"))
    return {"s": _copy(lake, rows, "nearest")}


def _join(lake: Lakehouse, _: Path, __: int) -> dict[str, float]:
    return {"s": _warm(lake, _with_nearest)}


def _with_nearest(lake: Lakehouse, rows: DataFrame) -> DataFrame:
    stretches = intervals(observations(lake.table("meteorology_silver.meteorology_current")), 60)
    return (
        rows.withColumn("_moment", micros(F.col("event_ts")))
        .withColumn("_when", F.expr("_moment div 1800000000L"))
        .join(
            F.broadcast(stretches),
            F.expr("_when = _bucket AND _moment >= _from AND _moment <= _until"),
            "left",
        )
        .select(*rows.columns, "obs_ts", *SHOWN)
    )


def _plain(lake: Lakehouse, _: Path, __: int) -> dict[str, float]:
    """As the published job does it: all observations in reach, then the first of them."""
    return {"s": _warm(lake, _with_first_in_reach)}


def _with_first_in_reach(lake: Lakehouse, rows: DataFrame) -> DataFrame:
    rows.createOrReplaceTempView("a")
    weather = lake.table("meteorology_silver.meteorology_current")
    weather.select("obs_ts", *SHOWN).createOrReplaceTempView("w")
    apart = "abs(unix_micros(CAST({} AS timestamp)) - unix_micros(CAST({} AS timestamp)))"
    found = lake.spark.sql(
        f"""SELECT * FROM (
              SELECT a.*, w.*, row_number() OVER (PARTITION BY a.id
                ORDER BY {apart.format("a.event_ts", "w.obs_ts")}, w.obs_ts) AS rank
              FROM a LEFT JOIN w ON {apart.format("a.event_ts", "w.obs_ts")} <= 3600000000)
            WHERE rank = 1"""  # noqa: S608 - our own words
    )
    return found.drop("rank")


def _warm(lake: Lakehouse, found: Callable[[Lakehouse, DataFrame], DataFrame]) -> float:
    """Every column of every row, and nothing written, after the same for one day.

    Two ways to join are compared, not how Java loads and compiles what both need.
    """
    rows = lake.table("emt_silver.arrivals_predictions")
    for some in (rows.where(f"to_date(event_ts) = '{FIRST_DAY}'"), rows):
        taken = seconds(found(lake, some).write.format("noop").mode("overwrite").save)
    return taken


def _copy(lake: Lakehouse, rows: DataFrame, name: str) -> float:
    """Writes rows into a table that lies as gold does."""
    table = f"glue_catalog.{lake.prefix}{name}.rows"
    lake.spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {table.rpartition('.')[0]}")
    writer = (
        rows.writeTo(table).using("iceberg").tableProperty("write.spark.fanout.enabled", "false")
    )
    return seconds(lambda: writer.partitionedBy(F.days("event_ts")).create())


def _gold(lake: Lakehouse, folder: Path, _: int) -> dict[str, float]:
    passed: list[float] = []

    def note(point: str) -> None:
        if point == "staged":
            passed.append(time.perf_counter())

    lakeio.kill_point = note
    start = time.perf_counter()
    whole = seconds(lambda: _build(lake, folder))
    return {"s": whole, "arrivals": passed[0] - start}


def _history(lake: Lakehouse, folder: Path, days: int) -> dict[str, float]:
    fill(lake, days * HISTORY_ROWS_A_DAY, HISTORY_ROWS_A_DAY, HISTORY_LINES)
    _build(lake, folder)
    taken = []
    for number in range(DAYS_MORE + 1):
        day = date.fromisoformat(FIRST_DAY) + timedelta(days=days + number)
        add_day(lake, day, HISTORY_ROWS_A_DAY, HISTORY_LINES)
        taken.append(seconds(lambda: _build(lake, folder)))
    return {"s": median(taken[1:])}  # the first pays for the code that Java compiles


def _build(lake: Lakehouse, folder: Path) -> None:
    words = {
        "warehouse": folder / "warehouse",
        "gold_db_emt": f"{lake.prefix}emt_gold",
        "silver_db_emt": f"{lake.prefix}emt_silver",
        "silver_db_met": f"{lake.prefix}meteorology_silver",
        "date": FIRST_DAY,  # a made-up lake has no usual day to weigh one against
    }
    said = [word for name, value in words.items() for word in (f"--{name}", str(value))]
    result = emt_gold.run(said, catalog=lake.catalog)
    if result["status"] != "published":
        raise RuntimeError(f"gold did nothing: {result['reason']}")


def _duckdb(folder: Path) -> None:
    import duckdb

    arrivals, weather = (
        f"read_parquet('{folder}/plain/{name}/*.parquet')"
        for name in ("emt_silver.arrivals_predictions", "meteorology_silver.meteorology_current")
    )
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        # From the middle to the observation before on, an observation is the nearest.
        connection.execute(
            f"""COPY (SELECT a.*, w.* EXCLUDE (since) REPLACE (
                  CASE WHEN abs(epoch_us(event_ts) - epoch_us(obs_ts)) <= 3600000000
                       THEN obs_ts END AS obs_ts)
                FROM {arrivals} a ASOF LEFT JOIN (
                  SELECT obs_ts, {", ".join(SHOWN)}, coalesce(make_timestamp((epoch_us(obs_ts)
                    + lag(epoch_us(obs_ts)) OVER (ORDER BY obs_ts)) // 2 + 1),
                    timestamp '1970-01-01') AS since FROM {weather}) w
                ON a.event_ts >= w.since) TO '{folder}/asof.parquet' (COMPRESSION zstd)"""  # noqa: S608 - our own words
        )


def _peak(spark: SparkSession) -> dict[str, float]:
    """The JVM's; the launcher has become it."""
    gateway: Any = spark.sparkContext._gateway
    peak = peak_mb(gateway.proc.pid)
    return {} if peak is None else {"peak_mb": peak}


_MODES: dict[str, Callable[[Lakehouse, Path, int], dict[str, float]]] = {
    "fill": _fill,
    "floor": _floor,
    "gold": _gold,
    "nearest": _nearest,
    "join": _join,
    "plain": _plain,
    "history": _history,
}


if __name__ == "__main__":
    if sys.argv[1] in (*_MODES, "duckdb"):
        print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        show(f"Gold of {int(sys.argv[1]):,} arrivals", figures(int(sys.argv[1])))
