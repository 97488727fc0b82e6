"""Gold as DuckDB computes it, written from the definitions and by another way than the job.

Plain joins of everything with everything that could match, then a choice: nothing is worked out
beforehand, no intervals, no lookup by minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from lake.catalog import Catalog, Table

_ARROW = {
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
    "array<string>": pa.list_(pa.string()),
    "double": pa.float64(),
    "int": pa.int32(),
    "long": pa.int64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
}

_LINE = """
CREATE TABLE known AS
SELECT lpad(line, 3, '0') AS code, regexp_replace(label, '^O+', '00') AS label,
       name_a, nullif(name_b, '') AS name_b, 1 AS trust FROM lines
UNION ALL SELECT lpad(line, 3, '0'), regexp_replace(label, '^O+', '00'),
       name_a, nullif(name_b, ''), 2 FROM lines_timetable
UNION ALL SELECT lpad(line, 3, '0'), label, name_a, nullif(name_b, ''), 3 FROM line_list;
CREATE TABLE heads AS
SELECT code, arg_min({'a': name_a, 'b': name_b}, trust) AS names
FROM known WHERE name_a IS NOT NULL GROUP BY code;
CREATE TABLE labels AS
SELECT label, any_value(code) AS code FROM known GROUP BY label HAVING count(DISTINCT code) = 1;
"""

_TIME = """
CREATE MACRO spelled(t) AS trim(regexp_replace(upper(strip_accents(t)), '[^A-Z0-9]+', ' ', 'g'));
CREATE TABLE timed AS
SELECT a.*, coalesce(a.line_code, l.code) AS code,
       (a.event_ts AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/Madrid' AS wall
FROM arrivals_predictions a LEFT JOIN labels l ON a.line_code IS NULL AND l.label = a.line;
CREATE TABLE told AS
SELECT t.*,
  CASE WHEN s.ways = 1 THEN s.way
       WHEN h.names IS NULL THEN NULL
       WHEN h.names.b IS NULL THEN 1
       WHEN spelled(t.destination) = spelled(h.names.b) THEN 1
       WHEN spelled(t.destination) = spelled(h.names.a) THEN 2 END AS direction
FROM timed t LEFT JOIN heads h USING (code)
LEFT JOIN (SELECT lpad(line, 3, '0') AS code, stop_id, count(DISTINCT direction) AS ways,
                  min(direction) AS way FROM lines_stops GROUP BY ALL) s USING (code, stop_id);
"""

# Every service day that a moment can belong to: its own, and the day before.
_HEADWAY = """
CREATE TABLE services AS
SELECT lpad(line, 3, '0') AS code, day_type, unnest([1, 2]) AS way,
       unnest([d1_start, d2_start]) AS opens, unnest([d1_stop, d2_stop]) AS closes,
       unnest([d1_min_freq, d2_min_freq]) AS low, unnest([d1_max_freq, d2_max_freq]) AS high
FROM lines_timetable;
CREATE TABLE candidates AS
SELECT id, code, direction, wall, back, CAST(wall AS date) - back AS service_day,
       date_diff('minute', CAST(CAST(wall AS date) - back AS timestamp), wall) AS m
FROM told, (SELECT unnest([0, 1]) AS back);
CREATE TABLE typed AS
SELECT c.*,
  CASE WHEN dayofweek(service_day) = 0 OR service_day IN (SELECT day FROM festive) THEN 'FE'
       WHEN (dayofweek(service_day) = 5 OR service_day + 1 IN (SELECT day FROM festive))
            AND EXISTS (SELECT 1 FROM services v WHERE v.code = c.code AND v.day_type = 'VI')
         THEN 'VI'
       WHEN dayofweek(service_day) = 6 THEN 'SA' ELSE 'LA' END AS day_type
FROM candidates c;
CREATE TABLE matched AS
SELECT y.id, y.back, y.day_type, s.low, s.high FROM typed y JOIN services s
  ON s.code = y.code AND s.day_type = y.day_type AND (y.direction IS NULL OR s.way = y.direction)
 AND s.opens IS NOT NULL AND s.closes IS NOT NULL
 AND y.m >= CASE WHEN s.opens = s.closes THEN 0
                 ELSE date_part('hour', s.opens::time) * 60 + date_part('minute', s.opens::time) END
 AND y.m < CASE WHEN s.opens = s.closes THEN 1440
                ELSE date_part('hour', s.closes::time) * 60 + date_part('minute', s.closes::time)
                     + CASE WHEN s.closes < s.opens THEN 1440 ELSE 0 END END;
CREATE TABLE headway AS
SELECT y.id, nullif(min(m.low), 0) AS low, nullif(max(m.high), 0) AS high,
       coalesce(arg_min(m.day_type, m.back), min(y.day_type)) AS day_type
FROM (SELECT * FROM typed WHERE back = 0) y LEFT JOIN matched m USING (id) GROUP BY y.id;
"""

_DELAY = """
CREATE TABLE ranked AS
SELECT a.*, 1 + (SELECT count(*) FROM told b
  WHERE b.event_ts = a.event_ts AND b.stop_id = a.stop_id AND b.line = a.line
    AND b.destination IS NOT DISTINCT FROM a.destination
    AND (b.estimate_capped::int, coalesce(b.estimate_arrive_sec, 999999), b.bus, b.id)
      < (a.estimate_capped::int, coalesce(a.estimate_arrive_sec, 999999), a.bus, a.id))
  AS arrival_rank
FROM told a;
CREATE TABLE late AS
SELECT r.*, h.low AS expected_headway_min, h.high AS expected_headway_max_min, h.day_type,
  CASE WHEN NOT estimate_capped THEN estimate_arrive_sec / 60.0::double / (h.low * arrival_rank) END
    AS delay_ratio,
  CASE WHEN estimate_capped THEN
    CASE WHEN (CASE WHEN line LIKE 'N%' THEN 90.0::double ELSE 45.0::double END)
              / (h.low * arrival_rank) > $threshold THEN true END
    ELSE estimate_arrive_sec / 60.0::double / (h.low * arrival_rank) > $threshold END AS delayed
FROM ranked r JOIN headway h USING (id);
"""

_WEATHER = """
CREATE TABLE unique_obs AS
SELECT * FROM meteorology_current
QUALIFY row_number() OVER (PARTITION BY location_name, obs_ts
                           ORDER BY ingest_ts DESC, source DESC) = 1;
CREATE TABLE nearest AS
SELECT l.id, o.* EXCLUDE (ingest_ts, lat, lon),
       abs(epoch_us(l.event_ts) - epoch_us(o.obs_ts)) / 60000000.0::double AS wx_gap_minutes
FROM late l JOIN unique_obs o
  ON abs(epoch_us(l.event_ts) - epoch_us(o.obs_ts)) <= $minutes::bigint * 60000000
QUALIFY row_number() OVER (PARTITION BY l.id
  ORDER BY abs(epoch_us(l.event_ts) - epoch_us(o.obs_ts)), o.obs_ts, o.location_name) = 1;
CREATE TABLE arrivals_weather AS
SELECT *, CASE WHEN severity IS NOT NULL THEN severity IN ('bad', 'severe') END AS weather_adverse,
       coalesce(delayed AND severity IN ('bad', 'severe'), false) AS delay_weather_attributed,
       severity AS weather_severity
FROM (
  SELECT l.*, n.* EXCLUDE (id), CASE
    WHEN n.obs_ts IS NULL THEN NULL
    WHEN n.precip_mm >= 2 OR n.wind_kph >= 45 OR n.vis_km < 3 THEN 'severe'
    WHEN n.precip_mm >= 0.5 OR n.wind_kph >= 30 OR n.vis_km < 6 THEN 'bad'
    WHEN n.precip_mm >= 0.1 OR n.wind_kph >= 20 THEN 'moderate'
    ELSE 'good' END AS severity
  FROM late l LEFT JOIN nearest n USING (id));
"""

_HOURLY = """
CREATE TABLE delay_weather_hourly AS
SELECT *, delayed_preds / nullif(rated_preds, 0) AS delay_rate,
  adverse_preds / nullif(weather_preds, 0) AS adverse_rate,
  weather_attrib_delays / nullif(rated_preds, 0) AS weather_attrib_rate,
  weather_attrib_delays / nullif(delayed_preds, 0) AS weather_share_of_delays
FROM (
  SELECT date_trunc('hour', event_ts) AS event_hour, line, count(*) AS total_preds,
    count(delayed) AS rated_preds, count(*) FILTER (delayed) AS delayed_preds,
    count(weather_severity) AS weather_preds, count(*) FILTER (weather_adverse) AS adverse_preds,
    count(*) FILTER (delay_weather_attributed) AS weather_attrib_delays,
    avg(delay_ratio) AS avg_delay_ratio, avg(expected_headway_min) AS avg_expected_headway_min,
    avg(temp_c) AS avg_temp_c, avg(wind_kph) AS avg_wind_kph, avg(precip_mm) AS avg_precip_mm,
    CASE max(CASE weather_severity WHEN 'severe' THEN 4 WHEN 'bad' THEN 3 WHEN 'moderate' THEN 2
                                   WHEN 'good' THEN 1 END)
      WHEN 4 THEN 'severe' WHEN 3 THEN 'bad' WHEN 2 THEN 'moderate' WHEN 1 THEN 'good' END
      AS worst_severity
  FROM arrivals_weather GROUP BY ALL);
"""


def compute(
    silver: Mapping[str, Sequence[Sequence[Any]]],
    catalog: Catalog,
    threshold: float = 1.30,
    minutes: int = 60,
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of both gold tables, by id and by hour, without the time of their making."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table_id, rows in silver.items():
            table = catalog.table(table_id)
            connection.register("given", _arrow(table, rows))
            connection.execute(f'CREATE TABLE "{table.name}" AS SELECT * FROM given')
            connection.unregister("given")
        days = [one["day"] for one in catalog.data["emt/festive_days"]["days"]]
        connection.execute(
            "CREATE TABLE festive AS SELECT unnest($days)::date AS day", {"days": days}
        )
        bound = {"threshold": str(threshold), "minutes": str(minutes)}
        for script in (_LINE, _TIME, _HEADWAY, _DELAY, _WEATHER, _HOURLY):
            text = script
            for name, value in bound.items():
                text = text.replace(f"${name}", value)
            connection.execute(text)
        return {
            table_id: connection.execute(
                f"SELECT {', '.join(_columns(catalog.table(table_id)))} FROM {name} ORDER BY {key}"
            ).fetchall()
            for table_id, name, key in (
                ("emt_gold.arrivals_weather", "arrivals_weather", "id"),
                ("emt_gold.delay_weather_hourly", "delay_weather_hourly", "event_hour, line"),
            )
        }


def _columns(table: Table) -> list[str]:
    return [f'"{column.name}"' for column in table.columns if column.name != "build_ts"]


def _arrow(table: Table, rows: Sequence[Sequence[Any]]) -> pa.Table:
    schema = pa.schema([(column.name, _ARROW[column.type]) for column in table.columns])
    names = [column.name for column in table.columns]
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema)
