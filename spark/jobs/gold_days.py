"""Gold jobs that compute days: those in which an input changed since the tables were last made."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pyspark.sql import DataFrame

from jobs import gold, increment
from jobs.gold import Output, Work
from jobs.increment import Input, Plan
from jobs.lakeio import LakeTable
from jobs.publish import Staged

Rows = DataFrame | Callable[[], DataFrame]
Staging = Callable[[str], DataFrame]  # the rows of a table as they are staged


class DailyJob(gold.Job[Plan]):
    """A gold job whose tables hold moments; without its first input there is nothing to do."""

    state = increment.CURSOR
    # The column that dates a row, of each table that is written.
    moments: ClassVar[Mapping[str, str]]
    # The tables whose rows come in the order in which their files have them.
    ordered: ClassVar[frozenset[str]] = frozenset()

    @property
    @abstractmethod
    def inputs(self) -> Sequence[Input]:
        """What is read, and how far around it a changed row is felt."""

    @property
    @abstractmethod
    def parameters(self) -> Mapping[str, Any]:
        """What the answer depends on besides: with other values every day is computed anew."""

    @abstractmethod
    def formulas(self, plan: Plan, staged: Staging, report: dict[str, Any]) -> Mapping[str, Rows]:
        """The rows of each table on the days of the plan; what is told besides goes into report."""

    def rows(self, table_id: str, plan: Plan, where: str | None = None) -> DataFrame:
        """An input as the plan has it."""
        return self.lake.rows(table_id, plan.heads[table_id], where)

    def plan(self, targets: Mapping[str, LakeTable]) -> Work[Plan]:
        call, inputs = self.lake.call, self.inputs
        plan = increment.plan(
            {one: self.lake.table(one.table_id) for one in inputs},
            list(targets.values()),
            self.parameters,
            full=call.full,
            backfill=call.backfill,
        )
        days = None if plan.days is None else sorted(day.isoformat() for day in plan.days)
        return Work(
            plan,
            gold.token(plan.heads, plan.cursor, plan.cursor is None and days),
            plan.cursor,
            {"reason": plan.reason, "full": plan.days is None, "days": days},
            asked=call.full or call.backfill is not None,
            empty=plan.heads[inputs[0].table_id] is None,
        )

    def compute(self, work: Work[Plan], staged: Mapping[str, Staged]) -> dict[str, Output]:
        plan = work.scope

        def seen(table_id: str) -> DataFrame:
            return staged[table_id].seen(plan.where(self.moments[table_id]))

        def output(table_id: str, rows: Rows) -> Output:
            moment = self.moments[table_id]
            where = plan.where(moment)
            both = None if where is None else (where, str(plan.where(f"t.{moment}")))
            return Output(rows, both, moment, plan.days, table_id in self.ordered)

        made = self.formulas(plan, seen, work.report)
        return {table_id: output(table_id, rows) for table_id, rows in made.items()}
