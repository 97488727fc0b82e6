"""A made-up silver of any size: lines, a timetable, polls of two buses, weather each 15 minutes."""

# ruff: noqa: S608 (statements are made of our own names and numbers)
from __future__ import annotations

from datetime import date
from pathlib import Path

from pyspark.sql import SparkSession

from lake.catalog import Catalog
from tests.spark.lakehouse import Lakehouse

FIRST_DAY = "2025-01-01"
ROWS_A_DAY = 200_000
LINES, STOPS = 211, 50
_ARRIVALS = "emt_silver.arrivals_predictions"
_WEATHER = "meteorology_silver.meteorology_current"
_NETWORK = ("emt_silver.lines", "emt_silver.lines_stops", "emt_silver.lines_timetable")
_CAME = "timestamp_ntz'2026-01-01 00:00:00'"


def house(spark: SparkSession, root: Path) -> Lakehouse:
    """All tables under one prefix, so that each process finds what another wrote."""
    made = Lakehouse(spark, Catalog.bundled(), root)
    made.prefix = "bench_"
    made.create(
        _ARRIVALS,
        _WEATHER,
        *_NETWORK,
        "emt_silver.line_list",
        "emt_gold.arrivals_weather",
        "emt_gold.delay_weather_hourly",
        "ops.quality",
    )
    return made


def fill(lake: Lakehouse, rows: int, rows_a_day: int = ROWS_A_DAY, polled: int = LINES) -> None:
    """So many arrivals, so many of them a day, of so many lines, and what belongs to them."""
    lines, stops, timetable = _NETWORK
    _insert(
        lake,
        lines,
        f"""SELECT lpad(id, 3, '0') AS line, string(id) AS label, concat('HEAD A ', id) AS name_a,
              concat('HEAD B ', id) AS name_b, {_CAME} AS ingest_ts FROM range({LINES})""",
    )
    # Of fifty stops two are of both ways and two are not known.
    _insert(
        lake,
        stops,
        f"""SELECT lpad(l, 3, '0') AS line, int(way) AS direction,
              string(l * 100 + s) AS stop_id, {_CAME} AS ingest_ts
            FROM (SELECT explode(sequence(0, {LINES - 1})) l)
            CROSS JOIN (SELECT explode(sequence(0, {STOPS - 3})) s)
            CROSS JOIN (VALUES (1), (2)) v(way)
            WHERE s >= {STOPS - 4} OR s % 2 + 1 = way""",
    )
    _insert(
        lake,
        timetable,
        f"""SELECT lpad(id, 3, '0') AS line, day_type, '05:45' AS d1_start, '00:30' AS d1_stop,
              double(5 + id % 20) AS d1_min_freq, double(10 + id % 20) AS d1_max_freq,
              '06:00' AS d2_start, '23:30' AS d2_stop, double(6 + id % 20) AS d2_min_freq,
              double(12 + id % 20) AS d2_max_freq, {_CAME} AS ingest_ts
            FROM range({LINES}) CROSS JOIN (VALUES ('LA'), ('SA'), ('FE')) v(day_type)""",
    )
    for table_id in (_ARRIVALS, _WEATHER):
        lake.spark.sql(
            # One open file at a time: days times line prefixes, or hours of a year, are many.
            f"ALTER TABLE {lake.identifier(table_id)}"
            " SET TBLPROPERTIES ('write.spark.fanout.enabled'='false')"
        )
    days = -(-rows // rows_a_day)
    _weather(lake, FIRST_DAY, days)
    _arrivals(lake, FIRST_DAY, rows, rows_a_day, polled)


def add_day(lake: Lakehouse, day: date, rows: int, polled: int) -> None:
    """One more day of arrivals and weather."""
    _weather(lake, day.isoformat(), 1)
    _arrivals(lake, day.isoformat(), rows, rows, polled)


def _weather(lake: Lakehouse, first: str, days: int) -> None:
    _insert(
        lake,
        _WEATHER,
        f"""SELECT 'Madrid' AS location_name,
              timestamp_ntz'{first}' + make_dt_interval(0, 0, 0, id * 900) AS obs_ts,
              double(id % 35) AS temp_c, double(id % 50) AS wind_kph,
              IF(id % 9 = 0, (id % 40) / 10D, 0D) AS precip_mm, 10D - id % 8 AS vis_km,
              'Sunny' AS condition_text, double(id % 40) AS air_pm10,
              double(id % 25) AS air_pm2_5, 'excel' AS source, {_CAME} AS ingest_ts
            FROM range({days * 96}) WHERE id % 33 <> 7""",
    )


def _insert(lake: Lakehouse, table_id: str, rows: str) -> None:
    """The rows by their columns' names; the table's other columns stay empty."""
    table = lake.identifier(table_id)
    empty = lake.spark.table(table).limit(0)
    empty.unionByName(lake.spark.sql(rows), allowMissingColumns=True).writeTo(table).append()


def _arrivals(lake: Lakehouse, first: str, rows: int, rows_a_day: int, polled: int) -> None:
    """Two buses a poll, polls through all the day; rows of a day in the order of time."""
    _insert(
        lake,
        _ARRIVALS,
        f"""SELECT sha2(concat('{first}', id), 256) AS id,
              timestamp_ntz'{first}' + make_dt_interval(0, 0, 0,
                floor(poll * 2 * 86400D / {rows_a_day})) AS event_ts,
              string(line) AS line, lpad(line, 3, '0') AS line_code,
              string(line * 100 + (poll div {polled}) % {STOPS}) AS stop_id,
              concat(IF(poll % 2 = 0, 'Head A ', 'HEAD B '), line) AS destination,
              id % 20 = 0 AS is_head, 0 AS deviation, string(id % 2000) AS bus,
              IF(id % 66 = 1, NULL, int(hash(id) % 900 + 901 + id % 2 * 600))
                AS estimate_arrive_sec,
              id % 66 = 1 AS estimate_capped, int(id % 9000) AS distance_bus_m,
              '0' AS position_type_bus, -3.7D + id % 1000 / 10000 AS lon, 40.4D AS lat,
              {_CAME} AS ingest_ts
            FROM (SELECT id, id div 2 AS poll, (id div 2) % {polled} AS line
                  FROM range(0, {rows}, 1, {max(2, rows // 1_000_000)}))""",
    )
