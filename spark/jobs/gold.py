"""The frame of a gold job: rows are computed, staged, audited, shown and published as a whole.

A job says what a run is to do (`plan`) and gives its formulas (`compute`). All tables are staged
and audited before any is shown, and a run that was killed and is started again equals one that was
not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final, Generic, TypeVar

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from jobs import lakeio, merging, pipeline, publish, quality, serving, showing
from jobs.lakeio import LakeTable
from jobs.publish import Staged
from lake.catalog import Catalog
from lake.types import names_of

QUALITY: Final = "ops.quality"
_AT_ONCE: Final = 3  # small tables wait for plans and commits more than they compute
Scope = TypeVar("Scope")
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Lake:
    """What a gold job reads and writes, and what this run of it was told."""

    spark: SparkSession
    catalog: Catalog
    databases: Mapping[str, str]  # physical by logical name
    call: pipeline.Call

    def table(self, table_id: str) -> LakeTable:
        """A table as it is now."""
        table = self.catalog.table(table_id)
        return LakeTable(self.spark, self.databases[table.database], table.name)

    def rows(self, table_id: str, snapshot_id: int | None, where: str | None = None) -> DataFrame:
        """The rows of a table at a snapshot; a table that nobody wrote to is empty."""
        if snapshot_id is None:
            return self.frame(table_id, [])
        return self.table(table_id).at(snapshot_id, where)

    def frame(self, table_id: str, rows: Iterable[Mapping[str, Any]]) -> DataFrame:
        """A small table out of Python's rows."""
        table = self.catalog.table(table_id)
        listed = [tuple(row[name] for name in merging.names(table)) for row in rows]
        return self.spark.createDataFrame(listed, merging.columns(table), verifySchema=False)


@dataclass(frozen=True)
class Work(Generic[Scope]):
    """What a run is to do, and how it is recognised."""

    scope: Scope  # what `compute` is to look at
    token: str  # the same work has the same, so that a second try clears away the first
    state: str | None  # what a table says once this is done; a backfill leaves it alone
    report: dict[str, Any]  # what the result says of it; `compute` may add to it
    asked: bool = False  # by name: it is done even where the tables say that it was
    empty: bool = False  # there is nothing to read


@dataclass(frozen=True)
class Output:
    """The rows that a table should hold, and in which part of it.

    Given as a function they are computed once all that are not are staged.
    """

    rows: DataFrame | Callable[[], DataFrame]
    where: tuple[str, str] | None  # the part, for the table's own columns and for those of `t`
    moment: str  # the column that dates a row
    days: Collection[date] | None = None  # that the part holds; none: not known
    ordered: bool = False  # rows come in the order in which the table's files have them

    @property
    def waits(self) -> bool:
        """Whether the rows are made of what other tables have staged."""
        return not isinstance(self.rows, DataFrame)


class Job(ABC, Generic[Scope]):
    """One gold job: its arguments, what a run is to do, and its formulas."""

    name: ClassVar[str]
    state: ClassVar[str]  # the property that says up to where a table was computed
    stamp: ClassVar[str]  # the column that says when a row was made: no difference by itself
    # Whether each table bears the state, or the one alone that is shown last.
    each_bears: ClassVar[bool] = True

    def __init__(self, lake: Lake, args: argparse.Namespace) -> None:
        self.lake, self.args = lake, args

    @staticmethod
    @abstractmethod
    def add_arguments(parser: argparse.ArgumentParser, catalog: Catalog) -> None:
        """The job's own; `--warehouse` is one of them."""

    @staticmethod
    @abstractmethod
    def databases(spark: SparkSession, args: argparse.Namespace) -> Mapping[str, str]:
        """Physical names by logical ones, of all that is read and written."""

    @abstractmethod
    def plan(self, targets: Mapping[str, LakeTable]) -> Work[Scope]:
        """What this run is to do, given the tables that it writes as they are."""

    @abstractmethod
    def compute(self, work: Work[Scope], staged: Mapping[str, Staged]) -> dict[str, Output]:
        """What each table should hold, in the order of the catalogue; `staged` fills meanwhile."""

    @property
    def before(self) -> date:
        """The day that is not whole yet: no check expects a day's worth of it."""
        return self.lake.call.business_date


