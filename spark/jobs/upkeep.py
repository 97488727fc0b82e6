"""The upkeep of all tables: by need, within a budget of time, with figures before and after."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from jobs import lakeio, merging, pipeline
from jobs.housekeeping import SMALL_FILES, GaveWay, Housekeeping
from lake import names
from lake.catalog import Catalog, Table

JOB: Final = "upkeep"
LOG: Final = "ops.upkeep"
_LEAST_DAYS: Final = 3  # loads look back a day, readers a few hours: never less
_LEAST_SNAPSHOTS: Final = 10
_SWEEP_EVERY: Final = timedelta(days=7)  # it lists every file, and mends what is rare
_TRIES: Final = 3


@dataclass(frozen=True)
class Terms:
    """How much is kept for how long, and how long upkeep may take."""

    keep: timedelta
    snapshots: int
    orphans: timedelta
    budget: timedelta


@dataclass
class Report:
    """What was done, and what was not."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    quiet: list[str] = field(default_factory=list)
    gave_way: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def run(
    argv: Sequence[str], about: str | None = None, catalog: Catalog | None = None
) -> dict[str, Any]:
    """Looks after every table of the catalogue that is there."""
    known = catalog or Catalog.bundled()

    def work(args: argparse.Namespace, call: pipeline.Call) -> dict[str, Any]:
        terms = Terms(
            keep=timedelta(days=args.keep_days),
            snapshots=args.keep_snapshots,
            orphans=timedelta(days=args.orphan_days),
            budget=timedelta(minutes=args.budget_minutes),
        )
        spark = lakeio.session(JOB, args.warehouse)
        prefix = names.database_prefix(args.ops_db, "ops")
        return Upkeep(spark, known, prefix, terms, call.run).all()

    return pipeline.run(JOB, _parser(about), argv, work)


def _parser(about: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=JOB, description=about, allow_abbrev=False)
    more = parser.add_argument
    more("--warehouse", metavar="URI", required=True)
    more("--ops_db", metavar="NAME", required=True)
    more("--keep_days", type=_days, default=_LEAST_DAYS, metavar="N")
    more("--keep_snapshots", type=_snapshots, default=_LEAST_SNAPSHOTS, metavar="N")
    more("--orphan_days", type=_days, default=_LEAST_DAYS, metavar="N")
    more("--budget_minutes", type=float, default=90, metavar="N")
    pipeline.add_arguments(parser)
    return parser


def _days(text: str) -> float:
    days = float(text)
    if days < _LEAST_DAYS:
        raise argparse.ArgumentTypeError(f"at least {_LEAST_DAYS}: somebody may still read them")
    return days


def _snapshots(text: str) -> int:
    count = int(text)
    if count < _LEAST_SNAPSHOTS:
        raise argparse.ArgumentTypeError(f"at least {_LEAST_SNAPSHOTS}")
    return count


