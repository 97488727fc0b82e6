"""Every side effect of the jobs: objects, tables, commits. Nothing else here decides anything."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, DataFrameReader, Row, SparkSession

from lake import names
from lake.accounting import Counts
from lake.errors import LakeError
from lake.objects import FolderObjects, Objects, S3Objects

CATALOG: Final = "glue_catalog"
APPEND_RETRIES: Final = "20"  # several lanes append to one operations table
_LOADS: Final = "lake.loads"
_TOKEN: Final = "lake.token"  # noqa: S105 (the name of a property)
_STALE: Final = timedelta(hours=24)
# Iceberg would keep a file open for each partition of a batch; ten days are seven hundred of them,
# and the heap of a small driver holds fewer. Sorted rows need one open file at a time.
_FANOUT_OFF: Final = ("write.spark.fanout.enabled", "false")
_BRANCH: Final = "load_"
_CHANGES: Final = "lake_changes_"
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 (UTC, no zone, as all tables hold it)
_UNITS: Final = {"day": timedelta(days=1), "hour": timedelta(hours=1)}
_ROWS_MOVED: Final = (
    "added-data-files",
    "deleted-data-files",
    "added-delete-files",
    "removed-delete-files",
)
Span = tuple[datetime, datetime]  # from the first moment up to the second
# As Java throws it, and as PySpark translates some of it.
_REFUSED: Final = (Py4JJavaError, PySparkException)


class CommitConflict(LakeError):
    """Somebody else changed the table between our look at it and our commit."""


def _go_on(_: str) -> None:
    """In production a job passes each point."""


# Tests put a function here that ends the job at a named point.
kill_point: Callable[[str], None] = _go_on


# --- objects ---------------------------------------------------------------------------------


@contextmanager
def local_copy(uri: str) -> Iterator[str]:
    """A path under which the object can be read; a downloaded copy is gone afterwards."""
    if not uri.startswith("s3"):
        yield str(_path(uri))
        return
    with tempfile.NamedTemporaryFile(suffix=Path(uri).suffix[:16]) as copy:
        bucket, key = _bucket_key(uri)
        _s3().download_fileobj(bucket, key, copy)
        copy.flush()
        yield copy.name


def read_bytes(uri: str) -> bytes:
    """A small object."""
    if not uri.startswith("s3"):
        return _path(uri).read_bytes()
    bucket, key = _bucket_key(uri)
    return bytes(_s3().get_object(Bucket=bucket, Key=key)["Body"].read())


def objects(uri: str) -> Objects:
    """A bucket or a folder, as publishing asks of it."""
    if uri.startswith("s3"):
        return S3Objects(_s3(), _bucket_key(uri)[0])
    return FolderObjects(_path(uri))


def write_bytes(uri: str, content: bytes) -> None:
    """A small object, written whole or not at all."""
    if not uri.startswith("s3"):
        path = _path(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return
    bucket, key = _bucket_key(uri)
    _s3().put_object(Bucket=bucket, Key=key, Body=content)


def identity(uri: str) -> tuple[str, datetime]:
    """An object's hash and the moment (UTC, no zone) at which it came."""
    if not uri.startswith("s3"):
        path = _path(uri)
        return _hash(path), _utc(datetime.fromtimestamp(path.stat().st_mtime, UTC))
    bucket, key = _bucket_key(uri)
    told = _s3().head_object(Bucket=bucket, Key=key)
    known = told.get("Metadata", {})
    if {"sha256", "received-at"} <= known.keys():  # who promoted it wrote them down
        return str(known["sha256"]), _utc(datetime.fromisoformat(known["received-at"]))
    with local_copy(uri) as copy:
        return _hash(Path(copy)), _utc(told["LastModified"])


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path)) if uri.startswith("file:") else Path(uri)


def _bucket_key(uri: str) -> tuple[str, str]:
    # Not by urlsplit: a key may hold ? and #.
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


@cache
def _s3() -> Any:
    import boto3  # half a second that jobs on plain files need not pay

    return boto3.client("s3")


# --- tables ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Committed:
    """What an earlier run of a load left in a table."""

    counts: Counts
    snapshot_id: int


