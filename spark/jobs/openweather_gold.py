"""OpenWeather's gold: dimensions, hours, days and seven answers, for the months that are asked for.

Whole months of a city are computed anew and put beside what the tables hold of these months; only
rows that differ are written, and a run for some months never touches others. All tables are staged
and audited before any is shown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from jobs import lakeio, merging, openweather, pipeline, publish, quality, serving, showing
from jobs import openweather_dims as dims
from jobs.lakeio import LakeTable
from jobs.openweather_keep import Keep, chosen, named
from jobs.openweather_parts import CONDITIONS, DIM_CONDITION, GOLD, LAST, Part, Parts, Sizes
from jobs.publish import Staged
from lake import names
from lake.catalog import Catalog

JOB: Final = "weather_gold"
# Raised when a definition changes, so that a second try is not taken for the first.
DEFINITIONS: Final = 1
QUALITY: Final = "ops.quality"
_AT_ONCE: Final = 3  # small tables wait for plans and commits more than they compute
_STAMP: Final = "generated_at"
_WORK: Final = "lake.work"


def run(
    argv: Sequence[str], about: str | None = None, catalog: Catalog | None = None
) -> dict[str, Any]:
    """Brings gold up to date for what is asked; the answer is also written where they say."""
    known = catalog or Catalog.bundled()

    def work(args: argparse.Namespace, call: pipeline.Call) -> dict[str, Any]:
        spark = lakeio.session(JOB, args.warehouse)
        spark.conf.set("spark.sql.shuffle.partitions", str(args.shuffle_partitions))
        prefix = lakeio.database_prefix(spark, args.db, GOLD)
        sizes = Sizes(args.topk, args.sectors_topk, args.min_obs_hours)
        return Gold(spark, known, prefix, call, sizes).run(args)

    return pipeline.run(JOB, _parser(about, known), argv, work)


def _parser(about: str | None, catalog: Catalog) -> argparse.ArgumentParser:
    city = named(catalog.data[openweather.CITIES])
    parser = argparse.ArgumentParser(prog=JOB, description=about, allow_abbrev=False)
    more, several = parser.add_argument, pipeline.listed
    more(
        "--years-keep",
        metavar="Y,Y",
        type=several(pipeline.positive),
        help="years; 2024, last and this one",
    )
    more(
        "--months-keep", metavar="M,M", type=several(_month), help="months; that of --compare-date"
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
    more("--min-obs-hours", metavar="N", type=pipeline.positive, default=6, help="of a day in Q5")
    more("--warehouse", metavar="URI", help="root of the gold tables; as submitted by default")
    more("--db", metavar="NAME", help="database that is written; as submitted by default")
    pipeline.add_arguments(parser)
    return parser


def _month(text: str) -> int:
    month = pipeline.positive(text)
    if month > 12:
        raise argparse.ArgumentTypeError("months are 1 to 12")
    return month


class Gold:
    """One run."""

    def __init__(
        self, spark: SparkSession, catalog: Catalog, prefix: str, call: pipeline.Call, sizes: Sizes
    ) -> None:
        self._spark, self._catalog, self._call, self._sizes = spark, catalog, call, sizes
        self._databases = {
            name: names.physical_database(prefix, name)
            for name in (GOLD, "openweather_silver", "ops")
        }
        self._silver = self._table(openweather.TABLE)

    def run(self, args: argparse.Namespace) -> dict[str, Any]:
        """Brings the tables up to date, then what people read of them."""
        told = showing.tried(lambda: self._once(args))
        answered = serving.serve(self._spark, self._catalog, JOB, self._databases, self._call, told)
        return {**told, "results": answered}

    def _once(self, args: argparse.Namespace) -> dict[str, Any]:
        head = self._silver.head()
        keep = Keep.of(
            chosen(self._catalog.data[openweather.CITIES], args.cities),
            args.compare_date or self._call.business_date,
            args.years_keep or (self._all_years(head) if self._call.full else None),
            args.months_keep or (range(1, 13) if self._call.full else None),
            self._call.backfill,
        )
        told: dict[str, Any] = {
            **keep.period,
            "cities": list(keep.cities.values()),
            "compare_date": keep.today.isoformat(),
        }
        work = self._work(keep, head)
        if head is None or (not self._call.full and self._table(LAST).property(_WORK) == work):
            return {"status": "unchanged", **told, "tables": {}, "quality": []}
        parts = Parts(self._spark, self._catalog, keep, self._sizes)
        found = parts.of(self._silver, head, self._conditions())
        staged = self._stage(found, work)
        lakeio.kill_point("all_staged")
        verdicts = self._audit(staged, found, keep.today)
        told["quality"] = [one.said() for one in verdicts]
        told["tables"] = showing.show(staged, verdicts, told)
        return {"status": "published" if showing.changed(staged) else "unchanged", **told}

    def _all_years(self, head: int | None) -> list[int] | None:
        """The years that silver holds anything of, by its partitions."""
        if head is None:
            return None
        years = self._silver.at(head).select("event_year").distinct().collect()
        return sorted(int(row[0]) for row in years) or None

    # --- writing --------------------------------------------------------------------------

    def _stage(self, parts: Mapping[str, Part], work: str) -> dict[str, Staged]:
        """Every table's rows beside what readers see; the last one shown bears the work's name."""

        def one(table_id: str) -> Staged:
            part, table = parts[table_id], self._catalog.table(table_id)
            stamped = part.rows.withColumn(_STAMP, F.lit(self._call.started).cast("timestamp_ntz"))
            types = dict(_typed(merging.columns(table)))
            rows = stamped.select(*(F.col(name).cast(types[name]) for name in types))
            return publish.stage(
                table,
                self._table(table_id),
                rows,
                part.where,
                work,
                {"lake.run": self._call.run, _WORK: work},
                ignoring=frozenset({_STAMP}),
                marks=table_id == LAST,
            )

        if list(parts)[-1] != LAST:
            raise ValueError(f"{LAST} is to be shown when all others are")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(parts, pool.map(one, parts), strict=True))

    def _audit(
        self, staged: Mapping[str, Staged], parts: Mapping[str, Part], today: date
    ) -> list[quality.Verdict]:
        changed = [name for name, one in staged.items() if any(one.rows.values())]

        def look(table_id: str) -> list[quality.Verdict]:
            # The part of this run alone: a look at all of history would cost more each night.
            where = parts[table_id].where[0]
            return quality.audit(staged[table_id], "event_date", where, None, today)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            verdicts = [verdict for found in pool.map(look, changed) for verdict in found]
        if verdicts:
            table = self._catalog.table(QUALITY)
            quality.write(self._spark, self._table(QUALITY), table, verdicts, self._call.run)
        lakeio.kill_point("audited")
        return verdicts

    def _work(self, keep: Keep, head: int | None) -> str:
        """The same work has the same name: it is not done twice, and a second try clears away
        the first."""
        data = [self._catalog.data[name] for name in (CONDITIONS, openweather.CITIES)]
        asked = [keep.period, sorted(keep.cities), keep.today.isoformat(), vars(self._sizes)]
        said = json.dumps([DEFINITIONS, head, asked, data], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def _conditions(self) -> DataFrame:
        """The kinds of weather that gold has words for."""
        table = self._table(DIM_CONDITION)
        head = table.head()
        if head is not None:
            return table.at(head)
        return dims.frame(self._spark, [], merging.columns(self._catalog.table(DIM_CONDITION)))

    def _table(self, table_id: str) -> LakeTable:
        table = self._catalog.table(table_id)
        return LakeTable(self._spark, self._databases[table.database], table.name)


def _typed(columns: str) -> list[tuple[str, str]]:
    pairs = (column.partition(" ") for column in columns.split(", "))
    return [(name.strip("`"), kind) for name, _, kind in pairs]