class Upkeep:
    """One run over all tables."""

    def __init__(
        self, spark: SparkSession, catalog: Catalog, prefix: str, terms: Terms, run_id: str
    ) -> None:
        self._spark, self._catalog, self._prefix = spark, catalog, prefix
        self._terms, self._run = terms, run_id
        self._report = Report()

    def all(self) -> dict[str, Any]:
        """Every table, those that need it most first; a failure of one stops no other."""
        ends = time.monotonic() + self._terms.budget.total_seconds()
        done = self._done_before()
        tables = [one for one in map(self._open, self._catalog.tables.values()) if one is not None]
        cursors: dict[str, list[int]] = {}
        for one in tables:
            for table_id, snapshot in one.cursors().items():
                cursors.setdefault(table_id, []).append(snapshot)
        # Many small files cost every reader; whoever has them comes first.
        for one in sorted(tables, key=lambda one: -one.figures().files):
            for action, work in self._needs(one, done, cursors.get(one.table.id, [])):
                if time.monotonic() > ends:
                    self._report.left.append(f"{one.table.id}: {action}")
                else:
                    self._do(one, action, work)
        self._write()
        report = self._report
        return {
            "status": "done",
            "actions": [row | {"finished_at": str(row["finished_at"])} for row in report.rows],
            "quiet": report.quiet,
            "gave_way": report.gave_way,
            "left": report.left,
        }

    def _open(self, table: Table) -> Housekeeping | None:
        database = names.physical_database(self._prefix, table.database)
        try:
            return Housekeeping(self._spark, database, table)
        except (Py4JJavaError, PySparkException) as error:
            if "NoSuchTable" in str(error) or "TABLE_OR_VIEW_NOT_FOUND" in str(error):
                return None  # declared, and not created yet
            raise

    def _done_before(self) -> dict[tuple[str, str], datetime]:
        """When each table last got what; from the log, so that nothing else keeps state."""
        log = self._open(self._catalog.table(LOG))
        if log is None or log.head() is None:
            return {}
        rows = self._spark.read.table(log.identifier).groupBy("table_id", "action")
        found = rows.agg({"finished_at": "max"}).collect()
        return {(row[0], row[1]): row[2] for row in found}

    def _needs(
        self, one: Housekeeping, done: dict[tuple[str, str], datetime], cursors: list[int]
    ) -> list[tuple[str, Callable[[], int]]]:
        """What a table needs, seen by its metadata alone."""
        terms, written, found = self._terms, one.written_at(), []

        def since(action: str) -> bool:
            last = done.get((one.table.id, action))
            return written is not None and (last is None or written > last)

        if one.table.streamed and since("dedupe"):
            token = f"upkeep-{self._run}-{one.table.name}".replace(".", "_")
            found.append(("dedupe", lambda: one.dedupe(token)))
        if since("compact") and one.figures().files >= SMALL_FILES:
            found.append(("compact", one.compact))
        if one.expirable(terms.keep, terms.snapshots, cursors) is not None:
            found.append(("expire", lambda: self._expire(one, cursors)))
        last = done.get((one.table.id, "orphans"))
        now = datetime.now(UTC).replace(tzinfo=None)
        if since("orphans") and (last is None or now - last > _SWEEP_EVERY):
            found.append(("orphans", lambda: one.sweep(terms.orphans)))
        if not found:
            self._report.quiet.append(one.table.id)
        return found

    def _expire(self, one: Housekeeping, cursors: list[int]) -> int:
        limit = one.expirable(self._terms.keep, self._terms.snapshots, cursors)
        return 0 if limit is None else one.expire(limit, self._terms.snapshots)

    def _do(self, one: Housekeeping, action: str, work: Callable[[], int]) -> None:
        before, began = one.figures(), time.monotonic()
        removed = None
        for attempt in range(_TRIES):
            try:
                removed = work()
                break
            except GaveWay:
                time.sleep(0.5 * 2**attempt)
        if removed is None:
            self._report.gave_way.append(f"{one.table.id}: {action}")
            return
        after = one.figures()
        self._report.rows.append(
            {
                "run_id": self._run,
                "table_id": one.table.id,
                "action": action,
                "files_before": before.files,
                "files_after": after.files,
                "bytes_before": before.bytes,
                "bytes_after": after.bytes,
                "snapshots_before": before.snapshots,
                "snapshots_after": after.snapshots,
                "removed": removed,
                "seconds": round(time.monotonic() - began, 3),
                "finished_at": datetime.now(UTC).replace(tzinfo=None),
            }
        )

    def _write(self) -> None:
        log, table = self._open(self._catalog.table(LOG)), self._catalog.table(LOG)
        if log is None or not self._report.rows:
            return
        # A second attempt of the same run adds what the first has not said.
        known = {(row["table_id"], row["action"]) for row in log.rows(f"run_id = '{self._run}'")}
        fresh = [
            tuple(row[name] for name in merging.names(table))
            for row in self._report.rows
            if (row["table_id"], row["action"]) not in known
        ]
        if fresh:
            schema = merging.columns(table)
            log.append(self._spark.createDataFrame(fresh, schema).coalesce(1))
