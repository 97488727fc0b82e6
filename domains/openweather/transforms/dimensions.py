"""OpenWeather's dimensions: days, cities, kinds of weather."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from domains.openweather.transforms.period import Month

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SOUTH: Final = ("summer", "autumn", "winter", "spring")
_POLLED: Final = "airbyte"


def days(months: Iterable[Month]) -> list[dict[str, Any]]:
    """Each calendar day of some months."""
    found = []
    for year, month in sorted(months):
        day = date(year, month, 1)
        while day.month == month:
            found.append(_day(day))
            day += timedelta(days=1)
    return found


def _day(day: date) -> dict[str, Any]:
    week = day.isocalendar()
    return {
        "date_key": day.year * 10_000 + day.month * 100 + day.day,
        "date": day,
        "year": day.year,
        "quarter": (day.month + 2) // 3,
        "month": day.month,
        "month_name": _MONTHS[day.month - 1],
        "day": day.day,
        "day_of_year": day.timetuple().tm_yday,
        "iso_week": week.week,
        "day_of_week": week.weekday,
        "is_weekend": week.weekday > 5,
        "season_south": _SOUTH[day.month % 12 // 3],
    }


def cities(data: Mapping[str, Any], keys: Iterable[str]) -> list[dict[str, Any]]:
    """The catalogue's cities of these keys."""
    wanted = set(keys)
    return [
        {
            "city_key": city["key"],
            "city": city["name"],
            "country": city["country"],
            "lat": float(city["lat"]),
            "lon": float(city["lon"]),
            "timezone": city["zone"],
            "source_stream": city["stream"],
        }
        for city in data["cities"]
        if city["key"] in wanted
    ]


def conditions(seen: DataFrame, held: DataFrame) -> DataFrame:
    """Each kind of weather that was seen, in Spanish where a poll has said it.

    Files of history speak English: their words stand only until a poll brings better ones.
    """
    polled = F.col("source") == _POLLED
    order = F.struct(polled, F.col("event_ts_utc"), F.col("weather_icon"))
    found = (
        seen.where("weather_id IS NOT NULL AND weather_main IS NOT NULL")
        .groupBy(F.col("weather_id").alias("condition_key"))
        .agg(
            F.max_by("weather_main", order).alias("main"),
            F.max_by("weather_description", order).alias("description_es"),
            F.max_by("weather_icon", order).alias("_icon"),
            F.max(polled).alias("_polled"),
        )
        # The last letter tells day from night, which is no part of the kind.
        .withColumn("icon", F.regexp_replace("_icon", "[dn]$", "d"))
    )
    known = held.select(
        "condition_key",
        *(F.col(name).alias(f"_held_{name}") for name in ("main", "description_es", "icon")),
    )
    joined = found.join(F.broadcast(known), "condition_key", "left")
    keeps = ~F.col("_polled") & F.col("_held_main").isNotNull()
    return joined.select(
        "condition_key",
        *(
            F.when(keeps, F.col(f"_held_{name}")).otherwise(F.col(name)).alias(name)
            for name in ("main", "description_es", "icon")
        ),
    )
