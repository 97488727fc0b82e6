"""What upkeep does to one table: every change is a commit that gives way to a load."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from jobs import lakeio, merging
from jobs.lakeio import CATALOG, CommitConflict, LakeTable
from lake.catalog import Table
from lake.errors import LakeError

CURSOR: Final = "lake.cursor"
_DEDUPED: Final = "lake.deduped"
_GONE: Final = "_gone"
SMALL_FILES: Final = 2  # of one partition: an hour of a stream is two or three small ones
_CONFLICTS: Final = ("CommitFailedException", "ValidationException", "CommitStateUnknown")


class GaveWay(LakeError):
    """Somebody else writes to the table: upkeep can wait, a load cannot."""


@dataclass(frozen=True)
class Figures:
    """What a table weighs."""

    files: int
    bytes: int
    snapshots: int


class Housekeeping(LakeTable):
    """One table and what can be done for it."""

    def __init__(self, spark: SparkSession, database: str, table: Table) -> None:
        super().__init__(spark, database, table.name)
        self.table = table
        self._name = f"{database}.{table.name}"

    # --- looking: metadata only, no file of the table is opened ------------------------------

    def figures(self) -> Figures:
        """The table's own account of itself."""
        self._look()
        current = self._java.currentSnapshot()
        said = {} if current is None else current.summary()
        return Figures(
            files=int(said.get("total-data-files") or 0),
            bytes=int(said.get("total-files-size") or 0),
            snapshots=len(self._snapshots()),
        )

    def written_at(self) -> datetime | None:
        """When rows last came or went."""
        self._look()
        snapshot = self._java.currentSnapshot()
        while snapshot is not None and str(snapshot.operation()) == "replace":
            parent = snapshot.parentId()
            snapshot = None if parent is None else self._java.snapshot(parent)
        return None if snapshot is None else _moment(int(snapshot.timestampMillis()))

    def cursors(self) -> dict[str, int]:
        """The snapshots of other tables up to which this one was computed."""
        said = self.property(CURSOR)
        known = json.loads(said) if said else {}
        return {name: value for name, value in known.items() if isinstance(value, int)}

    def expirable(self, keep: timedelta, at_least: int, cursors: list[int]) -> datetime | None:
        """Up to when snapshots can go; None: there is nothing to gain.

        A job that goes on from a cursor reads every snapshot behind it.
        """
        self._look()
        times = {int(one.snapshotId()): int(one.timestampMillis()) for one in self._snapshots()}
        limit = int((datetime.now(UTC) - keep).timestamp() * 1000)
        limit = min([limit, *(times[one] - 1 for one in cursors if one in times)])
        newest = sorted(times.values(), reverse=True)[at_least:]
        return _moment(limit) if any(time < limit for time in newest) else None

    def _snapshots(self) -> list[Any]:
        return list(self._java.snapshots())

    # --- doing --------------------------------------------------------------------------------

    def dedupe(self, token: str) -> int:
        """Leaves the newest row of each key that a stream delivered more than once."""
        head, before = self.head(), self.property(_DEDUPED)
        if head is None or (before is not None and self.changed(int(before), head) is False):
            return 0
        rows = self.at(head)
        twice = merging.repeated(rows, self.table).persist()
        try:
            if twice.isEmpty():
                return 0
            every = rows.join(twice, list(self.table.key), "left_semi")
            kept = merging.newest(every, self.table).select(*merging.names(self.table)).persist()
            removed = every.count() - kept.count()
            doomed = kept.selectExpr("*", f"true AS {_GONE}")
            on = " AND ".join(f"t.`{name}` = s.`{name}`" for name in self.table.key)
            # All rows of such a key go, and one of them comes back; readers see both at once.
            branch = self.stage(doomed, on, head, token, properties={}, gone=_GONE)
            kept.writeTo(f"{self.identifier}.branch_{branch}").option(
                f"snapshot-property.{_DEDUPED}", str(head)
            ).append()
            lakeio.kill_point("deduped")
            try:
                self.publish(branch)
            except CommitConflict as error:
                raise GaveWay(str(error)) from error
            return removed
        finally:
            twice.unpersist()

    def compact(self) -> int:
        """Joins small files of a partition; how many went."""
        options = f"map('min-input-files', '{SMALL_FILES}', 'remove-dangling-deletes', 'true')"
        answer = self._call("rewrite_data_files", f"options => {options}")
        return int(answer["rewritten_data_files_count"]) if answer else 0

    def expire(self, older_than: datetime, at_least: int) -> int:
        """Drops old snapshots, and the files that only they had; how many snapshots went."""
        before = self.figures().snapshots
        when = older_than.strftime("%Y-%m-%d %H:%M:%S.%f")
        self._call(
            "expire_snapshots",
            f"older_than => TIMESTAMP '{when}', retain_last => {at_least}, stream_results => true",
        )
        return before - self.figures().snapshots

    def sweep(self, older_than: timedelta) -> int:
        """Removes files that no snapshot knows: what a dead job left."""
        when = (datetime.now(UTC) - older_than).strftime("%Y-%m-%d %H:%M:%S")
        rows = self._rows(
            "remove_orphan_files", f"older_than => TIMESTAMP '{when}', prefix_listing => true"
        )
        return len(rows)

    def _call(self, procedure: str, arguments: str) -> dict[str, Any]:
        rows = self._rows(procedure, arguments)
        return rows[0] if rows else {}

    def _rows(self, procedure: str, arguments: str) -> list[dict[str, Any]]:
        sql = f"CALL {CATALOG}.system.{procedure}(table => '{self._name}', {arguments})"
        try:
            return [row.asDict() for row in self._spark.sql(sql).collect()]
        except (Py4JJavaError, PySparkException) as error:
            if any(name in str(error) for name in _CONFLICTS):
                raise GaveWay(f"{self.identifier} was changed during {procedure}") from error
            raise
        finally:
            self._look()


def _moment(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC).replace(tzinfo=None)
