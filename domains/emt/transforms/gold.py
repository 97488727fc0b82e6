"""The gold of EMT: each arrival beside its headway and its weather, each hour of each line.

Reads what changed in silver since its last run, and computes those days anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Final

from pyspark.sql import DataFrame, SparkSession

from domains.emt.transforms import gold_lines as lines
from domains.emt.transforms.gold_days import Festive
from domains.emt.transforms.gold_delay import with_delay, with_rank
from domains.emt.transforms.gold_hourly import hourly
from domains.emt.transforms.gold_weather import Severity, intervals, observations, with_weather
from jobs import gold, pipeline
from jobs.gold_days import DailyJob, Rows, Staging
from jobs.increment import Input, Plan
from lake import names
from lake.catalog import Catalog

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
_ROWS_A_TASK: Final = 500_000
_MOST_TASKS: Final = 400


def run(
    argv: Sequence[str], about: str | None = None, catalog: Catalog | None = None
) -> dict[str, Any]:
    """Brings gold up to date."""
    return gold.run(Gold, argv, about, catalog)


class Gold(DailyJob):
    """Days that changed, each arrival with its neighbours."""

    name = "emt_gold"
    stamp = "build_ts"
    moments: ClassVar = {ARRIVALS_WEATHER: "event_ts", HOURLY: "event_hour"}
    ordered = frozenset({ARRIVALS_WEATHER})

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser, catalog: Catalog) -> None:  # noqa: ARG004
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

    @staticmethod
    def databases(spark: SparkSession, args: argparse.Namespace) -> dict[str, str]:  # noqa: ARG004
        prefix = names.database_prefix(args.gold_db_emt, "emt_gold")
        return {
            "emt_gold": args.gold_db_emt,
            "emt_silver": args.silver_db_emt,
            "meteorology_silver": args.silver_db_met,
            "ops": names.physical_database(prefix, "ops"),
        }

    def __init__(self, lake: gold.Lake, args: argparse.Namespace) -> None:
        super().__init__(lake, args)
        self._data = [
            lake.catalog.data[f"emt/{name}"] for name in ("festive_days", "weather_severity")
        ]
        festive, severity = self._data
        self._festive, self._zone = Festive.of(festive), str(festive["zone"])
        self._severity = Severity.of(severity)
        self._reach = timedelta(minutes=args.wx_recent_minutes)

    @property
    def inputs(self) -> Sequence[Input]:
        return (
            Input(ARRIVALS, "event_ts"),
            Input(WEATHER, "obs_ts", self._reach),
            *(Input(table_id) for table_id in REFERENCES),
        )

    @property
    def parameters(self) -> Mapping[str, Any]:
        data = json.dumps(self._data, sort_keys=True)
        return {
            "definitions": DEFINITIONS,
            "wx_recent_minutes": self.args.wx_recent_minutes,
            "delay_ratio_thresh": self.args.delay_ratio_thresh,
            "data": hashlib.sha256(data.encode()).hexdigest()[:16],
        }

    def formulas(self, plan: Plan, staged: Staging, report: dict[str, Any]) -> dict[str, Rows]:
        days = self._calendar(plan)
        unknown = {day.year for day in days} - self._festive.years
        report["festive_days_unknown"] = sorted(unknown)
        return {
            ARRIVALS_WEATHER: self._arrivals(plan, days),
            HOURLY: lambda: hourly(staged(ARRIVALS_WEATHER), self._severity.names),
        }

    def _calendar(self, plan: Plan) -> tuple[date, date]:
        """The first and last local day on which an arrival of this run can lie."""
        days: Sequence[date]
        if plan.days is None:
            # Iceberg answers these two out of its metadata.
            bounds = self.rows(ARRIVALS, plan).selectExpr("min(event_ts)", "max(event_ts)")
            days = [moment.date() for moment in bounds.collect()[0] if moment is not None]
        else:
            days = sorted(plan.days)
        day = timedelta(days=1)
        today = datetime.now(UTC).date()
        return (days[0] - day, days[-1] + day) if days else (today, today)

    def _arrivals(self, plan: Plan, days: tuple[date, date]) -> DataFrame:
        """The rows that gold should hold for the days of the plan."""
        network = lines.Network(
            *([row.asDict() for row in self.rows(name, plan).collect()] for name in REFERENCES)
        )
        calendar = lines.Calendar.of(*days, self._festive)
        neighbours = (
            self._frame(lines.lines(network), lines.LINES_SCHEMA),
            self._frame(lines.stops(network), lines.STOPS_SCHEMA),
            self._frame(lines.headways(network, calendar.pairs), lines.HEADWAYS_SCHEMA),
        )
        weather = self.rows(WEATHER, plan, plan.where("obs_ts", self._reach))
        stretches = intervals(observations(weather), self.args.wx_recent_minutes)
        arrivals = self.rows(ARRIVALS, plan, plan.where("event_ts"))
        ranked = with_rank(arrivals, self._tasks(plan))
        timed = lines.with_headway(ranked, neighbours, calendar, self._zone)
        late = with_delay(timed, self.args.delay_ratio_thresh)
        return with_weather(late, stretches, self._severity)

    def _frame(self, rows: Any, schema: str) -> DataFrame:
        return self.lake.spark.createDataFrame(list(rows), schema, verifySchema=False)

    def _tasks(self, plan: Plan) -> int:
        """Enough that a task's rows fit its memory, no more than there are days."""
        total = self.lake.table(ARRIVALS).rows_held()
        by_size = min(_MOST_TASKS, 1 + total // _ROWS_A_TASK)
        return by_size if plan.days is None else max(1, min(by_size, len(plan.days)))
