"""OpenWeather's gold: dimensions, hours, days and seven answers, for the months that are asked for.

Whole months of a city are computed anew and put beside what the tables hold of these months; only
rows that differ are written, and a run for some months never touches others.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import SparkSession

from domains.openweather.transforms import observations
from domains.openweather.transforms.gold_parts import CONDITIONS, DIM_CONDITION, GOLD, Parts, Sizes
from domains.openweather.transforms.period import Keep, chosen, named
from jobs import gold, lakeio, pipeline
from jobs.gold import Output, Work
from jobs.lakeio import LakeTable
from jobs.publish import Staged
from lake import names
from lake.catalog import Catalog

# Raised when a definition changes, so that a second try is not taken for the first.
DEFINITIONS = 1


def run(
    argv: Sequence[str], about: str | None = None, catalog: Catalog | None = None
) -> dict[str, Any]:
    """Brings gold up to date for what is asked."""
    return gold.run(Gold, argv, about, catalog)


@dataclass(frozen=True)
class Scope:
    """The months that are computed, and the snapshot of silver that they are computed from."""

    keep: Keep
    head: int | None


class Gold(gold.Job[Scope]):
    """Whole months of some cities."""

    name = "weather_gold"
    state = "lake.work"
    stamp = "generated_at"
    each_bears = False

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser, catalog: Catalog) -> None:
        city = named(catalog.data[observations.CITIES])
        more, several = parser.add_argument, pipeline.listed
        more(
            "--years-keep",
            metavar="Y,Y",
            type=several(pipeline.positive),
            help="years; 2024, last and this one",
        )
        more(
            "--months-keep",
            metavar="M,M",
            type=several(_month),
            help="months; that of --compare-date",
        )
        more("--cities", metavar="C,C", type=several(city), help="by name; all of the catalogue")
        more("--compare-date", metavar="D", type=date.fromisoformat, help="the day of Q4; --date")
        more("--shuffle-partitions", metavar="N", type=pipeline.positive, default=8)
        more(
            "--max-records-per-file",
            metavar="N",
            type=pipeline.positive,
            default=50_000,
            help="a bound that no file comes near: partitions are days and months",
        )
        more("--topk", metavar="N", type=pipeline.positive, default=10, help="length of Q5 and Q7")
        more("--sectors-topk", metavar="N", type=pipeline.positive, default=5, help="length of Q6")
        more(
            "--min-obs-hours", metavar="N", type=pipeline.positive, default=6, help="of a day in Q5"
        )
        more("--warehouse", metavar="URI", help="root of the gold tables; as submitted by default")
        more("--db", metavar="NAME", help="database that is written; as submitted by default")

    @staticmethod
    def databases(spark: SparkSession, args: argparse.Namespace) -> dict[str, str]:
        prefix = lakeio.database_prefix(spark, args.db, GOLD)
        return {
            name: names.physical_database(prefix, name)
            for name in (GOLD, "openweather_silver", "ops")
        }

    def __init__(self, lake: gold.Lake, args: argparse.Namespace) -> None:
        super().__init__(lake, args)
        lake.spark.conf.set("spark.sql.shuffle.partitions", str(args.shuffle_partitions))
        self._sizes = Sizes(args.topk, args.sectors_topk, args.min_obs_hours)

    @property
    def before(self) -> date:
        return self.args.compare_date or self.lake.call.business_date

    def plan(self, targets: Mapping[str, LakeTable]) -> Work[Scope]:  # noqa: ARG002
        args, call, data = self.args, self.lake.call, self.lake.catalog.data
        head = self.lake.table(observations.TABLE).head()
        keep = Keep.of(
            chosen(data[observations.CITIES], args.cities),
            self.before,
            args.years_keep or (self._all_years(head) if call.full else None),
            args.months_keep or (range(1, 13) if call.full else None),
            call.backfill,
        )
        asked = [keep.period, sorted(keep.cities), keep.today.isoformat(), vars(self._sizes)]
        token = gold.token(
            DEFINITIONS, head, asked, [data[name] for name in (CONDITIONS, observations.CITIES)]
        )
        report = {
            **keep.period,
            "cities": list(keep.cities.values()),
            "compare_date": keep.today.isoformat(),
        }
        return Work(Scope(keep, head), token, token, report, asked=call.full, empty=head is None)

    def compute(
        self,
        work: Work[Scope],
        staged: Mapping[str, Staged],  # noqa: ARG002
    ) -> dict[str, Output]:
        keep, head = work.scope.keep, work.scope.head
        known = self.lake.table(DIM_CONDITION).head()
        parts = Parts(self.lake, keep, self._sizes)
        return parts.of(
            lambda where: self.lake.rows(observations.TABLE, head, where),
            self.lake.rows(DIM_CONDITION, known),
        )

    def _all_years(self, head: int | None) -> list[int] | None:
        """The years that silver holds anything of, by its partitions."""
        years = self.lake.rows(observations.TABLE, head).select("event_year").distinct().collect()
        return sorted(int(row[0]) for row in years) or None


def _month(text: str) -> int:
    month = pipeline.positive(text)
    if month > 12:
        raise argparse.ArgumentTypeError("months are 1 to 12")
    return month
