"""A lake of empty tables for one test, and the jobs run against it."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession

from domains.emt.transforms import arrivals, lines, stops
from domains.meteorology.transforms import observations as meteorology
from domains.openweather.transforms import observations as openweather
from jobs import main, tabular
from jobs.records import Transform
from lake import ddl
from lake.catalog import Catalog

JOBS: dict[str, Transform] = {
    "emt_arrivals": arrivals.TRANSFORM,
    "emt_lines": lines.TRANSFORM,
    "emt_stops": stops.TRANSFORM,
    "meteorology": meteorology.TRANSFORM,
    "openweather": openweather.TRANSFORM,
    "tabular": tabular.TRANSFORM,
}


def jars() -> list[Path]:
    """The Iceberg jars that `make setup` has put aside.

    Without AWS's, which nothing here asks: it brings a log4j that is slow on this Java.
    """
    folder = Path(os.environ.get("LAKE_SPARK_JARS", Path(__file__).parents[2] / ".laptop" / "jars"))
    found = sorted(jar for jar in folder.glob("*.jar") if "aws-bundle" not in jar.name)
    if not found:
        raise RuntimeError(f"no Spark jars in {folder}: run `make setup`")
    return found


class Lakehouse:
    """Tables of every declaration, empty, under a database prefix of their own."""

    def __init__(self, spark: SparkSession, catalog: Catalog, root: Path) -> None:
        self.spark, self.catalog, self.root = spark, catalog, root
        self.prefix = f"t{uuid.uuid4().hex[:8]}_"
        self._made: list[str] = []
        self.warehouse = spark.conf.get("spark.sql.catalog.glue_catalog.warehouse") or ""

    def create(self, *table_ids: str) -> None:
        """The named tables and those of the operations."""
        for table_id in ("ops.loads", "ops.rejected_rows", *table_ids):
            identifier = self.identifier(table_id)
            if identifier not in self._made:
                database = identifier.rpartition(".")[0]
                self.spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {database}")
                self.spark.sql(ddl.spark_create(self.catalog.table(table_id), identifier))
                self._made.append(identifier)

    def identifier(self, table_id: str) -> str:
        """The table's name in Spark."""
        return f"glue_catalog.{self.prefix}{table_id}"

    def put(self, table_id: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Appends rows in one commit; columns that they do not name are null."""
        names = [column.name for column in self.catalog.table(table_id).columns]
        listed = (", ".join(literal(row.get(name)) for name in names) for row in rows)
        # As text: a data frame of Python's rows needs Python's workers, each time.
        values = ", ".join(f"({row})" for row in listed)
        self.spark.sql(f"INSERT INTO {self.identifier(table_id)} VALUES {values}")

    def table(self, table_id: str) -> DataFrame:
        """What a reader sees now."""
        self.spark.sql(f"REFRESH TABLE {self.identifier(table_id)}")
        return self.spark.table(self.identifier(table_id))

    def rows(self, table_id: str, *columns: str) -> list[tuple[Any, ...]]:
        """All rows, in an order that depends on their content only."""
        frame = self.table(table_id)
        wanted = frame.select(*columns) if columns else frame
        return sorted((tuple(row) for row in wanted.collect()), key=repr)

    def file(
        self,
        source: str,
        content: bytes,
        name: str = "file.xlsx",
        received_at: str = "2025-08-30T06:00:00Z",
        generation: int = 0,
    ) -> dict[str, str]:
        """A manifest entry of a file that lies in bronze."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.root / sha256[:12] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return {
            "uri": str(path),
            "source": source,
            "sha256": sha256,
            "load_id": f"{sha256[:16]}-{generation}",
            "received_at": received_at,
            "file_name": name,
        }

    def load(self, *files: dict[str, str], token: str | None = None) -> dict[str, Any]:
        """Runs the job of the files' source over one batch."""
        source = self.catalog.source(files[0]["source"])
        self.create(*source.feeds, *source.derives)
        joined = "".join(file["load_id"] for file in files)
        token = token or hashlib.sha256(joined.encode()).hexdigest()[:32]
        manifest = self.root / f"{token}.json"
        manifest.write_text(json.dumps({"token": token, "job": source.job, "files": list(files)}))
        database = self.catalog.table(source.feeds[0]).database
        result = self.root / f"{token}.result.json"
        arguments = [
            f"--batch={manifest}",
            f"--warehouse={self.warehouse}",
            f"--db={self.prefix}{database}",
            f"--result={result}",
        ]
        main.run(source.job, JOBS[source.job], arguments, catalog=self.catalog)
        answer: dict[str, Any] = json.loads(result.read_text())
        return answer

    def counts(self, result: dict[str, Any], table_id: str, load: int = 0) -> tuple[int, ...]:
        """read, accepted, duplicate, rejected, empty."""
        counts = result["loads"][load]["tables"][table_id]
        return tuple(counts[name] for name in COUNTS)

    def history(self, table_id: str) -> list[Row]:
        """The table's commits, oldest first."""
        self.spark.sql(f"REFRESH TABLE {self.identifier(table_id)}")
        snapshots = self.spark.table(f"{self.identifier(table_id)}.snapshots")
        return snapshots.orderBy("committed_at").collect()

    def branches(self, table_id: str) -> list[str]:
        """Branches beside the one that readers see."""
        refs = self.spark.table(f"{self.identifier(table_id)}.refs").where("name <> 'main'")
        return [row["name"] for row in refs.collect()]

    def drop(self) -> None:
        """Removes the tables."""
        for identifier in self._made:
            self.spark.sql(f"DROP TABLE IF EXISTS {identifier}")


COUNTS: Sequence[str] = ("read", "accepted", "duplicate", "rejected", "empty")


def literal(value: object) -> str:
    """A value as SQL spells it."""
    match value:
        case None:
            return "NULL"
        case str():
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            return f"'{escaped}'"
        case datetime():
            return f"TIMESTAMP_NTZ'{value}'"
        case float():
            return f"{value!r}D"
        case list():
            return f"array({', '.join(map(literal, value))})"
        case _:
            return str(value)


def moment(text: str) -> datetime:
    """A UTC moment without zone."""
    return datetime.fromisoformat(text)


def opened(rows: DataFrame) -> int:
    """How many data files a query planned to read, by Iceberg's own metric."""
    rows.collect()
    plan: Any = rows._jdf.queryExecution().executedPlan()
    while not plan.metrics().contains("resultDataFiles"):
        plan = plan.executedPlan() if "Adaptive" in plan.nodeName() else plan.children().head()
    return int(plan.metrics().apply("resultDataFiles").value())
