"""The seven questions of OpenWeather, each answered out of the facts of hours and days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from domains.openweather.transforms import solar
from jobs.exact import mean, total

MONTH: Final = ("city_key", "event_year", "event_month")
# The metrics of "today against last year", and what each is of an hour.
COMPARED: Final = {
    "temp_c": "avg_temp_c",
    "humidity_pct": "avg_humidity_pct",
    "wind_speed_ms": "avg_wind_speed_ms",
    "clouds_pct": "avg_clouds_pct",
    "rain_mm": "rain_mm",
    "est_ghi_wm2": "est_ghi_wm2",
    "wind_power_wm2": "wind_power_wm2",
}
MARKS: Final = ("_now", "_then")
_SUMMED: Final = frozenset({"rain_mm"})
_CLEAR: Final = "Clear"


def solar_hour_by_month(hours: DataFrame) -> DataFrame:
    """Q1: which hour of the day has the most sun, month by month."""
    found = hours.groupBy(*MONTH, "event_hour").agg(
        F.sum("obs_count").alias("obs_count"),
        F.count_distinct("event_date").alias("days_covered"),
        mean("est_ghi_wm2").alias("avg_est_ghi_wm2"),
        mean("avg_clouds_pct").alias("avg_clouds_pct"),
    )
    best = Window.partitionBy(*MONTH).orderBy(
        F.col("avg_est_ghi_wm2").desc_nulls_last(), "event_hour"
    )
    has_sun = F.coalesce(F.col("avg_est_ghi_wm2") > 0, F.lit(False))
    return found.withColumn("hour_rank", F.row_number().over(best)).withColumn(
        "is_best_hour", (F.col("hour_rank") == 1) & has_sun
    )


def wind_patterns(hours: DataFrame) -> DataFrame:
    """Q2: how the wind goes through the day, month by month, and from where it mostly comes."""
    cell = (*MONTH, "event_hour")
    found = hours.groupBy(*cell).agg(
        F.sum("obs_count").alias("obs_count"),
        mean("avg_wind_speed_ms").alias("wind_mean_ms"),
        F.expr("percentile(avg_wind_speed_ms, 0.9D)").alias("wind_p90_ms"),
        F.max("max_wind_speed_ms").alias("wind_max_ms"),
        (F.count_if(is_calm()) / F.count("avg_wind_speed_ms")).alias("calm_share"),
        mean("wind_power_wm2").alias("wind_power_mean_wm2"),
    )
    sectors = blowing(hours).groupBy(*cell, "wind_sector").agg(F.count("*").alias("_hours"))
    most = Window.partitionBy(*cell).orderBy(F.col("_hours").desc(), place("wind_sector"))
    every = Window.partitionBy(*cell)
    prevailing = (
        sectors.withColumn("_place", F.row_number().over(most))
        .withColumn("sector_share", F.col("_hours") / F.sum("_hours").over(every))
        .where("_place = 1")
        .select(*cell, F.col("wind_sector").alias("prevailing_sector"), "sector_share")
    )
    return found.join(prevailing, list(cell), "left")


def weather_kinds(hours: DataFrame) -> DataFrame:
    """Q3: what each kind of weather leaves of sun and wind, beside a clear sky of the month."""
    found = (
        hours.where("weather_main IS NOT NULL")
        .groupBy(*MONTH, "weather_main")
        .agg(
            F.count("*").alias("hours"),
            mean("est_ghi_wm2").alias("avg_est_ghi_wm2"),
            mean("wind_power_wm2").alias("avg_wind_power_wm2"),
        )
    )
    month = Window.partitionBy(*MONTH)

    def against_clear(name: str) -> Column:
        clear = F.max(F.when(F.col("weather_main") == _CLEAR, F.col(name))).over(month)
        return F.when(clear != 0, 100 * (F.col(name) - clear) / clear)

    return found.select(
        "*",
        (F.col("hours") / F.sum("hours").over(month)).alias("share"),
        against_clear("avg_est_ghi_wm2").alias("ghi_change_vs_clear_pct"),
        against_clear("avg_wind_power_wm2").alias("wind_change_vs_clear_pct"),
    )


def year_before(day: date) -> date:
    """The same day of last year; the 29th of February has the 28th."""
    if (day.month, day.day) == (2, 29):
        day -= timedelta(days=1)
    return day.replace(year=day.year - 1)


def today_against_last_year(hours: DataFrame, cities: DataFrame, today: date) -> DataFrame:
    """Q4: a day beside the same day a year ago, over the hours that both have.

    A city without such hours has its rows too: that nothing can be said is an answer.
    """
    last = year_before(today)
    of_today, of_last = (
        hours.where(F.col("event_date") == F.lit(day)).select(
            "city_key",
            "event_hour",
            *(F.col(of).alias(f"{name}{mark}") for name, of in COMPARED.items()),
        )
        for day, mark in ((today, "_now"), (last, "_then"))
    )
    both = of_today.join(of_last, ["city_key", "event_hour"])

    def value(name: str, mark: str) -> Column:
        # An hour counts for a metric when both days have measured it.
        measured = F.col(f"{name}_now").isNotNull() & F.col(f"{name}_then").isNotNull()
        both_have = F.when(measured, F.col(f"{name}{mark}"))
        return total(both_have) if name in _SUMMED else mean(both_have)

    sums = both.groupBy("city_key").agg(
        F.count("*").alias("n_hours_matched"),
        *(value(name, mark).alias(f"{name}{mark}") for name in COMPARED for mark in MARKS),
    )
    listed = F.explode(
        F.array(
            *(
                F.struct(
                    F.lit(name).alias("metric"),
                    F.col(f"{name}_now").alias("value_today"),
                    F.col(f"{name}_then").alias("value_last_year"),
                )
                for name in COMPARED
            )
        )
    ).alias("_one")
    difference = F.col("value_today") - F.col("value_last_year")
    return (
        cities.select("city_key")
        .join(sums, "city_key", "left")
        .select(
            "city_key", F.coalesce("n_hours_matched", F.lit(0)).alias("n_hours_matched"), listed
        )
        .select(
            "city_key",
            F.lit(today).alias("date"),
            F.lit(last).alias("baseline_date"),
            "_one.*",
            "n_hours_matched",
        )
        .withColumn("diff", difference)
        .withColumn(
            "diff_pct",
            F.when(F.col("value_last_year") != 0, 100 * F.col("diff") / F.abs("value_last_year")),
        )
    )


def days_by_score(days: DataFrame, count: int, least_hours: int, *, best: bool) -> DataFrame:
    """Q5: the days with the most, or the least, of sun and wind together."""
    score = F.col("combined_score")
    order = Window.partitionBy("city_key").orderBy(score.desc() if best else score, "event_date")
    return (
        days.where((F.col("hours_observed") >= least_hours) & score.isNotNull())
        .withColumn("rank", F.row_number().over(order))
        .withColumn("days_ranked", F.count("*").over(Window.partitionBy("city_key")))
        .where(F.col("rank") <= count)
        .select(
            "city_key",
            "rank",
            "event_date",
            "combined_score",
            F.col("est_ghi_wm2").alias("avg_est_ghi_wm2"),
            F.col("wind_power_wm2").alias("avg_wind_power_wm2"),
            "hours_observed",
            "days_ranked",
        )
    )


def wind_sectors(hours: DataFrame, count: int) -> DataFrame:
    """Q6: from where the wind comes most, calm hours aside."""
    found = (
        blowing(hours)
        .groupBy("city_key", "wind_sector")
        .agg(
            F.count("*").alias("hours"),
            mean("avg_wind_speed_ms").alias("wind_mean_ms"),
            mean("wind_power_wm2").alias("wind_power_mean_wm2"),
        )
    )
    city = Window.partitionBy("city_key")
    order = city.orderBy(F.col("hours").desc(), place("wind_sector"))
    return (
        found.withColumn("share", F.col("hours") / F.sum("hours").over(city))
        .withColumn("rank", F.row_number().over(order))
        .where(F.col("rank") <= count)
        .withColumn("sector_center_deg", place("wind_sector") * (360 / len(solar.SECTORS)))
    )


def extreme_hours(hours: DataFrame, count: int, *, hottest: bool) -> DataFrame:
    """Q7: the hottest, or the coldest, hours; of one day only the first such."""
    temperature = F.col("max_temp_c" if hottest else "min_temp_c")
    first = temperature.desc() if hottest else temperature
    order = [first, F.col("event_date"), F.col("event_hour")]
    day, city = Window.partitionBy("city_key", "event_date"), Window.partitionBy("city_key")
    return (
        hours.where(temperature.isNotNull())
        .withColumn("hours_seen", F.count("*").over(city))
        .withColumn("_of_day", F.row_number().over(day.orderBy(*order)))
        .where("_of_day = 1")
        .withColumn("rank", F.row_number().over(city.orderBy(*order)))
        .where(F.col("rank") <= count)
        .select(
            "city_key",
            "rank",
            "event_date",
            F.expr("CAST(event_date AS timestamp_ntz) + make_dt_interval(0, event_hour)").alias(
                "event_ts_local"
            ),
            temperature.alias("temp_c"),
            "weather_main",
            F.col("avg_humidity_pct").alias("humidity_pct"),
            "hours_seen",
        )
    )


def is_calm() -> Column:
    """Too little wind to have a direction."""
    return F.col("avg_wind_speed_ms") < solar.CALM_MS


def blowing(hours: DataFrame) -> DataFrame:
    """The hours whose wind comes from somewhere."""
    return hours.where(~is_calm() & F.col("wind_sector").isNotNull())


def place(name: str) -> Column:
    """A sector's number, clockwise from north."""
    listed = ", ".join(f"'{one}'" for one in solar.SECTORS)
    return F.expr(f"array_position(array({listed}), {name}) - 1")
