"""The gold of EMT: each arrival beside its headway and its weather, each hour of each line.

Reads what changed in silver since its last run, computes those days anew, and writes the rows
that differ. Both tables are staged and audited before either is shown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from pyspark.sql import DataFrame, SparkSession

from jobs import emt_gold_lines as lines
from jobs import increment, lakeio, merging, pipeline, publish, quality, serving, showing
from jobs.emt_gold_days import Festive
from jobs.emt_gold_delay import with_delay, with_rank
from jobs.emt_gold_hourly import hourly
from jobs.emt_gold_weather import Severity, intervals, observations, with_weather
from jobs.increment import Input, Plan
from jobs.lakeio import LakeTable
from lake import names
from lake.catalog import Catalog, Table

JOB: Final = "emt_gold"
# Raised when a definition changes: every row is then computed anew.
DEFINITIONS: Final = 1
ARRIVALS: Final = "emt_silver.arrivals_predictions"
WEATHER: Final = "meteorology_silver.meteorology_current"
REFERENCES: Final = (
    "emt_silver.lines",
    "emt_silver.lines_stops",
    "emt_silver.lines_timetable",
    "emt_silver.line_list",
)
ARRIVALS_WEATHER: Final = "emt_gold.arrivals_weather"
HOURLY: Final = "emt_gold.delay_weather_hourly"
QUALITY: Final = "ops.quality"
_ROWS_A_TASK: Final = 500_000
_MOST_TASKS: Final = 400


@dataclass(frozen=True)
class Parameters:
    """What the answer depends on besides silver."""

    wx_recent_minutes: int
    delay_ratio_thresh: float
    festive: Mapping[str, Any]
    severity: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For the cursor: another value there means that everything is to be computed anew."""
        data = json.dumps([self.festive, self.severity], sort_keys=True)
        return {
            "definitions": DEFINITIONS,
            "wx_recent_minutes": self.wx_recent_minutes,
            "delay_ratio_thresh": self.delay_ratio_thresh,
            "data": hashlib.sha256(data.encode()).hexdigest()[:16],
        }


def run(
    argv: Sequence[str], about: str | None = None, catalog: Catalog | None = None
) -> dict[str, Any]:
    """Brings gold up to date; the answer is also written where the arguments say."""
    known = catalog or Catalog.bundled()

    def work(args: argparse.Namespace, call: pipeline.Call) -> dict[str, Any]:
        return Gold(lakeio.session(JOB, args.warehouse), known, args, call).run()

    return pipeline.run(JOB, _parser(about), argv, work)


def _parser(about: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=JOB, description=about, allow_abbrev=False)
    more = parser.add_argument
    more("--warehouse", metavar="URI", required=True, help="root of the gold tables")
    more("--gold_db_emt", metavar="NAME", required=True, help="database that is written")
    more("--silver_db_emt", metavar="NAME", required=True, help="arrivals and timetables")
    more("--silver_db_met", metavar="NAME", required=True, help="weather")
    more(
        "--wx_recent_minutes",
        metavar="N",
        type=pipeline.positive,
        default=60,
        help="reach of weather",
    )
    more("--delay_ratio_thresh", metavar="X", type=float, default=1.30, help="delayed above it")
    pipeline.add_arguments(parser)
    return parser


