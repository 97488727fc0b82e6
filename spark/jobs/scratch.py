"""Sorted rows as Parquet files in a place of our choice, written by Spark through Iceberg.

Only Iceberg's writer is there on EMR and on the laptop alike: no pyarrow, and on the laptop no
other way from Spark to S3. So the files are those of a table that lives as long as the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from jobs.lakeio import CATALOG

_PROPERTIES: Final = {
    # The files outlive the table: nobody who drops it may take them away.
    "gc.enabled": "false",
    "write.parquet.compression-codec": "zstd",
    # A reader skips whole row groups by their bounds: small ones let it skip more.
    "write.parquet.row-group-size-bytes": str(4 << 20),
    "write.target-file-size-bytes": str(128 << 20),
}


@dataclass(frozen=True)
class Part:
    """One file that was written."""

    location: str
    rows: int
    bytes: int


class Scratch:
    """A table of the gold database that is gone after the run."""

    def __init__(self, spark: SparkSession, database: str, name: str) -> None:
        self._spark = spark
        self._name = f"{database}.{name}"
        self.identifier = f"{CATALOG}.{self._name}"

    def write(self, rows: DataFrame, key: Sequence[str], folder: str) -> tuple[int, list[Part]]:
        """Writes rows in the key's order; how many the query gave, and the files in that order."""
        counted = Observation()
        # Counted behind the sort, which runs a part of the query twice to find its ranges.
        ordered = rows.orderBy(*key).observe(counted, F.count(F.lit(1)).alias("rows"))
        writer = ordered.writeTo(self.identifier).using("iceberg")
        for name, value in {**_PROPERTIES, "write.data.path": folder}.items():
            writer = writer.tableProperty(name, value)
        # Also over what a killed run has left under that name.
        writer.option("use-table-distribution-and-ordering", "false").createOrReplace()
        return int(counted.get["rows"]), self._parts()

    def _parts(self) -> list[Part]:
        jvm: Any = self._spark._jvm
        table = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(
            self._spark._jsparkSession, self.identifier
        )
        snapshot, parts = table.currentSnapshot(), []
        each = snapshot.addedDataFiles(table.io()).iterator()
        while each.hasNext():
            file = each.next()
            parts.append(
                Part(str(file.location()), int(file.recordCount()), int(file.fileSizeInBytes()))
            )
        # A name begins with the number of its task, and tasks follow the order of the key; a task
        # that fills more than one file counts them at the end.
        return sorted(parts, key=lambda part: part.location.rpartition("/")[2])

    def rows(self) -> DataFrame:
        """What the files say."""
        return self._spark.read.table(self.identifier)

    def drop(self) -> None:
        """Takes the table and its metadata away, and leaves its files."""
        session: Any = self._spark._jsparkSession
        catalog = session.sessionState().catalogManager().catalog(CATALOG).icebergCatalog()
        jvm: Any = self._spark._jvm
        # Spark's own DROP ... PURGE refuses a table whose files are not its own.
        catalog.dropTable(jvm.org.apache.iceberg.catalog.TableIdentifier.parse(self._name), True)
