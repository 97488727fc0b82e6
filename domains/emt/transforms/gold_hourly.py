"""Definition 12 of gold: each hour of each line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from jobs.exact import BILLIONTHS, mean

_MEANS: Final = ("delay_ratio", "expected_headway_min", "temp_c", "wind_kph", "precip_mm")


def hourly(arrivals: DataFrame, severities: Sequence[str]) -> DataFrame:
    """The cells of the arrivals given; `severities` has the worst first."""
    names = F.array(*(F.lit(name) for name in severities))
    is_level = [F.when(F.col("weather_severity") == name, n) for n, name in enumerate(severities)]
    place = F.coalesce(*is_level)
    cells = arrivals.groupBy(
        F.date_trunc("hour", "event_ts").cast("timestamp_ntz").alias("event_hour"), "line"
    ).agg(
        F.count("*").alias("total_preds"),
        F.count("delayed").alias("rated_preds"),
        F.count_if("delayed").alias("delayed_preds"),
        F.count("weather_severity").alias("weather_preds"),
        F.count_if("weather_adverse").alias("adverse_preds"),
        F.count_if("delay_weather_attributed").alias("weather_attrib_delays"),
        *(mean(name, BILLIONTHS).alias(f"avg_{name}") for name in _MEANS),
        F.min(place).alias("_worst"),
    )
    return cells.select(
        "event_hour",
        "line",
        "total_preds",
        "rated_preds",
        "delayed_preds",
        rate("delayed_preds", "rated_preds").alias("delay_rate"),
        "weather_preds",
        "adverse_preds",
        rate("adverse_preds", "weather_preds").alias("adverse_rate"),
        "weather_attrib_delays",
        rate("weather_attrib_delays", "rated_preds").alias("weather_attrib_rate"),
        rate("weather_attrib_delays", "delayed_preds").alias("weather_share_of_delays"),
        *(f"avg_{name}" for name in _MEANS),
        F.get(names, F.col("_worst")).alias("worst_severity"),
    )


def rate(part: str, whole: str) -> Column:
    """A part of a whole; of nothing there is none."""
    return F.when(F.col(whole) > 0, F.col(part) / F.col(whole))
