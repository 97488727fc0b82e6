"""Definitions 9 to 11 of gold: the nearest observation, how bad it is, what went with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from lake.errors import CatalogError

INDICATORS: Final = ("precip_mm", "wind_kph", "vis_km")
SHOWN: Final = (
    "temp_c",
    "wind_kph",
    "precip_mm",
    "vis_km",
    "condition_text",
    "air_pm10",
    "air_pm2_5",
)
_MINUTE_US: Final = 60_000_000
_BUCKET_US: Final = 30 * _MINUTE_US


def micros(moment: Column) -> Column:
    """An instant as a number; the session's zone is UTC, as every stored instant is."""
    return F.unix_micros(moment.cast("timestamp"))


def observations(weather: DataFrame) -> DataFrame:
    """One for each place and moment, the newest that came; then one for each moment.

    Where several places speak for one moment, the first by name does: always the same one.
    """
    columns = ["obs_ts", *SHOWN]
    # Everything after the ingest only settles what came at once, so that no run differs.
    said = F.struct("ingest_ts", "source", *SHOWN)
    newest = weather.groupBy("location_name", "obs_ts").agg(F.max(said).alias("said"))
    first = newest.groupBy("obs_ts").agg(F.min_by("said", "location_name").alias("said"))
    return first.select("obs_ts", "said.*").select(*columns)


def intervals(observed: DataFrame, within_minutes: int) -> DataFrame:
    """Each observation with the stretches of time to which none is nearer.

    The middle between two belongs to the earlier. Cut into buckets of time, so that a moment
    finds its one observation by an equal key and no row is ever multiplied.
    """
    reach = within_minutes * _MINUTE_US
    in_time = Window.orderBy("_at")
    before, after = F.lag("_at").over(in_time), F.lead("_at").over(in_time)
    first = F.greatest(F.col("_at") - reach, F.expr("(_at + _before) div 2") + 1)
    last = F.least(F.col("_at") + reach, F.expr("(_at + _after) div 2"))
    return (
        observed.withColumn("_at", micros(F.col("obs_ts")))
        .withColumns({"_before": before, "_after": after})
        .withColumns({"_from": first, "_until": last})
        .withColumn(
            "_bucket", F.expr(f"explode(sequence({_bucket('_from')}, {_bucket('_until')}))")
        )
        .select("_bucket", "_from", "_until", "_at", "obs_ts", *SHOWN)
    )


def _bucket(name: str) -> str:
    return f"{name} div {_BUCKET_US}L"


@dataclass(frozen=True)
class Severity:
    """The catalogue's table of limits, the worst level first."""

    levels: tuple[tuple[str, Mapping[str, Mapping[str, float]]], ...]
    otherwise: str
    adverse: frozenset[str]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Severity:
        """Out of the catalogue's data; a word it does not know is an error, never a fair day."""
        try:
            levels = tuple(
                (
                    str(level["severity"]),
                    {name: level[name] for name in level if name != "severity"},
                )
                for level in data["levels"]
            )
            found = cls(levels, str(data["otherwise"]), frozenset(data["adverse"]))
        except (KeyError, TypeError) as error:
            raise CatalogError(f"the weather severities cannot be read: {error}") from error
        limits = [(name, kind) for _, level in levels for name in level for kind in level[name]]
        for name, kind in limits:
            if name not in INDICATORS or kind not in ("at_least", "below"):
                raise CatalogError(f"the weather severities name an unknown limit: {name} {kind}")
        if not found.adverse <= set(found.names):
            raise CatalogError("a severity that is adverse is no level of the table")
        return found

    @property
    def names(self) -> Sequence[str]:
        """All levels, the worst first."""
        return [*(name for name, _ in self.levels), self.otherwise]

    def column(self, is_observed: Column) -> Column:
        """The worst level of which one limit is met; null without an observation."""
        found = F.when(~is_observed, F.lit(None).cast("string"))
        for name, limits in self.levels:
            met = F.lit(False)
            for indicator, limit in limits.items():
                for kind, bound in limit.items():
                    value = F.col(indicator)
                    over = value >= bound if kind == "at_least" else value < bound
                    met = met | F.coalesce(over, F.lit(False))
            found = found.when(met, name)
        return found.otherwise(self.otherwise)

    def is_adverse(self, severity: Column) -> Column:
        """Whether a level is bad for buses; null without an observation."""
        return severity.isin(*sorted(self.adverse))


def attributed(delayed: Column, adverse: Column) -> Column:
    """Delayed while the weather was adverse: together, not because of it."""
    return F.coalesce(delayed & adverse, F.lit(False))


def with_weather(arrivals: DataFrame, stretches: DataFrame, severity: Severity) -> DataFrame:
    """Each arrival with its nearest observation, how bad that is, and whether a delay met it."""
    nearest = F.broadcast(stretches)
    return (
        arrivals.withColumn("_moment", micros(F.col("event_ts")))
        .withColumn("_when", F.expr(_bucket("_moment")))
        .join(
            nearest,
            F.expr("_when = _bucket AND _moment >= _from AND _moment <= _until"),
            "left",
        )
        .withColumn("wx_gap_minutes", F.abs(F.col("_moment") - F.col("_at")) / _MINUTE_US)
        .withColumn("weather_severity", severity.column(F.col("obs_ts").isNotNull()))
        .withColumn("weather_adverse", severity.is_adverse(F.col("weather_severity")))
        .withColumn(
            "delay_weather_attributed", attributed(F.col("delayed"), F.col("weather_adverse"))
        )
    )
