"""Silver rows put down by hand, the gold job run over them, and gold computed by another way."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from domains.emt.transforms import gold as emt_gold
from jobs import merging
from tests.spark.lakehouse import Lakehouse

ARRIVALS = "emt_silver.arrivals_predictions"
WEATHER = "meteorology_silver.meteorology_current"
LINES = "emt_silver.lines"
LINES_STOPS = "emt_silver.lines_stops"
TIMETABLE = "emt_silver.lines_timetable"
LINE_LIST = "emt_silver.line_list"
SILVER = (ARRIVALS, WEATHER, LINES, LINES_STOPS, TIMETABLE, LINE_LIST)
GOLD = "emt_gold.arrivals_weather"
HOURLY = "emt_gold.delay_weather_hourly"
QUALITY = "ops.quality"
_CAME = datetime(2025, 8, 30, 6)


def at(text: str) -> datetime:
    """A UTC moment without zone."""
    return datetime.fromisoformat(text)


def arrival(moment: str, **said: Any) -> dict[str, Any]:
    """One prediction in silver: line 27 towards its head B, at a stop of both directions."""
    row: dict[str, Any] = {
        "event_ts": at(moment),
        "line": "27",
        "line_code": "027",
        "stop_id": "72",
        "destination": "PLAZA CASTILLA",
        "is_head": False,
        "deviation": 0,
        "bus": "100",
        "estimate_arrive_sec": 600,
        "estimate_capped": False,
        "ingest_ts": _CAME,
        **said,
    }
    named = ("event_ts", "line", "stop_id", "destination", "bus", "estimate_arrive_sec")
    recipe = "|".join(str(row[name]) for name in named)
    return {"id": hashlib.sha256(recipe.encode()).hexdigest(), **row}


def observation(moment: str, **said: Any) -> dict[str, Any]:
    """One observation in silver: a fair day."""
    return {
        "location_name": "Barajas",
        "obs_ts": at(moment),
        "temp_c": 20.0,
        "wind_kph": 5.0,
        "precip_mm": 0.0,
        "vis_km": 10.0,
        "condition_text": "Sunny",
        "source": "excel",
        "ingest_ts": _CAME,
        **said,
    }


def service(line: str, day_type: str, **said: Any) -> dict[str, Any]:
    """One row of the timetable: six to eleven at night, each 10 to 15 minutes, both ways."""
    hours: dict[str, Any] = {"start": "06:00", "stop": "23:00", "min_freq": 10.0, "max_freq": 15.0}
    sides = {f"d{side}_{name}": value for side in (1, 2) for name, value in hours.items()}
    return {"line": line, "day_type": day_type, **sides, "ingest_ts": _CAME, **said}


def network(line: str = "027", label: str = "27", **said: Any) -> dict[str, list[dict[str, Any]]]:
    """The reference rows of one line that stops at 71 one way, 73 the other, 72 both ways."""
    heads = {"name_a": "EMBAJADORES", "name_b": "PLAZA CASTILLA", **said}
    both = {"line": line, "label": label, "ingest_ts": _CAME}
    return {
        LINES: [{**both, **heads}],
        LINES_STOPS: [
            {**both, "direction": direction, "stop_id": stop_id}
            for direction, stop_id in ((1, "71"), (1, "72"), (2, "72"), (2, "73"))
        ],
        LINE_LIST: [{**both, **heads}],
    }


def arguments(lakehouse: Lakehouse, **more: Any) -> list[str]:
    """The documented call of the job over a lakehouse, and what is said besides."""
    prefix = lakehouse.prefix
    said = {
        "warehouse": lakehouse.warehouse,
        "gold_db_emt": f"{prefix}emt_gold",
        "silver_db_emt": f"{prefix}emt_silver",
        "silver_db_met": f"{prefix}meteorology_silver",
        "wx_recent_minutes": 60,
        "delay_ratio_thresh": 1.30,
        "result": lakehouse.root / f"{uuid.uuid4().hex}.json",
        **more,
    }
    return [word for name, value in said.items() for word in (f"--{name}", str(value))]


class GoldLake:
    """A lakehouse with all that the gold job reads and writes."""

    def __init__(self, lakehouse: Lakehouse) -> None:
        self.lakehouse, self.spark = lakehouse, lakehouse.spark
        lakehouse.create(*SILVER, GOLD, HOURLY, QUALITY)

    def put(self, table_id: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Appends rows; columns that they do not name are null."""
        self.lakehouse.put(table_id, rows)

    def put_network(self, days: str = "LA SA FE", **said: Any) -> None:
        """Line 27 with a timetable."""
        for table_id, rows in network(**said).items():
            self.put(table_id, rows)
        self.put(TIMETABLE, [service("027", day) for day in days.split()])

    def sql(self, statement: str) -> None:
        """A statement in which {table} names are those of this lake."""
        names = {table.rpartition(".")[2]: self.lakehouse.identifier(table) for table in SILVER}
        self.spark.sql(statement.format(**names))

    def build(self, **more: Any) -> dict[str, Any]:
        """Runs the job; its answer as it was written."""
        words = arguments(self.lakehouse, **more)
        path = words[words.index("--result") + 1]
        emt_gold.run(words, catalog=self.lakehouse.catalog)
        with open(path, encoding="utf-8") as file:
            answer: dict[str, Any] = json.load(file)
        return answer

    def rows(self, table_id: str, *columns: str) -> list[tuple[Any, ...]]:
        """All rows of a table, sorted."""
        return self.lakehouse.rows(table_id, *columns)

    def gold(self) -> list[tuple[Any, ...]]:
        """Both gold tables, without the time of their making."""
        hourly = list(merging.names(self.lakehouse.catalog.table(HOURLY)))
        hourly.remove("build_ts")
        return [*self.rows(GOLD), *self.rows(HOURLY, *hourly)]

    def commits(self, table_id: str = GOLD) -> int:
        """How many commits its readers have seen."""
        name = self.lakehouse.identifier(table_id)
        self.spark.sql(f"REFRESH TABLE {name}")
        return self.spark.table(f"{name}.history").count()

    def one(self, *columns: str) -> Any:
        """The values of the only arrival."""
        (row,) = self.rows(GOLD, *columns)
        return row[0] if len(row) == 1 else row
