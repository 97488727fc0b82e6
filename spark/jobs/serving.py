"""The last step of a gold job: each result as sorted Parquet files, shown by one pointer.

Files, audit, manifest, pointer, in this order: whoever is killed between two of them leaves people
what they had, and the next run goes on from there. All results of a job pass, or none is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from jobs import lakeio, merging, serving_audit
from jobs.lakeio import LakeTable
from jobs.pipeline import Call
from jobs.scratch import Scratch
from jobs.serving_audit import Written
from lake import names, served
from lake.catalog import Catalog, Result
from lake.errors import LakeError
from lake.served import Manifest, ServedError, ServedFile
from lake.shelf import Seen, Shelf

_PREFIX: Final = "served_"  # of scratch tables, which the job's role may drop, and of views
_SECOND: Final = timedelta(seconds=1)
# Small results wait for plans and commits more than they compute.
_AT_ONCE: Final = 3


class ServingFailed(LakeError):
    """Results that must not be shown; what was shown before stays."""

    def __init__(self, problems: Sequence[str], told: Mapping[str, Any]) -> None:
        super().__init__(f"of the results nothing is published: {'; '.join(problems)}")
        self.details = {name: told[name] for name in told if name not in ("status", "reason")}


def serve(
    spark: SparkSession,
    catalog: Catalog,
    job: str,
    databases: Mapping[str, str],
    call: Call,
    told: Mapping[str, Any],
) -> dict[str, Any]:
    """Publishes what is new in a job's results; `told` is what the job has to say besides."""
    wanted = [result for result in catalog.results.values() if result.job == job]
    if call.served is None or not wanted:
        return {}
    publisher = _Publisher(spark, catalog, databases, call.run, call.served.rstrip("/"))
    try:
        fates = publisher.prepare(wanted)
        lakeio.kill_point("served_files")
        written = [fate for fate in fates.values() if isinstance(fate, Written)]
        if problems := serving_audit.audit(written, publisher.objects):
            raise ServingFailed(problems, told)
        return {
            name: _show(fate) if isinstance(fate, Written) else fate for name, fate in fates.items()
        }
    finally:
        publisher.close()


class _Publisher:
    """What one run reads and writes."""

    def __init__(
        self,
        spark: SparkSession,
        catalog: Catalog,
        databases: Mapping[str, str],
        run: str,
        uri: str,
    ) -> None:
        self._spark, self._catalog, self._databases = spark, catalog, databases
        self._run, self._uri = run, uri
        self.objects = lakeio.objects(uri)
        self._views: dict[str, int | None] = {}  # table id -> what somebody last wrote to it
        self._scratches: list[Scratch] = []

    def close(self) -> None:
        """Leaves nothing behind but the files."""
        for scratch in self._scratches:
            scratch.drop()
        for table_id in self._views:
            self._spark.catalog.dropTempView(_view(table_id))

    def prepare(self, wanted: Sequence[Result]) -> dict[str, Written | dict[str, Any]]:
        """Writes a snapshot of each result of which there is something new to say."""
        for table_id in dict.fromkeys(name for result in wanted for name in result.reads):
            self._views[table_id] = self._view_of(table_id)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            fates = list(pool.map(self._prepare, wanted))
        return {result.id: fate for result, fate in zip(wanted, fates, strict=True)}

    def _prepare(self, result: Result) -> Written | dict[str, Any]:
        known = {table_id: self._views[table_id] for table_id in result.reads}
        sources = {table_id: written for table_id, written in known.items() if written is not None}
        if not sources:
            # An empty answer would say that somebody has looked.
            return {"status": "unwritten"}
        shelf = Shelf(self.objects, result.id)
        seen = shelf.look()
        shelf.clear(seen)
        newest = _newest(shelf, seen)
        if newest is None or newest.sources != sources:
            return self._write(result, shelf, seen, sources)
        if newest.definition != served.definition(result):
            return self._write(result, shelf, seen, sources)
        return _settle(shelf, seen, newest)

    def _write(
        self, result: Result, shelf: Shelf, seen: Seen, sources: Mapping[str, int]
    ) -> Written:
        at = datetime.now(UTC)
        if seen.whole:
            # Names sort by time, also when clocks differ or two runs share a second.
            at = max(at, datetime.fromisoformat(served.published_at(seen.whole[-1])) + _SECOND)
        snapshot = served.snapshot_name(at, sources, served.definition(result))
        folder = served.snapshot_folder(result.id, snapshot)
        database = self._databases[names.logical_database(result.domain, "gold")]
        scratch = Scratch(self._spark, database, f"{_PREFIX}{result.id}")
        counted, files = 0, []
        try:
            rows = self._query(result)
            problems = serving_audit.misdeclared(result, rows.schema)
        except AnalysisException as error:
            said = str(error).strip().partition("\n")[0]
            problems = [f"{result.id}: its query cannot be run: {said}"]
        if not problems:
            self._scratches.append(scratch)
            counted, parts = scratch.write(rows, result.key, f"{self._uri}/{folder}".rstrip("/"))
            files = [
                ServedFile(part.location.removeprefix(f"{self._uri}/"), part.rows, part.bytes)
                for part in parts
            ]
        manifest = Manifest.of(result, snapshot, self._run, files, sources)
        return Written(result, shelf, seen, scratch, manifest, counted, problems)

    def _query(self, result: Result) -> DataFrame:
        query = result.query
        for table_id in result.reads:
            query = query.replace(f"{{{table_id}}}", _view(table_id))
        return self._spark.sql(query)

    def _view_of(self, table_id: str) -> int | None:
        """Lets queries read a table at the snapshot that it has now, and says what was written.

        One look at each table for all results, so that they agree. A table that nobody wrote to
        is read as empty.
        """
        declared = self._catalog.table(table_id)
        table = LakeTable(self._spark, self._databases[declared.database], declared.name)
        head = table.head()
        if head is None:
            rows = self._spark.createDataFrame([], merging.columns(declared))
        else:
            rows = table.at(head)
        if declared.streamed:
            rows = merging.newest(rows, declared)
        rows.createOrReplaceTempView(_view(table_id))
        return table.written()


def _show(one: Written) -> dict[str, Any]:
    """Makes a snapshot whole and points people to it."""
    one.shelf.keep(one.manifest)
    lakeio.kill_point("served_manifest")
    shown = one.shelf.show(one.manifest.snapshot, one.seen)
    expired = one.shelf.expire(one.result.keep_days) if shown else []
    # Somebody moved the pointer while we wrote: their word stands until there is something newer.
    status = "published" if shown else "held_back"
    return {**_said(status, one.manifest), "expired": expired}


def _settle(shelf: Shelf, seen: Seen, newest: Manifest) -> dict[str, Any]:
    """Nothing is new: finishes what a killed run has left, and leaves a rollback as it is."""
    if seen.current == newest.snapshot:
        return _said("unchanged", newest)
    if seen.current is not None and seen.pointer is not None and seen.pointer.rolled_back:
        return {**_said("rolled_back", newest), "shown": seen.current}
    return _said("published" if shelf.show(newest.snapshot, seen) else "held_back", newest)


def _newest(shelf: Shelf, seen: Seen) -> Manifest | None:
    try:
        return shelf.manifest(seen.whole[-1]) if seen.whole else None
    except ServedError:
        return None  # one that cannot be read is as good as none


def _said(status: str, manifest: Manifest) -> dict[str, Any]:
    said = {"snapshot": manifest.snapshot, "rows": manifest.rows, "bytes": manifest.bytes}
    return {"status": status, **said}


def _view(table_id: str) -> str:
    return _PREFIX + table_id.replace(".", "_")