def run(
    kind: type[Job[Any]],
    argv: Sequence[str],
    about: str | None = None,
    catalog: Catalog | None = None,
) -> dict[str, Any]:
    """Brings a job's tables up to date; the answer is also written where the arguments say."""
    known = catalog or Catalog.bundled()
    parser = argparse.ArgumentParser(prog=kind.name, description=about, allow_abbrev=False)
    kind.add_arguments(parser, known)
    pipeline.add_arguments(parser)

    def work(args: argparse.Namespace, call: pipeline.Call) -> dict[str, Any]:
        spark = lakeio.session(kind.name, args.warehouse)
        lake = Lake(spark, known, kind.databases(spark, args), call)
        return _Run(kind(lake, args)).run()

    return pipeline.run(kind.name, parser, argv, work)


def token(*work: Any) -> str:
    """A name for some work, made of what makes it what it is."""
    text = json.dumps(work, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class _Run:
    """One run of a job."""

    def __init__(self, job: Job[Any]) -> None:
        self._job, self._lake = job, job.lake
        self._writes = self._lake.catalog.jobs[job.name].tables

    def run(self) -> dict[str, Any]:
        """Brings the tables up to date, then what people read of them."""
        report = showing.tried(self._once)
        lake = self._lake
        results = serving.serve(
            lake.spark, lake.catalog, self._job.name, lake.databases, lake.call, report
        )
        return {**report, "results": results}

    def _once(self) -> dict[str, Any]:
        targets = {table_id: self._lake.table(table_id) for table_id in self._writes}
        work = self._job.plan(targets)
        bearers = self._writes if self._job.each_bears else self._writes[-1:]
        behind = {
            table_id
            for table_id in bearers
            if work.state not in (None, targets[table_id].property(self._job.state))
        }
        if work.empty or not (work.asked or behind):
            return {"status": "unchanged", **work.report, "tables": {}, "quality": []}
        staged: dict[str, Staged] = {}
        outputs = self._job.compute(work, staged)
        if tuple(outputs) != self._writes:
            raise ValueError(f"{self._job.name} computes {list(outputs)}, not {self._writes}")

        def stage(table_id: str) -> Staged:
            target, marks = targets[table_id], table_id in behind
            return self._stage(table_id, target, outputs[table_id], work, marks=marks)

        for waits in (False, True):
            group = [name for name, output in outputs.items() if output.waits is waits]
            staged |= dict(zip(group, _side_by_side(stage, group), strict=True))
        lakeio.kill_point("all_staged")
        verdicts = self._audit(staged, outputs)
        work.report["quality"] = [verdict.said() for verdict in verdicts]
        work.report["tables"] = showing.show(staged, verdicts, work.report)
        return {"status": "published" if showing.changed(staged) else "unchanged", **work.report}

    def _stage(
        self, table_id: str, target: LakeTable, output: Output, work: Work[Any], *, marks: bool
    ) -> Staged:
        table, job = self._lake.catalog.table(table_id), self._job
        rows = output.rows if isinstance(output.rows, DataFrame) else output.rows()
        if job.stamp in merging.names(table):
            rows = rows.withColumn(job.stamp, F.lit(self._lake.call.started.isoformat(" ")))
        properties = {"lake.run": self._lake.call.run}
        if work.state is not None:
            properties[job.state] = work.state
        return publish.stage(
            table,
            target,
            rows.select(*(F.col(c.name).cast(names_of(c.type).spark) for c in table.columns)),
            output.where,
            work.token,
            properties,
            ignoring=frozenset({job.stamp}),
            marks=marks,
            ordered=output.ordered,
        )

    def _audit(
        self, staged: Mapping[str, Staged], outputs: Mapping[str, Output]
    ) -> list[quality.Verdict]:
        """The declared checks of every table that changes, in the part that was computed alone."""

        def look(table_id: str) -> list[quality.Verdict]:
            output = outputs[table_id]
            where = output.where[0] if output.where else None
            before = self._job.before
            return quality.audit(staged[table_id], output.moment, where, output.days, before)

        changed = [name for name, one in staged.items() if any(one.rows.values())]
        verdicts = [one for several in _side_by_side(look, changed) for one in several]
        if verdicts:
            table = self._lake.catalog.table(QUALITY)
            target, run = self._lake.table(QUALITY), self._lake.call.run
            quality.write(self._lake.spark, target, table, verdicts, run)
        lakeio.kill_point("audited")
        return verdicts


def _side_by_side(action: Callable[[T], U], items: Sequence[T]) -> list[U]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(action, items))
