"""OpenWeather's facts: each hour and each day of a place, by its own clocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from domains.openweather.transforms import solar
from jobs.exact import mean, total

_DAY: Final = ("city_key", "event_year", "event_month", "event_date")
HOUR: Final = (*_DAY, "event_hour")
# A direction that all hours together do not have: as much wind from one side as from the other.
_NO_DIRECTION: Final = 1e-9


def mean_direction(name: str) -> Column:
    """Where several directions point together: of 350 and 10 degrees it is north, not south."""
    angle = F.radians(F.col(name))
    east, north = (mean(part) for part in (F.sin(angle), F.cos(angle)))
    pointed = F.pmod(F.round(F.degrees(F.atan2(east, north)), 3), F.lit(360.0))
    return F.when(F.sqrt(east * east + north * north) > _NO_DIRECTION, pointed)


def sector(direction: Column) -> Column:
    """The sixteenth of the compass that a direction lies in."""
    names = F.array(*(F.lit(name) for name in solar.SECTORS))
    width = 360 / len(solar.SECTORS)
    place = F.floor((F.pmod(direction, F.lit(360.0)) + width / 2) / width) % len(solar.SECTORS)
    return F.get(names, place.cast("int"))


def measures() -> list[Column]:
    """What an hour and a day both say, out of rows that are called as silver's are."""
    return [
        *(mean(name).alias(f"avg_{name}") for name in ("temp_c", "feels_like_c")),
        F.min("temp_c").alias("min_temp_c"),
        F.max("temp_c").alias("max_temp_c"),
        *(
            mean(name).alias(f"avg_{name}")
            for name in ("humidity_pct", "pressure_hpa", "visibility_m", "clouds_pct")
        ),
        mean("wind_speed_ms").alias("avg_wind_speed_ms"),
        F.max("wind_speed_ms").alias("max_wind_speed_ms"),
        F.max("wind_gust_ms").alias("max_wind_gust_ms"),
        mean_direction("wind_deg").alias("wind_dir_deg"),
        total("rain_1h_mm").alias("rain_mm"),
        total("snow_1h_mm").alias("snow_mm"),
        mean("est_ghi_wm2").alias("est_ghi_wm2"),
        mean("wind_power_wm2").alias("wind_power_wm2"),
    ]


def commonest(groups: Sequence[str]) -> Column:
    """The weather that was seen most often; of equals the worse. `groups` has the worst first."""
    place = F.coalesce(
        *(F.when(F.col("weather_main") == name, len(groups) - n) for n, name in enumerate(groups)),
        F.lit(0),
    )
    return F.struct(F.col("_times"), place, F.col("weather_id"), F.col("weather_main"))


def hourly(rows: DataFrame, groups: Sequence[str]) -> DataFrame:
    """One row for each hour of each place in which it was observed."""
    times = rows.groupBy(*HOUR, "weather_id", "weather_main").agg(F.count("*").alias("_times"))
    seen = times.groupBy(*HOUR).agg(F.max(commonest(groups)).alias("_seen"))
    hours = rows.groupBy(*HOUR).agg(F.count("*").alias("obs_count"), *measures())
    return (
        hours.join(seen, list(HOUR))
        .withColumn("condition_key", F.col("_seen.weather_id"))
        .withColumn("weather_main", F.col("_seen.weather_main"))
        .withColumn("wind_sector", sector(F.col("wind_dir_deg")))
        .drop("_seen")
    )


def daily(hours: DataFrame, calm_below_ms: float = solar.CALM_MS) -> DataFrame:
    """One row for each day of each place, out of its hours; each hour weighs the same."""
    days = hours.groupBy(*_DAY).agg(
        F.count("*").alias("hours_observed"),
        F.sum("obs_count").alias("obs_count"),
        *(
            mean(name).alias(name)
            for name in (
                "avg_temp_c",
                "avg_feels_like_c",
                "avg_humidity_pct",
                "avg_pressure_hpa",
                "avg_visibility_m",
                "avg_clouds_pct",
                "avg_wind_speed_ms",
                "est_ghi_wm2",
                "wind_power_wm2",
            )
        ),
        F.min("min_temp_c").alias("min_temp_c"),
        F.max("max_temp_c").alias("max_temp_c"),
        F.max("max_wind_speed_ms").alias("max_wind_speed_ms"),
        F.max("max_wind_gust_ms").alias("max_wind_gust_ms"),
        mean_direction("wind_dir_deg").alias("wind_dir_deg"),
        total("rain_mm").alias("rain_mm"),
        total("snow_mm").alias("snow_mm"),
        F.count_if(F.col("est_ghi_wm2") > 0).alias("sun_hours"),
        F.count_if(F.col("avg_wind_speed_ms") < calm_below_ms).alias("calm_hours"),
    )
    month = Window.partitionBy("city_key", "event_year", "event_month")
    return days.withColumn(
        "combined_score",
        (scaled("est_ghi_wm2", month) + scaled("wind_power_wm2", month)) / 2,
    ).withColumn("wind_sector", sector(F.col("wind_dir_deg")))


def scaled(name: str, among: WindowSpec) -> Column:
    """From 0, the least of them, to 1, the most; where all are equal, in the middle."""
    least, most = F.min(name).over(among), F.max(name).over(among)
    return F.when(most > least, (F.col(name) - least) / (most - least)).when(
        F.col(name).isNotNull(), F.lit(0.5)
    )