class Gold:
    """One run."""

    def __init__(
        self,
        spark: SparkSession,
        catalog: Catalog,
        args: argparse.Namespace,
        call: pipeline.Call,
    ) -> None:
        self._spark, self._catalog, self._call = spark, catalog, call
        prefix = names.database_prefix(args.gold_db_emt, "emt_gold")
        self._databases = {
            "emt_gold": args.gold_db_emt,
            "emt_silver": args.silver_db_emt,
            "meteorology_silver": args.silver_db_met,
            "ops": names.physical_database(prefix, "ops"),
        }
        self._parameters = Parameters(
            args.wx_recent_minutes,
            args.delay_ratio_thresh,
            catalog.data["emt/festive_days"],
            catalog.data["emt/weather_severity"],
        )
        self._festive = Festive.of(self._parameters.festive)
        self._zone = str(self._parameters.festive["zone"])
        self._severity = Severity.of(self._parameters.severity)
        self._reach = timedelta(minutes=args.wx_recent_minutes)
        self._sources = {
            one: self._table(one.table_id)
            for one in (
                Input(ARRIVALS, "event_ts"),
                Input(WEATHER, "obs_ts", self._reach),
                *(Input(table_id) for table_id in REFERENCES),
            )
        }

    def run(self) -> dict[str, Any]:
        """Brings the tables up to date, then what people read of them."""
        told = showing.tried(self._once)
        answers = serving.serve(self._spark, self._catalog, JOB, self._databases, self._call, told)
        return {**told, "results": answers}

    def _once(self) -> dict[str, Any]:
        targets = {table_id: self._table(table_id) for table_id in (ARRIVALS_WEATHER, HOURLY)}
        plan = increment.plan(
            self._sources,
            list(targets.values()),
            self._parameters.as_dict(),
            full=self._call.full,
            backfill=self._call.backfill,
        )
        told: dict[str, Any] = {
            "reason": plan.reason,
            "full": plan.days is None,
            "days": None if plan.days is None else sorted(day.isoformat() for day in plan.days),
        }
        moves = {
            table_id: plan.cursor not in (None, target.property(increment.CURSOR))
            for table_id, target in targets.items()
        }
        asked = self._call.full or self._call.backfill is not None
        if plan.heads[ARRIVALS] is None or not (asked or any(moves.values())):
            return {"status": "unchanged", **told, "tables": {}, "quality": []}
        token = self._token(plan)
        properties = {"lake.run": self._call.run}
        if plan.cursor is not None:
            properties[increment.CURSOR] = plan.cursor

        calendar = self._calendar(plan)
        arrivals = self._arrivals(plan, calendar)
        staged = self._stage(
            ARRIVALS_WEATHER, targets, arrivals, plan, "event_ts", token, properties, moves
        )
        cells = hourly(
            staged.seen(plan.where("event_ts")), self._severity.names, self._call.started
        )
        summed = self._stage(HOURLY, targets, cells, plan, "event_hour", token, properties, moves)
        lakeio.kill_point("both_staged")
        both = {ARRIVALS_WEATHER: staged, HOURLY: summed}
        verdicts = self._audit(both, plan)
        told["quality"] = [one.said() for one in verdicts]
        told["tables"] = showing.show(both, verdicts, told)
        unknown = sorted({day.year for day in calendar} - self._festive.years)
        told["festive_days_unknown"] = unknown
        return {"status": "published" if showing.changed(both) else "unchanged", **told}

    # --- reading --------------------------------------------------------------------------

    def _calendar(self, plan: Plan) -> tuple[date, date]:
        """The first and last local day on which an arrival of this run can lie."""
        days: Sequence[date]
        if plan.days is None:
            head = plan.heads[ARRIVALS]
            rows = self._at(ARRIVALS, plan)
            if head is None or rows is None:
                raise ValueError("no arrivals")
            # Iceberg answers these two out of its metadata.
            bounds = rows.selectExpr("min(event_ts)", "max(event_ts)").collect()[0]
            days = [moment.date() for moment in bounds if moment is not None]
        else:
            days = sorted(plan.days)
        day = timedelta(days=1)
        today = datetime.now(UTC).date()
        return (days[0] - day, days[-1] + day) if days else (today, today)

    def _at(self, table_id: str, plan: Plan, where: str | None = None) -> DataFrame | None:
        head = plan.heads[table_id]
        table = next(table for one, table in self._sources.items() if one.table_id == table_id)
        return None if head is None else table.at(head, where)

    def _rows(self, table_id: str, plan: Plan) -> DataFrame:
        """A small table whole; a table that nobody wrote to is empty."""
        rows = self._at(table_id, plan)
        if rows is not None:
            return rows
        return self._spark.createDataFrame([], merging.columns(self._catalog.table(table_id)))

    def _arrivals(self, plan: Plan, days: tuple[date, date]) -> DataFrame:
        """The rows that gold should hold for the days of the plan."""
        network = lines.Network(
            *([row.asDict() for row in self._rows(name, plan).collect()] for name in REFERENCES)
        )
        calendar = lines.Calendar.of(*days, self._festive)
        found = (
            self._frame(lines.lines(network), lines.LINES_SCHEMA),
            self._frame(lines.stops(network), lines.STOPS_SCHEMA),
            self._frame(lines.headways(network, calendar.pairs), lines.HEADWAYS_SCHEMA),
        )
        rows = self._at(ARRIVALS, plan, plan.where("event_ts"))
        if rows is None:
            raise ValueError("no arrivals")
        weather = self._at(WEATHER, plan, plan.where("obs_ts", self._reach))
        if weather is None:
            weather = self._rows(WEATHER, plan)
        stretches = intervals(observations(weather), self._parameters.wx_recent_minutes)
        ranked = with_rank(rows, self._tasks(plan))
        timed = lines.with_headway(ranked, found, calendar, self._zone)
        late = with_delay(timed, self._parameters.delay_ratio_thresh)
        columns = merging.names(self._catalog.table(ARRIVALS_WEATHER))
        return with_weather(late, stretches, self._severity).select(*columns)

    def _frame(self, rows: Any, schema: str) -> DataFrame:
        return self._spark.createDataFrame(list(rows), schema, verifySchema=False)

    def _tasks(self, plan: Plan) -> int:
        """Enough that a task's rows fit its memory, no more than there are days."""
        total = self._table(ARRIVALS).rows_held()
        by_size = min(_MOST_TASKS, 1 + total // _ROWS_A_TASK)
        return by_size if plan.days is None else max(1, min(by_size, len(plan.days)))

    # --- writing --------------------------------------------------------------------------

    def _stage(
        self,
        table_id: str,
        targets: Mapping[str, LakeTable],
        rows: DataFrame,
        plan: Plan,
        moment: str,
        token: str,
        properties: Mapping[str, str],
        moves: Mapping[str, bool],
    ) -> publish.Staged:
        table = self._catalog.table(table_id)
        where = plan.where(moment)
        return publish.stage(
            table,
            targets[table_id],
            rows,
            None if where is None else (where, str(plan.where(f"t.{moment}"))),
            token,
            properties,
            ignoring=frozenset({"build_ts"}),
            marks=moves[table_id],
            ordered=table_id == ARRIVALS_WEATHER,
        )

    def _audit(self, both: Mapping[str, publish.Staged], plan: Plan) -> list[quality.Verdict]:
        verdicts = []
        for table_id, moment in ((ARRIVALS_WEATHER, "event_ts"), (HOURLY, "event_hour")):
            one = both[table_id]
            if any(one.rows.values()):
                where = plan.where(moment)
                verdicts += quality.audit(one, moment, where, plan.days, self._call.business_date)
        if verdicts:
            table = self._catalog.table(QUALITY)
            quality.write(self._spark, self._table(QUALITY), table, verdicts, self._call.run)
        lakeio.kill_point("audited")
        return verdicts

    def _token(self, plan: Plan) -> str:
        """The same work has the same name, so that a second try clears away the first."""
        days = None if plan.days is None else sorted(map(str, plan.days))
        work = json.dumps([plan.heads, plan.cursor, plan.cursor is None and days], sort_keys=True)
        return hashlib.sha256(work.encode()).hexdigest()[:32]

    def _table(self, table_id: str) -> LakeTable:
        table: Table = self._catalog.table(table_id)
        return LakeTable(self._spark, self._databases[table.database], table.name)
