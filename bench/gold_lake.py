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


def fill(lake: Lakehouse, rows: int, rows_a_day: int = ROWS_A_DAY) -> None:
    """So many arrivals, so many of them a day, and what belongs to them."""
    lines, stops, timetable = (lake.identifier(name) for name in _NETWORK)
    sql = lake.spark.sql
    sql(
        f"""INSERT INTO {lines} SELECT lpad(id, 3, '0'), string(id), concat('HEAD A ', id),
            concat('HEAD B ', id), {_CAME} FROM range({LINES})"""
    )
    # Of fifty stops two are of both ways and two are not known.
    sql(
        f"""INSERT INTO {stops} (line, direction, stop_id, ingest_ts)
            SELECT lpad(l, 3, '0'), int(way), string(l * 100 + s), {_CAME}
            FROM (SELECT explode(sequence(0, {LINES - 1})) l)
            CROSS JOIN (SELECT explode(sequence(0, {STOPS - 3})) s)
            CROSS JOIN (VALUES (1), (2)) v(way)
            WHERE s >= {STOPS - 4} OR s % 2 + 1 = way"""
    )
    sql(
        f"""INSERT INTO {timetable} (line, day_type, d1_start, d1_stop, d1_min_freq, d1_max_freq,
              d2_start, d2_stop, d2_min_freq, d2_max_freq, ingest_ts)
            SELECT lpad(id, 3, '0'), day, '05:45', '00:30', 5 + id % 20, 10 + id % 20,
              '06:00', '23:30', 6 + id % 20, 12 + id % 20, {_CAME}
            FROM range({LINES}) CROSS JOIN (VALUES ('LA'), ('SA'), ('FE')) v(day)"""
    )
    days = -(-rows // rows_a_day)
    _weather(lake, FIRST_DAY, days)
    sql(
        # One open file at a time: the days times the line prefixes are many.
        f"ALTER TABLE {lake.identifier(_ARRIVALS)}"
        " SET TBLPROPERTIES ('write.spark.fanout.enabled'='false')"
    )
    _arrivals(lake, FIRST_DAY, rows, rows_a_day)


def add_day(lake: Lakehouse, day: date, rows_a_day: int = 8_000) -> None:
    """One more day of arrivals and weather."""
    _weather(lake, day.isoformat(), 1)
    _arrivals(lake, day.isoformat(), rows_a_day, rows_a_day)


def _weather(lake: Lakehouse, first: str, days: int) -> None:
    lake.spark.sql(
        f"""INSERT INTO {lake.identifier(_WEATHER)} (location_name, obs_ts, temp_c, wind_kph,
              precip_mm, vis_km, condition_text, air_pm10, air_pm2_5, source, ingest_ts)
            SELECT 'Madrid', timestamp_ntz'{first}' + make_dt_interval(0, 0, id * 15), id % 35,
              id % 50, IF(id % 9 = 0, (id % 40) / 10, 0), 10 - id % 8, 'Sunny', id % 40, id % 25,
              'excel', {_CAME}
            FROM range({days * 96}) WHERE id % 33 <> 7"""
    )


def _arrivals(lake: Lakehouse, first: str, rows: int, rows_a_day: int) -> None:
    """Two buses a poll, polls through all the day; rows of a day in the order of time."""
    lake.spark.sql(
        f"""INSERT INTO {lake.identifier(_ARRIVALS)}
            SELECT sha2(concat('{first}', id), 256),
              timestamp_ntz'{first}' + make_dt_interval(0, 0, 0,
                floor(poll * 2 * 86400D / {rows_a_day})),
              string(line), lpad(line, 3, '0'), string(line * 100 + (poll div {LINES}) % {STOPS}),
              concat(IF(poll % 2 = 0, 'Head A ', 'HEAD B '), line), id % 20 = 0, 0,
              string(id % 2000), IF(id % 66 = 1, NULL, int(hash(id) % 900 + 901 + id % 2 * 600)),
              id % 66 = 1, int(id % 9000), '0', -3.7D + id % 1000 / 10000, 40.4D, {_CAME}
            FROM (SELECT id, id div 2 AS poll, (id div 2) % {LINES} AS line
                  FROM range(0, {rows}, 1, {max(2, rows // 1_000_000)}))"""
    )