def session(app: str, warehouse: str | None = None) -> SparkSession:
    """The job's session; all else that it needs comes with the submission."""
    builder = SparkSession.builder.appName(app)
    if warehouse is not None:
        builder = builder.config(f"spark.sql.catalog.{CATALOG}.warehouse", warehouse)
    return builder.getOrCreate()


def submitted(spark: SparkSession, name: str) -> str:
    """What the submission says of where things are, for a job that is called without it."""
    said = spark.conf.get(f"spark.lake.{name}", None)
    if not said:
        raise LakeError(f"the submission has no spark.lake.{name}: give it, or the argument")
    return said


def _changes_rows(snapshot: Any) -> bool:
    """Compaction writes files anew, a mark writes none: the rows stay as they are."""
    summary = snapshot.summary()
    moved = any(int(summary.get(name) or 0) for name in _ROWS_MOVED)
    return moved and str(snapshot.operation()) != "replace"


def database_prefix(spark: SparkSession, said: str | None, logical: str) -> str:
    """What the deployment's databases carry before their logical names, by one or as submitted."""
    if said is not None:
        return names.database_prefix(said, logical)
    return submitted(spark, "database_prefix")


class LakeTable:
    """One Iceberg table, seen and changed at known snapshots only."""

    def __init__(self, spark: SparkSession, database: str, name: str) -> None:
        self.identifier = f"{CATALOG}.{database}.{name}"
        self._spark = spark
        self._java = self._spark_copy()

    def _spark_copy(self) -> Any:
        """The table as Spark's catalogue holds it.

        It forgets a table that nobody used for half a minute, loads it anew and keeps that copy:
        what is done to another copy, a new branch for one, SQL would not see.
        """
        jvm: Any = self._spark._jvm
        return jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(
            self._spark._jsparkSession, self.identifier
        )

    def _look(self) -> None:
        """Brings the table up to date, for this job and for Spark."""
        self._java = self._spark_copy()
        self._java.refresh()

    @property
    def _reader(self) -> DataFrameReader:
        # A day lies in some sixty small files; at Iceberg's 4 MB a file they make four tasks a
        # core, each dearer than what it reads.
        return self._spark.read.option("file-open-cost", 1 << 20)

    def head(self) -> int | None:
        """The snapshot that readers see now; none in a table that nobody wrote to."""
        self._look()
        current = self._java.currentSnapshot()
        return None if current is None else int(current.snapshotId())

    def at(self, snapshot_id: int, where: str | None = None) -> DataFrame:
        """The rows of one snapshot."""
        self._look()
        rows = self._reader.option("snapshot-id", snapshot_id).table(self.identifier)
        return rows if where is None else rows.where(where)

    def rows(self, where: str) -> list[Row]:
        """Rows of a small answer."""
        return self._spark.read.table(self.identifier).where(where).collect()

    def committed(self, load_ids: Sequence[str], since: datetime) -> dict[str, Committed]:
        """Loads that are in the table's history already, by their commits' own accounts.

        Only published history counts: the branch of a job that died is nobody's history.
        """
        found: dict[str, Committed] = {}
        self._look()
        snapshot = self._java.currentSnapshot()
        oldest = (since - timedelta(days=1)).replace(tzinfo=UTC).timestamp() * 1000
        while snapshot is not None and snapshot.timestampMillis() >= oldest:
            summary = snapshot.summary()
            if summary.containsKey(_LOADS):
                for load_id, counts in json.loads(summary.get(_LOADS)).items():
                    if load_id in load_ids:
                        known = Committed(Counts.of(counts), int(snapshot.snapshotId()))
                        found.setdefault(load_id, known)
            parent = snapshot.parentId()
            snapshot = None if parent is None else self._java.snapshot(parent)
        return found

    def property(self, name: str) -> str | None:
        """What the newest commit that speaks of it says; compaction, for one, does not."""
        self._look()
        snapshot = self._java.currentSnapshot()
        while snapshot is not None:
            if snapshot.summary().containsKey(name):
                return str(snapshot.summary().get(name))
            parent = snapshot.parentId()
            snapshot = None if parent is None else self._java.snapshot(parent)
        return None

    def written(self) -> int | None:
        """The newest snapshot that somebody wrote: one that joined files says nothing new."""
        self._look()
        snapshot = self._java.currentSnapshot()
        while snapshot is not None and str(snapshot.operation()) == "replace":
            parent = snapshot.parentId()
            older = None if parent is None else self._java.snapshot(parent)
            if older is None:
                break  # expired, and with it the knowledge of what it was
            snapshot = older
        return None if snapshot is None else int(snapshot.snapshotId())

    def rows_held(self) -> int:
        """How many rows the table holds, by its own account."""
        snapshot = self._java.currentSnapshot()
        return 0 if snapshot is None else int(snapshot.summary().get("total-records") or 0)

    def changed(self, since: int | None, until: int | None) -> bool | None:
        """Whether rows came or went between two snapshots; None: the history is gone."""
        between = self._between(since, until)
        return None if between is None else any(_changes_rows(one) for one in between)

    def touched(self, since: int | None, until: int | None, column: str) -> set[Span] | None:
        """When the rows lie that came or went between two snapshots, by their files' partitions.

        None: that cannot be said, because snapshots have expired or files span all times.
        """
        between = self._between(since, until)
        if between is None:
            return None
        spans: set[Span] = set()
        units: dict[int, tuple[int, timedelta] | None] = {}
        for snapshot in filter(_changes_rows, between):
            for file in self._files_of(snapshot):
                spec = int(file.specId())
                if spec not in units:
                    units[spec] = self._unit(spec, column)
                unit = units[spec]
                value = None if unit is None else file.partition().get(unit[0])
                if unit is None or value is None:
                    return None
                start = _EPOCH + int(value) * unit[1]
                spans.add((start, start + unit[1]))
        return spans

    def _between(self, since: int | None, until: int | None) -> list[Any] | None:
        self._look()
        found, snapshot_id = [], until
        while snapshot_id != since:
            snapshot = None if snapshot_id is None else self._java.snapshot(snapshot_id)
            if snapshot is None:
                return None
            found.append(snapshot)
            parent = snapshot.parentId()
            snapshot_id = None if parent is None else int(parent)
        return found

    def _files_of(self, snapshot: Any) -> Iterator[Any]:
        io = self._java.io()
        for files in (
            snapshot.addedDataFiles(io),
            snapshot.removedDataFiles(io),
            snapshot.addedDeleteFiles(io),
            snapshot.removedDeleteFiles(io),
        ):
            each = files.iterator()
            while each.hasNext():
                yield each.next()

    def _unit(self, spec_id: int, column: str) -> tuple[int, timedelta] | None:
        """Where in a partition the day or the hour of a column stands."""
        source = self._java.schema().findField(column).fieldId()
        for place, part in enumerate(self._java.specs().get(spec_id).fields()):
            unit = _UNITS.get(str(part.transform()))
            if part.sourceId() == source and unit is not None:
                return place, unit
        return None

    def stage(
        self,
        rows: DataFrame | None,
        merge_on: str | None,
        head: int | None,
        token: str,
        loads: Mapping[str, Counts] | None = None,
        properties: Mapping[str, str] | None = None,
        *,
        gone: str | None = None,
        ordered: bool = False,
    ) -> str:
        """Writes rows to a branch off `head`, where no reader sees them, and says its name.

        With `merge_on` rows replace those that match, or take them away where `gone` is true;
        without, all of them are new. No rows at all: a commit that only carries its properties.
        `ordered`: each task's rows lie partition by partition already, and need no further sort.
        """
        self._require(*_FANOUT_OFF)
        branch = f"{_BRANCH}{token[:32]}".replace("-", "_")
        self._drop_branches(branch)
        manage = self._java.manageSnapshots()
        (
            manage.createBranch(branch) if head is None else manage.createBranch(branch, head)
        ).commit()
        summary = {_TOKEN: token, **(properties or {})}
        if loads is not None:
            accounts = {load: counts.as_dict() for load, counts in loads.items()}
            summary[_LOADS] = json.dumps(accounts)
        kill_point("branched")
        if rows is None:
            self._mark(branch, summary)
        elif merge_on is None:
            writer = rows.writeTo(f"{self.identifier}.branch_{branch}")
            for name, value in summary.items():
                writer = writer.option(f"snapshot-property.{name}", value)
            if ordered:
                writer = writer.option("use-table-distribution-and-ordering", "false")
            writer.append()
        else:
            self._merge(rows, branch, merge_on, gone)
            # MERGE takes no write options, and Iceberg 1.10 reads no snapshot property from the
            # session: an empty commit behind it carries them. Readers get both in one step.
            self._mark(branch, summary)
        kill_point("staged")
        return branch

    def _merge(self, rows: DataFrame, branch: str, merge_on: str, gone: str | None) -> None:
        delete = "" if gone is None else f" WHEN MATCHED AND s.{gone} THEN DELETE"
        # Tables are staged side by side: each has a name of its own.
        view = _CHANGES + self.identifier.replace(".", "_")
        rows.createOrReplaceTempView(view)
        try:
            self._spark.sql(
                f"MERGE INTO {self.identifier}.branch_{branch} t USING {view} s"
                f" ON {merge_on}{delete} WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED"
                " THEN INSERT *"
            )
        finally:
            self._spark.catalog.dropTempView(view)

    def _mark(self, branch: str, summary: Mapping[str, str]) -> None:
        """A commit without rows that carries a summary."""
        self._look()
        mark = self._java.newFastAppend().toBranch(branch)
        for name, value in summary.items():
            mark = mark.set(name, value)
        mark.commit()

    def staged(self, branch: str) -> DataFrame:
        """The rows as they would be."""
        return self._reader.option("branch", branch).table(self.identifier)

    def staged_snapshot(self, branch: str) -> int | None:
        """The snapshot that readers would see; none when somebody has dropped the branch."""
        self._look()
        snapshot = self._java.snapshot(branch)
        return None if snapshot is None else int(snapshot.snapshotId())

    def rows_staged(self, branch: str) -> int:
        """How many rows readers would see, by the branch's own account."""
        self._look()
        return int(self._java.snapshot(branch).summary().get("total-records") or 0)

    def discard(self, branch: str) -> None:
        """Drops a branch that is not to be shown."""
        self._drop_branches(branch)

    def publish(self, branch: str) -> int:
        """Shows a branch to readers, if nobody has changed the table since it was cut off."""
        self._look()
        snapshot_id = int(self._java.snapshot(branch).snapshotId())
        kill_point("publishing")
        try:
            # One commit that moves the table only along its own line: a compare and set.
            manage = self._java.manageSnapshots()
            manage.fastForwardBranch("main", branch).removeBranch(branch).commit()
        except _REFUSED as error:
            if self._published(snapshot_id):
                return snapshot_id  # the commit was done and its answer lost
            self._drop_branches(branch)
            raise CommitConflict(f"{self.identifier} was changed by somebody else") from error
        return snapshot_id

    def _published(self, snapshot_id: int) -> bool:
        self._look()
        snapshot = self._java.currentSnapshot()
        while snapshot is not None:
            if snapshot.snapshotId() == snapshot_id:
                return True
            parent = snapshot.parentId()
            snapshot = None if parent is None else self._java.snapshot(parent)
        return False

    def _drop_branches(self, own: str) -> None:
        """Removes what a dead run of this batch left, and what anybody's left a day ago."""
        self._look()
        now = time.time() * 1000
        for name in list(self._java.refs()):
            if not str(name).startswith(_BRANCH):
                continue
            age_ms = now - self._java.snapshot(name).timestampMillis()
            if name == own or age_ms > _STALE.total_seconds() * 1000:
                self._java.manageSnapshots().removeBranch(name).commit()

    def append(self, rows: DataFrame) -> None:
        """Adds rows to a table that many write to at once."""
        self._require("commit.retry.num-retries", APPEND_RETRIES)
        rows.writeTo(self.identifier).append()

    def _require(self, name: str, value: str) -> None:
        """Sets a property that Athena's DDL cannot, the first time that it matters."""
        if self._java.properties().get(name) != value:
            self._java.updateProperties().set(name, value).commit()
