"""The engine: files into tables, every row accounted for. Knows tables, not domains.

Order of effects, so that a run killed anywhere and started again equals one that was not:
each table in one atomic commit that carries its own accounts, then the rejected rows, then the
loads, then the result. Each step first looks whether it was done.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pyspark import RDD, StorageLevel
from pyspark.sql import DataFrame, SparkSession

from jobs import lakeio, merging
from jobs.batch import Batch, File
from jobs.reading import FACTS, MOST_WORDS, REJECT, ROW, Facts, FileFacts, Reader
from jobs.records import Transform
from jobs.sql import literal
from lake import names
from lake.accounting import Counts
from lake.catalog import Catalog, Source, Table
from lake.errors import LakeError

_TRIES: Final = 8
_LOADS: Final = "ops.loads"
_REJECTED: Final = "ops.rejected_rows"
_PRUNED: Final = frozenset({"timestamp", "date", "string", "int"})


class KeysNotUnique(LakeError):
    """A table would hold one key twice."""


@dataclass
class Outcome:
    """What became of one file."""

    file: File
    sheet_rows: int = 0
    refused: str | None = None
    tables: dict[str, Counts] = field(default_factory=dict)
    snapshots: dict[str, int | None] = field(default_factory=dict)
    known: bool = False  # an earlier run has written its accounts


class Loader:
    """One batch of one source."""

    def __init__(
        self,
        spark: SparkSession,
        catalog: Catalog,
        source: Source,
        transform: Transform,
        database_prefix: str,
    ) -> None:
        self._spark = spark
        self._catalog = catalog
        self._source = source
        self._transform = transform
        self._prefix = database_prefix
        self._tables = [catalog.table(name) for name in (*source.feeds, *source.derives)]

    def run(self, batch: Batch) -> dict[str, Any]:
        """Loads the batch and says what became of each file."""
        started = _now()
        outcomes = [Outcome(file) for file in batch.files]
        self._recall(outcomes)
        fresh = [outcome for outcome in outcomes if not outcome.known]
        if fresh:
            records = self._read(fresh)
            facts = self._facts(records, fresh)
            for table in self._tables:
                self._load(table, batch.token, records, fresh, facts)
            for outcome, one in zip(fresh, facts, strict=True):
                self._close(outcome, one)
            lakeio.kill_point("committed")
            self._write_rejects(records, fresh, facts)
            lakeio.kill_point("rejects_written")
            self._write_loads(batch.token, fresh, started)
            records.unpersist()
        lakeio.kill_point("accounted")
        return self._result(batch, outcomes)

    # --- reading --------------------------------------------------------------------------

    def _read(self, fresh: Sequence[Outcome]) -> RDD[Any]:
        """Every record of every file, read once where Spark runs it and kept."""
        domain = f"{self._source.domain}/"
        data = {name: one for name, one in self._catalog.data.items() if name.startswith(domain)}
        tables = tuple(self._tables)
        reader = Reader(self._source, tables, self._transform, self._prunable(), data)
        files = list(enumerate(outcome.file for outcome in fresh))
        spread = self._spark.sparkContext.parallelize(files, len(files))
        return spread.flatMap(reader.records).persist(StorageLevel.MEMORY_AND_DISK)

    def _prunable(self) -> dict[str, tuple[str, ...]]:
        """Partition columns that a key determines: a row of that key can lie nowhere else."""
        found = {}
        for table in self._tables:
            fixed = {*table.key, *self._transform.implied.get(table.id, ())}
            words = {word for part in table.partition for word in re.findall(r"\w+", part)}
            found[table.id] = tuple(
                column.name
                for column in table.columns
                if column.name in fixed & words and column.type in _PRUNED
            )
        return found

    def _facts(self, records: RDD[Any], fresh: Sequence[Outcome]) -> list[FileFacts]:
        collected = records.filter(lambda record: record[0] == FACTS).collect()
        facts = sorted((record[2][0] for record in collected), key=lambda one: one.load)
        if [one.load for one in facts] != list(range(len(fresh))):
            raise LakeError("a file of the batch was not read")
        for outcome, one in zip(fresh, facts, strict=True):
            outcome.sheet_rows = one.sheet_rows
            outcome.refused = one.refused or self._over_share(one)
        return facts

    def _over_share(self, facts: FileFacts) -> str | None:
        """Why a file is refused whole: more of it is broken than its source allows."""
        for table_id in self._source.feeds:
            table = facts.tables[table_id]
            if table.read and table.rejected / table.read > self._source.reject_share:
                rule, times = table.rules.most_common(1)[0]
                return (
                    f"{table.rejected} of {table.read} rows for {table_id} break a rule"
                    f" ({table.rejected / table.read:.1%},"
                    f" allowed {self._source.reject_share:.1%});"
                    f" most often '{rule}' ({times} times)"
                )
        return None

    # --- one table ------------------------------------------------------------------------

    def _load(
        self,
        table: Table,
        token: str,
        records: RDD[Any],
        fresh: Sequence[Outcome],
        facts: Sequence[FileFacts],
    ) -> None:
        """One table's part of the batch in one commit, redone when the table moved meanwhile."""
        target = self._table(table.id)
        wanted = {outcome.file.load_id: outcome for outcome in fresh if outcome.refused is None}
        since = min(outcome.file.received_at for outcome in fresh)
        for known_load, known in target.committed(list(wanted), since).items():
            outcome = wanted.pop(known_load)
            outcome.tables[table.id], outcome.snapshots[table.id] = known.counts, known.snapshot_id
        loads = [place for place, one in enumerate(fresh) if one.file.load_id in wanted]
        if not loads:
            return
        for attempt in range(_TRIES):
            try:
                self._commit(table, target, token, records, fresh, facts, loads)
                return
            except lakeio.CommitConflict:
                if attempt == _TRIES - 1:
                    raise
                time.sleep(min(0.2 * 2**attempt, 10))

    def _commit(
        self,
        table: Table,
        target: lakeio.LakeTable,
        token: str,
        records: RDD[Any],
        fresh: Sequence[Outcome],
        facts: Sequence[FileFacts],
        loads: Sequence[int],
    ) -> None:
        head = target.head()
        where = self._where(table, [facts[place].tables[table.id] for place in loads])
        adds = self._transform.adds_to.get(table.id, ())
        rows = self._rows(table, records, loads)
        held = None if head is None else target.at(head, where)
        if held is not None and table.streamed:
            held = merging.newest(held, table)
        judged = merging.judge(merging.fold(rows, table, adds), held, table, adds).persist()
        try:
            fates = _fates(judged)
            counts = {
                place: _counts(facts[place].tables[table.id], fates.get(place, Counter()))
                for place in loads
            }
            for place, one in counts.items():
                one.balanced(f"{table.id} of {fresh[place].file.file_name}")
            snapshot_id = head
            totals = sum(fates.values(), Counter[str]())
            if any(totals[fate] for fate in merging.WRITTEN):
                accounts = {fresh[place].file.load_id: one for place, one in counts.items()}
                changes = judged.where(merging.IS_WRITTEN).select(*merging.names(table))
                replaces = totals[merging.CHANGED] + totals[merging.TOUCHED] > 0
                on = _match(table, where) if replaces else None
                branch = target.stage(changes, on, head, token, accounts)
                self._check_unique(table, target, head, branch, changes, where)
                snapshot_id = target.publish(branch)
                lakeio.kill_point("published")
            for place, one in counts.items():
                fresh[place].tables[table.id] = one
                fresh[place].snapshots[table.id] = snapshot_id
        finally:
            judged.unpersist()

    def _rows(self, table: Table, records: RDD[Any], loads: Iterable[int]) -> DataFrame:
        table_id, wanted = table.id, frozenset(loads)
        chosen = records.filter(
            lambda record: record[0] == ROW and record[1] == table_id and record[2][0] in wanted
        ).map(lambda record: record[2])
        return self._spark.createDataFrame(chosen, merging.schema(table), verifySchema=False)

    def _where(self, table: Table, facts: Sequence[Facts]) -> str | None:
        """In literals, where in the table the batch's keys can lie; none: anywhere."""
        parts = []
        for name in self._prunable()[table.id]:
            days = {day for one in facts for day in one.days.get(name, ())}
            words = {word for one in facts for word in one.words.get(name, ())}
            if days:
                kind = table.column(name).type
                parts.append(f"({merging.touched(days, name, kind)})")
            elif words and all(len(one.words.get(name, ())) <= MOST_WORDS for one in facts):
                parts.append(f"{name} IN ({', '.join(sorted(map(literal, words)))})")
        return " AND ".join(parts) or None

    def _check_unique(
        self,
        table: Table,
        target: lakeio.LakeTable,
        head: int | None,
        branch: str,
        changes: DataFrame,
        where: str | None,
    ) -> None:
        """No reader may ever see a key twice, so the look comes before the commit."""
        rows = target.staged(branch)
        rows = rows if where is None else rows.where(where)
        keys = list(table.key)
        twice = merging.repeated(rows, table)
        if table.streamed and head is not None:
            # A stream delivers at least once: what it has doubled is not this load's doing.
            twice = twice.join(merging.repeated(target.at(head, where), table), keys, "left_anti")
        # The join is for the bad day only; on a good one there is nothing to join.
        if not twice.take(1):
            return
        mine = twice.join(changes.select(*keys), keys, "left_semi").limit(3).collect()
        if mine:
            shown = "; ".join(str(row.asDict()) for row in mine)
            raise KeysNotUnique(f"{table.id} would hold keys more than once: {shown}")

    # --- accounts -------------------------------------------------------------------------

    def _recall(self, outcomes: Sequence[Outcome]) -> None:
        """Takes the accounts of loads that an earlier run has finished."""
        rows = self._table(_LOADS).rows(_of_loads(outcomes))
        for outcome in outcomes:
            mine = [row for row in rows if row["load_id"] == outcome.file.load_id]
            if not mine:
                continue
            outcome.known = True
            outcome.sheet_rows, outcome.refused = mine[0]["sheet_rows"], mine[0]["reason"]
            outcome.tables = {row["table_id"]: Counts.of(row.asDict()) for row in mine}

    def _close(self, outcome: Outcome, facts: FileFacts) -> None:
        """A file that is refused whole: each of its rows counts as rejected."""
        for table in self._tables:
            one = facts.tables[table.id]
            refused = Counts(read=one.read, rejected=one.read - one.empty, empty=one.empty)
            outcome.tables.setdefault(table.id, refused)
            outcome.snapshots.setdefault(table.id, None)
            outcome.tables[table.id].balanced(f"{table.id} of {outcome.file.file_name}")

    def _table(self, table_id: str) -> lakeio.LakeTable:
        table = self._catalog.table(table_id)
        return lakeio.LakeTable(
            self._spark, names.physical_database(self._prefix, table.database), table.name
        )

    def _write_rejects(
        self, records: RDD[Any], fresh: Sequence[Outcome], facts: Sequence[FileFacts]
    ) -> None:
        broken = [
            place
            for place, one in enumerate(facts)
            if fresh[place].refused or any(table.rejected for table in one.tables.values())
        ]
        if not broken:
            return
        target = self._table(_REJECTED)
        outcomes = [fresh[place] for place in broken]
        written = {row["load_id"] for row in target.rows(_of_loads(outcomes))}
        files = {
            place: fresh[place].file for place in broken if fresh[place].file.load_id not in written
        }
        said = records.filter(lambda record: record[0] == REJECT and record[2][0] in files)
        whole = [
            (REJECT, table_id, (place, 0, 0, None, None, "file_refused", fresh[place].refused))
            for place in files
            for table_id, table in facts[place].tables.items()
            if fresh[place].refused and table.read
        ]
        both = said.union(self._spark.sparkContext.parallelize(whole, 1)) if whole else said
        table = self._catalog.table(_REJECTED)
        rows = both.map(lambda record: _reject_row(files[record[2][0]], record[1], record[2]))
        if files:
            target.append(self._frame(table, rows))

    def _write_loads(self, token: str, fresh: Sequence[Outcome], started: datetime) -> None:
        table = self._catalog.table(_LOADS)
        finished = _now()
        rows = [
            {
                "load_id": outcome.file.load_id,
                "token": token,
                "domain": self._source.domain,
                "source": self._source.id,
                "table_id": table_id,
                "file_name": outcome.file.file_name,
                "bronze_uri": outcome.file.uri,
                "sha256": outcome.file.sha256,
                "derived": table_id in self._source.derives,
                "status": _status(outcome),
                "reason": outcome.refused,
                "sheet_rows": outcome.sheet_rows,
                **counts.as_dict(),
                "received_at": outcome.file.received_at,
                "started_at": started,
                "finished_at": finished,
                "snapshot_id": outcome.snapshots.get(table_id),
            }
            for outcome in fresh
            for table_id, counts in outcome.tables.items()
        ]
        ordered = [tuple(row[name] for name in merging.names(table)) for row in rows]
        self._table(_LOADS).append(self._frame(table, ordered))

    def _frame(self, table: Table, rows: Any) -> DataFrame:
        frame = self._spark.createDataFrame(rows, merging.columns(table), verifySchema=False)
        return frame.coalesce(1)

    def _result(self, batch: Batch, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        """What the run left, as `start_job` reads it."""
        loads = []
        for outcome in outcomes:
            fed = [outcome.tables.get(table_id, Counts()) for table_id in self._source.feeds]
            loads.append(
                {
                    "load_id": outcome.file.load_id,
                    "source": self._source.id,
                    "sha256": outcome.file.sha256,
                    "status": _status(outcome),
                    "reason": outcome.refused,
                    "sheet_rows": outcome.sheet_rows,
                    "counts": Counts.total(fed).balanced(outcome.file.file_name).as_dict(),
                    "tables": {
                        table_id: {
                            **counts.as_dict(),
                            "derived": table_id in self._source.derives,
                        }
                        for table_id, counts in outcome.tables.items()
                    },
                }
            )
        return {"token": batch.token, "job": self._source.job, "loads": loads}


def _status(outcome: Outcome) -> str:
    return "loaded" if outcome.refused is None else "refused"


def _fates(judged: DataFrame) -> dict[int, Counter[str]]:
    """How many rows of each file meet which fate; the one action that computes the batch."""
    found: dict[int, Counter[str]] = {}
    for row in judged.groupBy(merging.LOAD, merging.FATE).count().collect():
        found.setdefault(row[0], Counter())[row[1]] += row[2]
    return found


def _counts(facts: Facts, fates: Counter[str]) -> Counts:
    """The account of a file in a table: read where it was parsed, judged where it was merged."""
    accepted = sum(fates[fate] for fate in merging.ACCEPTED)
    return Counts(
        read=facts.read,
        accepted=accepted,
        duplicate=facts.repeat + fates.total() - accepted,
        rejected=facts.rejected,
        empty=facts.empty,
    )


def _match(table: Table, where: str | None) -> str:
    """The condition of MERGE: the key, and the partitions in literals so that old ones rest."""
    keys = " AND ".join(f"t.{name} = s.{name}" for name in table.key)
    return keys if where is None else f"{keys} AND {_qualified(table, where)}"


def _qualified(table: Table, where: str) -> str:
    # Only column names that `_where` wrote, outside of quoted literals.
    parts = re.split(r"('(?:[^'\\]|\\.)*')", where)
    columns = "|".join(re.escape(name) for name in merging.names(table))
    parts[::2] = [re.sub(rf"\b({columns})\b", r"t.\1", part) for part in parts[::2]]
    return "(" + "".join(parts) + ")"


def _of_loads(outcomes: Sequence[Outcome]) -> str:
    """The operations tables lie by month of receipt, so the months of these loads suffice."""
    ids = ", ".join(literal(outcome.file.load_id) for outcome in outcomes)
    times = sorted(outcome.file.received_at for outcome in outcomes)
    return (
        f"load_id IN ({ids}) AND received_at >= TIMESTAMP_NTZ '{times[0]}'"
        f" AND received_at <= TIMESTAMP_NTZ '{times[-1]}'"
    )


def _reject_row(file: File, table_id: str, record: tuple[Any, ...]) -> tuple[Any, ...]:
    _, sequence, row_number, column, value, rule, reason = record
    return (
        file.load_id,
        sequence,
        file.source,
        table_id,
        file.file_name,
        row_number,
        column,
        value,
        rule,
        reason,
        file.received_at,
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
