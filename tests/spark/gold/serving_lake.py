"""A gold table of a few rows, results over it, and what lies in the served folder afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from jobs import lakeio, serving
from jobs.pipeline import Call
from lake import served
from lake.catalog import Column, Result
from lake.served import Manifest
from lake.shelf import Seen, Shelf
from tests.spark.gold.gold_lake import HOURLY, at
from tests.spark.lakehouse import Lakehouse

LINES = Result(
    id="emt_lines",
    domain="emt",
    name="lines",
    about="Lines.",
    job="emt_gold",
    query="SELECT line, COUNT(*) AS hours, MAX(event_hour) AS last"
    f" FROM {{{HOURLY}}} GROUP BY line",
    reads=(HOURLY,),
    columns=(
        Column("line", "string", "Label", required=True),
        Column("hours", "long", "Hours", required=True),
        Column("last", "timestamp", "Last hour, in UTC"),
    ),
    key=("line",),
    filters=("line",),
    sorts=("hours",),
    fresh_within_minutes=None,
    keep_days=7,
    page=1000,
)
# Every hour of every line as it is: its key stands as often as a test wants.
HOURS = replace(
    LINES,
    id="emt_hours",
    name="hours",
    query=f"SELECT event_hour, line, total_preds FROM {{{HOURLY}}}",
    columns=(
        Column("event_hour", "timestamp", "Hour, in UTC"),
        Column("line", "string", "Label"),
        Column("total_preds", "long", "Predictions"),
    ),
    key=("event_hour", "line"),
)


def hour(line: str, moment: str, preds: int = 1) -> dict[str, Any]:
    """An hour of a line, as far as these results look."""
    counts = dict.fromkeys(("rated_preds", "delayed_preds"), 0)
    made = {"build_ts": at("2025-08-30 06:00:00")}
    return {"event_hour": at(moment), "line": line, "total_preds": preds, **counts, **made}


class ServingLake:
    """Gold, the place where its results are published, and the last step of its job."""

    def __init__(self, lakehouse: Lakehouse, place: Path) -> None:
        self.lakehouse, self.place = lakehouse, place
        lakehouse.create(HOURLY)
        self.show(LINES)

    def show(self, *results: Result) -> None:
        """Declares these results and no others."""
        self.lakehouse.catalog = replace(
            self.lakehouse.catalog, results={result.id: result for result in results}
        )

    def put(self, *rows: Mapping[str, Any]) -> None:
        """Adds hours to gold, in one commit."""
        self.lakehouse.put(HOURLY, rows)

    def publish(self) -> dict[str, Any]:
        """The last step of the gold job."""
        call = Call("run-1", date(2025, 8, 30), served=str(self.place))
        databases = {"emt_gold": f"{self.lakehouse.prefix}emt_gold"}
        databases["emt_silver"] = f"{self.lakehouse.prefix}emt_silver"
        house, told = self.lakehouse, {"status": "published", "tables": {"t": 1}}
        return serving.serve(house.spark, house.catalog, "emt_gold", databases, call, told)

    def shelf(self, result_id: str = LINES.id) -> Shelf:
        """A result as the command sees it."""
        return Shelf(lakeio.objects(str(self.place)), result_id)

    def look(self, result_id: str = LINES.id) -> Seen:
        """What lies there of a result."""
        return self.shelf(result_id).look()

    def files(self, result_id: str = LINES.id) -> set[str]:
        """Every object of a result."""
        root = self.place / served.folder(result_id)
        found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        return {name for name in found if not Path(name).name.startswith(".")}

    def manifest(self, result_id: str = LINES.id) -> Manifest:
        """What the snapshot that people see says of itself."""
        pointer = json.loads((self.place / served.pointer_key(result_id)).read_text())
        return self.shelf(result_id).manifest(pointer["snapshot"])

    def rows(self, manifest: Manifest) -> list[tuple[Any, ...]]:
        """The rows of a snapshot as a reader gets them, in the order of its files."""
        if not manifest.files:
            return []
        paths = [str(self.place / file.key) for file in manifest.files]
        duckdb.execute("SET preserve_insertion_order = true")
        return duckdb.execute("SELECT * FROM read_parquet($1)", [paths]).fetchall()

    def seen(self, result_id: str = LINES.id) -> list[tuple[Any, ...]]:
        """The rows that people see."""
        return self.rows(self.manifest(result_id))

    def tables(self) -> list[str]:
        """What the gold database holds."""
        found = self.lakehouse.spark.sql(
            f"SHOW TABLES IN glue_catalog.{self.lakehouse.prefix}emt_gold"
        )
        return sorted(row["tableName"] for row in found.collect())
