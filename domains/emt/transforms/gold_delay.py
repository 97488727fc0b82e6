"""Definitions 6 to 8 of gold: which bus of its poll, how late, and whether that is a delay."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

# What EMT's 999999 says at least: more than this.
CAPPED_MIN: Final = 45
CAPPED_NIGHT_MIN: Final = 90
DAY: Final = "_day"


def with_rank(arrivals: DataFrame, tasks: int) -> DataFrame:
    """Each arrival with its position among the buses of one poll, line and destination.

    Days stay whole on the way, and each task's rows come out in the order of time: what is
    written by days needs no other exchange and no other sort.
    """
    poll = Window.partitionBy("event_ts", DAY, "stop_id", "line", "destination").orderBy(
        F.col("estimate_capped").asc(),
        F.col("estimate_arrive_sec").asc_nulls_last(),
        F.col("bus").asc_nulls_last(),
        F.col("id").asc(),
    )
    return (
        arrivals.withColumn(DAY, F.to_date("event_ts"))
        .repartition(tasks, DAY)
        .withColumn("arrival_rank", F.row_number().over(poll))
    )


def delay_ratio(estimate_s: Column, headway_min: Column, rank: Column) -> Column:
    """How many of the promised intervals the bus is away; null where either is unknown."""
    return (estimate_s / 60) / (headway_min * rank)


def delayed(
    ratio: Column, capped: Column, headway_min: Column, rank: Column, line: Column, threshold: float
) -> Column:
    """Whether the ratio is over the threshold.

    A capped estimate is a bound: it shows a delay when the bound alone does, and nothing else.
    """
    is_night = F.upper(line).startswith("N")
    bound_min = F.when(is_night, CAPPED_NIGHT_MIN).otherwise(CAPPED_MIN)
    by_bound = F.when(bound_min / (headway_min * rank) > threshold, F.lit(True))
    return F.when(capped, by_bound).otherwise(ratio > threshold)


def with_delay(arrivals: DataFrame, threshold: float) -> DataFrame:
    """Each arrival with its ratio and its verdict."""
    headway, rank, capped = (
        F.col(name) for name in ("expected_headway_min", "arrival_rank", "estimate_capped")
    )
    ratio = F.when(~capped, delay_ratio(F.col("estimate_arrive_sec"), headway, rank))
    verdict = delayed(F.col("delay_ratio"), capped, headway, rank, F.col("line"), threshold)
    return arrivals.withColumn("delay_ratio", ratio).withColumn("delayed", verdict)
