"""OpenWeather's gold: dimensions, hours, days and seven answers, for the months that are asked for.

Whole months of a city are computed anew and put beside what the tables hold of these months; only
rows that differ are written, and a run for some months never touches others. All tables are staged
and audited before any is shown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from jobs import lakeio, merging, openweather, pipeline, publish, quality, serving, showing
from jobs import openweather_answers as answers
from jobs import openweather_dims as dims
from jobs import openweather_facts as facts
from jobs.lakeio import LakeTable
from jobs.openweather_keep import Keep, chosen
from jobs.publish import Staged
from lake import names
from lake.catalog import Catalog

JOB: Final = "weather_gold"
# Raised when a definition changes, so that a second try is not taken for the first.
DEFINITIONS: Final = 1
GOLD: Final = "openweather_gold"
CONDITIONS: Final = "openweather/conditions"
QUALITY: Final = "ops.quality"
_AT_ONCE: Final = 3  # small tables wait for plans and commits more than they compute
_STAMP: Final = "generated_at"


@dataclass(frozen=True)
class Sizes:
    """How long the lists are, and how much of a day makes a day."""

    best: int
    sectors: int
    least_hours: int


@dataclass(frozen=True)
class Part:
    """The rows that a table should hold in a part of it, said for its own columns and for `t`."""

    rows: DataFrame
    where: tuple[str, str]


def run(
    argv: Sequence[str], about: str | None = None, catalog: Catalog | None = None
) -> dict[str, Any]:
    """Brings gold up to date for what is asked; the answer is also written where they say."""
    catalog = catalog or Catalog.bundled()
    parser = _parser(about)
    args = parser.parse_args(list(argv))
    call = pipeline.call(parser, args)
    cities = chosen(catalog.data[openweather.CITIES], args.cities)

    def work() -> dict[str, Any]:
        spark = lakeio.session(JOB, args.warehouse)
        spark.conf.set("spark.sql.shuffle.partitions", str(args.shuffle_partitions))
        prefix = (
            names.database_prefix(args.db, GOLD)
            if args.db
            else lakeio.submitted(spark, "database_prefix")
        )
        sizes = Sizes(args.topk, args.sectors_topk, args.min_obs_hours)
        return Gold(spark, catalog, prefix, call, sizes).run(cities, args)

    return pipeline.finish(JOB, call, work)


def _parser(about: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=JOB, description=about, allow_abbrev=False)
    more = parser.add_argument
    more("--years-keep", metavar="Y,Y", type=_numbers, help="years; 2024, last and this one")
    more("--months-keep", metavar="M,M", type=_months, help="months; that of --compare-date")
    more("--cities", metavar="C,C", type=_words, help="by name; all of the catalogue")
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


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _numbers(text: str) -> list[int]:
    return [pipeline.positive(word) for word in _words(text)]


def _months(text: str) -> list[int]:
    found = _numbers(text)
    if any(month > 12 for month in found):
        raise argparse.ArgumentTypeError("months are 1 to 12")
    return found


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

    def run(self, cities: Mapping[str, str], args: argparse.Namespace) -> dict[str, Any]:
        """Brings the tables up to date, then what people read of them."""
        told = showing.tried(lambda: self._once(cities, args))
        answered = serving.serve(self._spark, self._catalog, JOB, self._databases, self._call, told)
        return {**told, "results": answered}

    def _once(self, cities: Mapping[str, str], args: argparse.Namespace) -> dict[str, Any]:
        head = self._silver.head()
        keep = Keep.of(
            cities,
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
        if head is None:
            return {"status": "unchanged", **told, "tables": {}, "quality": []}
        parts, kept = self._parts(keep, head)
        try:
            staged = self._stage(parts, self._token(keep, head))
            lakeio.kill_point("all_staged")
            verdicts = self._audit(staged, keep.today)
            told["quality"] = [one.said() for one in verdicts]
            told["tables"] = showing.show(staged, verdicts, told)
        finally:
            for frame in kept:
                frame.unpersist()
        return {"status": "published" if showing.changed(staged) else "unchanged", **told}

    # --- what the tables should hold ------------------------------------------------------

    def _parts(self, keep: Keep, head: int) -> tuple[dict[str, Part], list[DataFrame]]:
        """Each table's part of this run, and the frames that are kept in memory for it."""
        last_year = answers.year_before(keep.today)
        compared = [(day.year, day.month) for day in (keep.today, last_year)]
        months = keep.where("event_year", "event_month", compared)
        seen = self._silver.at(head, f"{keep.of_names('city')} AND {months}").withColumn(
            "city_key", _key_of(keep.cities)
        )
        groups = self._catalog.data[CONDITIONS]["worst_first"]
        every_hour = facts.hourly(seen, groups).localCheckpoint()
        asked = keep.where("event_year", "event_month")
        hours = every_hour.where(asked)
        days = facts.daily(hours).localCheckpoint()
        return {
            **self._dimensions(keep, seen.where(asked)),
            **self._monthly(keep, hours, days),
            **self._compared(keep, every_hour),
            **self._of_the_period(keep, hours, days),
        }, [every_hour, days]

    def _dimensions(self, keep: Keep, seen: DataFrame) -> dict[str, Part]:
        date_table, city_table = f"{GOLD}.dim_date", f"{GOLD}.dim_city"
        condition_table = f"{GOLD}.dim_weather_condition"
        months = keep.where("year", "month")
        known = self._rows(condition_table)
        conditions = dims.conditions(seen, known).persist()
        keys = [str(row[0]) for row in conditions.select("condition_key").collect()] or ["NULL"]
        listed = f"condition_key IN ({', '.join(keys)})"
        data = self._catalog.data[openweather.CITIES]
        return {
            date_table: Part(
                self._made(date_table, dims.days(keep.cells)),
                (months, keep.where("t.year", "t.month")),
            ),
            city_table: Part(
                self._made(city_table, dims.cities(data, keep.cities)),
                (keep.of_cities(), keep.of_cities("t.city_key")),
            ),
            condition_table: Part(conditions, (listed, f"t.{listed}")),
        }

    def _monthly(self, keep: Keep, hours: DataFrame, days: DataFrame) -> dict[str, Part]:
        def part(rows: DataFrame, year: str, month: str) -> Part:
            own = f"{keep.of_cities()} AND {keep.where(year, month)}"
            of_t = f"{keep.of_cities('t.city_key')} AND {keep.where(f't.{year}', f't.{month}')}"
            return Part(rows, (own, of_t))

        key = F.expr("CAST(date_format(event_date, 'yyyyMMdd') AS int)")
        return {
            f"{GOLD}.fact_weather_hourly": part(
                hours.withColumn("date_key", key), "event_year", "event_month"
            ),
            f"{GOLD}.fact_weather_daily": part(
                days.withColumn("date_key", key), "event_year", "event_month"
            ),
            **{
                f"{GOLD}.{name}": part(_named(answer(hours), keep), "year", "month")
                for name, answer in _MONTHLY.items()
            },
        }

    def _compared(self, keep: Keep, hours: DataFrame) -> dict[str, Part]:
        cities = self._spark.createDataFrame([(key,) for key in keep.cities], "city_key string")
        rows = answers.today_against_last_year(hours, cities, keep.today)
        day = f"date = DATE '{keep.today}'"
        own = f"{keep.of_cities()} AND {day}"
        return {
            f"{GOLD}.q4_today_vs_last_year": Part(
                _named(rows, keep), (own, f"{keep.of_cities('t.city_key')} AND t.{day}")
            )
        }

    def _of_the_period(self, keep: Keep, hours: DataFrame, days: DataFrame) -> dict[str, Part]:
        sizes = self._sizes
        found = {
            "q5_best_days_topk": answers.days_by_score(
                days, sizes.best, sizes.least_hours, best=True
            ),
            "q5_worst_days_topk": answers.days_by_score(
                days, sizes.best, sizes.least_hours, best=False
            ),
            "q6_wind_sector_topk": answers.wind_sectors(hours, sizes.sectors),
            "q7_temp_extremes_hottest_topk": answers.extreme_hours(hours, sizes.best, hottest=True),
            "q7_temp_extremes_coldest_topk": answers.extreme_hours(
                hours, sizes.best, hottest=False
            ),
        }
        own = f"{keep.of_cities()} AND {keep.of_period()}"
        of_t = f"{keep.of_cities('t.city_key')} AND {keep.of_period('t.')}"
        return {
            f"{GOLD}.{name}": Part(
                _named(rows, keep).withColumns(
                    {column: F.lit(text) for column, text in keep.period.items()}
                ),
                (own, of_t),
            )
            for name, rows in found.items()
        }

    def _all_years(self, head: int | None) -> list[int] | None:
        """The years that silver holds anything of, by its partitions."""
        if head is None:
            return None
        years = self._silver.at(head).select("event_year").distinct().collect()
        return sorted(int(row[0]) for row in years) or None

    # --- writing --------------------------------------------------------------------------

    def _stage(self, parts: Mapping[str, Part], token: str) -> dict[str, Staged]:
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
                token,
                {"lake.run": self._call.run},
                ignoring=frozenset({_STAMP}),
                marks=False,
            )

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(parts, pool.map(one, parts), strict=True))

    def _audit(self, staged: Mapping[str, Staged], today: date) -> list[quality.Verdict]:
        changed = [one for one in staged.values() if any(one.rows.values())]

        def look(one: Staged) -> list[quality.Verdict]:
            return quality.audit(one, "event_date", None, None, today)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            verdicts = [verdict for found in pool.map(look, changed) for verdict in found]
        if verdicts:
            table = self._catalog.table(QUALITY)
            quality.write(self._spark, self._table(QUALITY), table, verdicts, self._call.run)
        lakeio.kill_point("audited")
        return verdicts

    def _token(self, keep: Keep, head: int) -> str:
        """The same work has the same name, so that a second try clears away the first."""
        work = [DEFINITIONS, head, keep.period, sorted(keep.cities), keep.today.isoformat()]
        said = json.dumps([*work, vars(self._sizes)], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def _made(self, table_id: str, rows: list[dict[str, Any]]) -> DataFrame:
        return dims.frame(self._spark, rows, merging.columns(self._catalog.table(table_id)))

    def _rows(self, table_id: str) -> DataFrame:
        table = self._table(table_id)
        head = table.head()
        return self._made(table_id, []) if head is None else table.at(head)

    def _table(self, table_id: str) -> LakeTable:
        table = self._catalog.table(table_id)
        return LakeTable(self._spark, self._databases[table.database], table.name)


_MONTHLY: Final[Mapping[str, Callable[[DataFrame], DataFrame]]] = {
    "q1_solar_hour_by_month": answers.solar_hour_by_month,
    "q2_wind_patterns": answers.wind_patterns,
    "q3_weather_main": answers.weather_kinds,
}


def _key_of(cities: Mapping[str, str]) -> Any:
    """The lasting key of the city in a row."""
    pairs = [F.lit(word) for key, name in cities.items() for word in (name, key)]
    return F.create_map(*pairs)[F.col("city")]


def _named(rows: DataFrame, keep: Keep) -> DataFrame:
    """An answer with its city's name, its columns called as people read them."""
    pairs = [F.lit(word) for key, name in keep.cities.items() for word in (key, name)]
    named = rows.withColumn("city", F.create_map(*pairs)[F.col("city_key")])
    return named.withColumnsRenamed({"event_year": "year", "event_month": "month"})


def _typed(columns: str) -> list[tuple[str, str]]:
    pairs = (column.partition(" ") for column in columns.split(", "))
    return [(name.strip("`"), kind) for name, _, kind in pairs]
