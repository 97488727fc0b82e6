"""What each table of OpenWeather's gold should hold for the months that a run is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from domains.openweather.transforms import answers, dimensions, facts, observations
from domains.openweather.transforms.period import Keep
from jobs.gold import Lake, Output

GOLD: Final = "openweather_gold"
CONDITIONS: Final = "openweather/conditions"
DIM_CONDITION: Final = f"{GOLD}.dim_weather_condition"
_DATE_KEY: Final = "CAST(date_format(event_date, 'yyyyMMdd') AS int)"
_MONTHLY: Final[Mapping[str, Callable[[DataFrame], DataFrame]]] = {
    "q1_solar_hour_by_month": answers.solar_hour_by_month,
    "q2_wind_patterns": answers.wind_patterns,
    "q3_weather_main": answers.weather_kinds,
}


@dataclass(frozen=True)
class Sizes:
    """How long the lists are, and how much of a day makes a day."""

    best: int
    sectors: int
    least_hours: int


def _part(rows: DataFrame, where: Callable[[str], str]) -> Output:
    """A part of a table; `where` says which, given what stands before a column."""
    return Output(rows, (where(""), where("t.")), "event_date")


@dataclass(frozen=True)
class Parts:
    """What one run computes."""

    lake: Lake
    keep: Keep
    sizes: Sizes

    def of(self, silver: Callable[[str], DataFrame], known: DataFrame) -> dict[str, Output]:
        """Each table's part, of the rows of silver where something holds.

        `known` are the kinds of weather that gold has words for.
        """
        keep = self.keep
        compared = [(day.year, day.month) for day in (keep.today, answers.year_before(keep.today))]
        months = keep.where("event_year", "event_month", compared)
        rows = silver(f"{keep.of_names('city')} AND {months}")
        seen = rows.withColumn("city_key", _looked_up("city", keep.cities, by_name=True))
        groups = self.lake.catalog.data[CONDITIONS]["worst_first"]
        # Truncates the lineage: fourteen plans grow from here.
        every_hour = facts.hourly(seen, groups).localCheckpoint()
        asked = keep.where("event_year", "event_month")
        hours = every_hour.where(asked)
        days = facts.daily(hours).localCheckpoint()
        return {
            **self._dimensions(dimensions.conditions(seen.where(asked), known)),
            **self._monthly(hours, days),
            **self._compared(every_hour),
            **self._of_the_period(hours, days),
        }

    def _dimensions(self, conditions: DataFrame) -> dict[str, Output]:
        keep, data = self.keep, self.lake.catalog.data[observations.CITIES]
        conditions = conditions.persist()
        keys = [str(row[0]) for row in conditions.select("condition_key").collect()] or ["NULL"]
        dates, cities = f"{GOLD}.dim_date", f"{GOLD}.dim_city"
        return {
            dates: _part(
                self.lake.frame(dates, dimensions.days(keep.cells)),
                lambda t: keep.where(f"{t}year", f"{t}month"),
            ),
            cities: _part(
                self.lake.frame(cities, dimensions.cities(data, keep.cities)),
                lambda t: keep.of_cities(f"{t}city_key"),
            ),
            DIM_CONDITION: _part(conditions, lambda t: f"{t}condition_key IN ({', '.join(keys)})"),
        }

    def _monthly(self, hours: DataFrame, days: DataFrame) -> dict[str, Output]:
        def part(rows: DataFrame, year: str, month: str) -> Output:
            return self._of_cities(rows, lambda t: self.keep.where(f"{t}{year}", f"{t}{month}"))

        dated = {
            f"{GOLD}.{name}": part(
                rows.withColumn("date_key", F.expr(_DATE_KEY)), "event_year", "event_month"
            )
            for name, rows in (("fact_weather_hourly", hours), ("fact_weather_daily", days))
        }
        return dated | {
            f"{GOLD}.{name}": part(self._named(answer(hours)), "year", "month")
            for name, answer in _MONTHLY.items()
        }

    def _compared(self, hours: DataFrame) -> dict[str, Output]:
        today = self.keep.today
        cities = self.lake.spark.createDataFrame(
            [(key,) for key in self.keep.cities], "city_key string"
        )
        rows = self._named(answers.today_against_last_year(hours, cities, today))
        name = f"{GOLD}.q4_today_vs_last_year"
        return {name: self._of_cities(rows, lambda t: f"{t}date = DATE '{today}'")}

    def _of_the_period(self, hours: DataFrame, days: DataFrame) -> dict[str, Output]:
        count, least = self.sizes.best, self.sizes.least_hours
        found = {
            "q5_best_days_topk": answers.days_by_score(days, count, least, best=True),
            "q5_worst_days_topk": answers.days_by_score(days, count, least, best=False),
            "q6_wind_sector_topk": answers.wind_sectors(hours, self.sizes.sectors),
            "q7_temp_extremes_hottest_topk": answers.extreme_hours(hours, count, hottest=True),
            "q7_temp_extremes_coldest_topk": answers.extreme_hours(hours, count, hottest=False),
        }
        period = {name: F.lit(text) for name, text in self.keep.period.items()}
        return {
            f"{GOLD}.{name}": self._of_cities(
                self._named(rows).withColumns(period), self.keep.of_period
            )
            for name, rows in found.items()
        }

    def _of_cities(self, rows: DataFrame, where: Callable[[str], str]) -> Output:
        cities = self.keep.of_cities
        return _part(rows, lambda t: f"{cities(f'{t}city_key')} AND {where(t)}")

    def _named(self, rows: DataFrame) -> DataFrame:
        """An answer with its city's name, its columns called as people read them."""
        name = _looked_up("city_key", self.keep.cities, by_name=False)
        months = {"event_year": "year", "event_month": "month"}
        return rows.withColumn("city", name).withColumnsRenamed(months)


def _looked_up(column: str, cities: Mapping[str, str], *, by_name: bool) -> Column:
    """The lasting key of a city's name, or the name of a key."""
    pairs = [(name, key) if by_name else (key, name) for key, name in cities.items()]
    return F.create_map(*(F.lit(word) for pair in pairs for word in pair))[F.col(column)]
