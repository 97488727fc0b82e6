"""OpenWeather's facts and its seven answers, each against values reckoned by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from domains.openweather.transforms import answers, facts

pytestmark = pytest.mark.spark

GROUPS = ("Thunderstorm", "Snow", "Rain", "Clouds", "Clear")
SEEN = """
    city_key string, event_year int, event_month int, event_date date, event_hour int,
    temp_c double, feels_like_c double, humidity_pct int, pressure_hpa int, visibility_m int,
    clouds_pct int, wind_speed_ms double, wind_gust_ms double, wind_deg int, rain_1h_mm double,
    snow_1h_mm double, est_ghi_wm2 double, wind_power_wm2 double, weather_id int,
    weather_main string
"""
HOURS = """
    city_key string, event_year int, event_month int, event_date date, event_hour int,
    obs_count bigint, avg_temp_c double, min_temp_c double, max_temp_c double,
    avg_humidity_pct double, avg_clouds_pct double, avg_wind_speed_ms double,
    max_wind_speed_ms double, wind_sector string, rain_mm double, est_ghi_wm2 double,
    wind_power_wm2 double, weather_main string
"""


def frame(spark: SparkSession, schema: str, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    names = [word.split()[0] for word in schema.split(",")]
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows], schema)


def moment(day: str, hour: int, city: str) -> dict[str, Any]:
    on = date.fromisoformat(day)
    return {
        "city_key": city,
        "event_year": on.year,
        "event_month": on.month,
        "event_date": on,
        "event_hour": hour,
    }


def seen(day: str, hour: int, city: str = "riohacha", **said: Any) -> dict[str, Any]:
    """One observation of silver: a fair hour."""
    return {
        **moment(day, hour, city),
        "temp_c": 20.0,
        "feels_like_c": 20.0,
        "humidity_pct": 50,
        "pressure_hpa": 1013,
        "visibility_m": 10_000,
        "clouds_pct": 0,
        "wind_speed_ms": 4.0,
        "wind_deg": 90,
        "rain_1h_mm": 0.0,
        "snow_1h_mm": 0.0,
        "est_ghi_wm2": 500.0,
        "wind_power_wm2": 40.0,
        "weather_id": 800,
        "weather_main": "Clear",
        **said,
    }


def hour(day: str, at: int, city: str = "riohacha", **said: Any) -> dict[str, Any]:
    """One hour of the facts."""
    return {
        **moment(day, at, city),
        "obs_count": 1,
        "avg_temp_c": 20.0,
        "min_temp_c": 20.0,
        "max_temp_c": 20.0,
        "avg_humidity_pct": 50.0,
        "avg_clouds_pct": 0.0,
        "avg_wind_speed_ms": 4.0,
        "max_wind_speed_ms": 4.0,
        "wind_sector": "E",
        "rain_mm": 0.0,
        "est_ghi_wm2": 500.0,
        "wind_power_wm2": 40.0,
        "weather_main": "Clear",
        **said,
    }


def told(found: DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Rows in the order of their columns."""
    return sorted(tuple(row) for row in found.select(*columns).collect())


# --- facts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("directions", "mean"),
    [
        ([350, 10], 0.0),  # not 180
        ([0, 90], 45.0),
        ([350, 20], 5.0),
        ([90, 270], None),  # as much from one side as from the other
        ([None, 30], 30.0),
        ([None], None),
    ],
)
def test_directions_point_together_as_arrows_do(
    spark: SparkSession, directions: list[int | None], mean: float | None
) -> None:
    rows = [seen("2025-10-11", 7, wind_deg=one) for one in directions]
    (found,) = told(facts.hourly(frame(spark, SEEN, rows), GROUPS), "wind_dir_deg", "obs_count")
    assert found == (mean, len(directions))


def test_an_hour_sums_up_its_observations(spark: SparkSession) -> None:
    rows = [
        seen("2025-10-11", 7, temp_c=10.0, rain_1h_mm=0.2, clouds_pct=0, wind_speed_ms=1.0),
        seen("2025-10-11", 7, temp_c=13.0, rain_1h_mm=0.5, clouds_pct=50, wind_speed_ms=6.0),
        seen("2025-10-11", 7, temp_c=16.0, rain_1h_mm=0.0, clouds_pct=100, wind_speed_ms=2.0),
    ]
    columns = ("avg_temp_c", "min_temp_c", "max_temp_c", "rain_mm", "avg_clouds_pct")
    found = facts.hourly(frame(spark, SEEN, rows), GROUPS)
    assert told(found, *columns, "avg_wind_speed_ms", "max_wind_speed_ms", "wind_sector") == [
        (13.0, 10.0, 16.0, 0.7, 50.0, 3.0, 6.0, "E")
    ]


@pytest.mark.parametrize(
    ("ids", "condition"),
    [
        ([800, 800, 500], 800),  # the commonest
        ([800, 500], 500),  # of equals the worse group
        ([801, 804], 804),  # in a group the higher number
        ([500, 211], 211),
    ],
)
def test_the_weather_of_an_hour_is_the_commonest_and_of_equals_the_worse(
    spark: SparkSession, ids: list[int], condition: int
) -> None:
    groups = {2: "Thunderstorm", 5: "Rain"}
    rows = [
        seen(
            "2025-10-11",
            7,
            weather_id=one,
            weather_main=groups.get(one // 100) or ("Clear" if one == 800 else "Clouds"),
        )
        for one in ids
    ]
    assert told(facts.hourly(frame(spark, SEEN, rows), GROUPS), "condition_key") == [(condition,)]


def test_a_day_is_its_hours_and_its_score_lies_between_the_best_and_the_worst_of_its_month(
    spark: SparkSession,
) -> None:
    rows = [
        # sun 200 and wind 10, sun 400 and wind 30, sun 300 and wind 10
        seen("2025-10-11", 7, est_ghi_wm2=100.0, wind_power_wm2=10.0),
        seen("2025-10-11", 8, est_ghi_wm2=300.0, wind_power_wm2=10.0),
        seen("2025-10-12", 7, est_ghi_wm2=400.0, wind_power_wm2=30.0),
        seen("2025-10-13", 7, est_ghi_wm2=300.0, wind_power_wm2=10.0),
    ]
    found = facts.daily(facts.hourly(frame(spark, SEEN, rows), GROUPS))
    assert told(found, "event_date", "hours_observed", "est_ghi_wm2", "combined_score") == [
        (date(2025, 10, 11), 2, 200.0, 0.0),
        (date(2025, 10, 12), 1, 400.0, 1.0),
        (date(2025, 10, 13), 1, 300.0, 0.25),
    ]


# --- answers -----------------------------------------------------------------------------------


def test_q1_the_hour_of_the_most_sun_and_none_at_night(spark: SparkSession) -> None:
    rows = [
        hour("2025-10-11", 11, est_ghi_wm2=600.0, avg_clouds_pct=10.0),
        hour("2025-10-12", 11, est_ghi_wm2=800.0, avg_clouds_pct=30.0),
        hour("2025-10-11", 12, est_ghi_wm2=700.0, obs_count=3),
        hour("2025-10-11", 2, est_ghi_wm2=0.0),
        hour("2025-11-01", 2, est_ghi_wm2=0.0),
        hour("2025-12-01", 7, est_ghi_wm2=0.5),
        hour("2026-01-01", 9, est_ghi_wm2=None, avg_clouds_pct=None),
    ]
    columns = ("event_month", "event_hour", "obs_count", "days_covered", "avg_est_ghi_wm2")
    found = answers.solar_hour_by_month(frame(spark, HOURS, rows))
    assert told(found, *columns, "avg_clouds_pct", "hour_rank", "is_best_hour") == [
        (1, 9, 1, 1, None, None, 1, False),  # nobody knows its sun: the best is none
        (10, 2, 1, 1, 0.0, 0.0, 3, False),
        (10, 11, 2, 2, 700.0, 20.0, 1, True),  # as much as at 12, and earlier
        (10, 12, 3, 1, 700.0, 0.0, 2, False),
        (11, 2, 1, 1, 0.0, 0.0, 1, False),  # a month of nights has no best hour
        (12, 7, 1, 1, 0.5, 0.0, 1, True),  # a ray is sun
    ]


def test_q2_the_wind_of_an_hour_through_a_month(spark: SparkSession) -> None:
    rows = [
        hour(f"2025-10-{day:02}", 7, avg_wind_speed_ms=speed, wind_sector=sector)
        for day, speed, sector in ((1, 1.0, "S"), (2, 2.0, "N"), (3, 4.0, "E"), (4, 5.0, "E"))
    ]
    columns = ("obs_count", "wind_mean_ms", "wind_p90_ms", "calm_share", "prevailing_sector")
    # Nine tenths of the way through 1, 2, 4, 5: 4 and seven tenths of the step to 5.
    assert told(answers.wind_patterns(frame(spark, HOURS, rows)), *columns, "sector_share") == [
        (4, 3.0, pytest.approx(4.7), 0.25, "E", pytest.approx(2 / 3))
    ]


def test_q2_calm_hours_have_no_direction(spark: SparkSession) -> None:
    rows = [hour("2025-10-01", 7, avg_wind_speed_ms=1.4, wind_sector="S")]
    columns = ("calm_share", "prevailing_sector", "sector_share")
    assert told(answers.wind_patterns(frame(spark, HOURS, rows)), *columns) == [(1.0, None, None)]


def test_q2_each_hour_of_each_month_of_each_place_is_reckoned_alone(spark: SparkSession) -> None:
    unseen: dict[str, Any] = dict.fromkeys(
        ("avg_wind_speed_ms", "max_wind_speed_ms", "wind_sector", "wind_power_wm2")
    )
    rows = [
        hour("2025-10-01", 7, wind_sector="E", max_wind_speed_ms=9.0, wind_power_wm2=10.0),
        hour("2025-10-02", 7, wind_sector="NNE", max_wind_speed_ms=6.0, wind_power_wm2=30.0),
        hour("2025-10-03", 7, obs_count=2, **unseen),
        hour("2025-10-01", 8, wind_sector="S", avg_wind_speed_ms=1.5),
        hour("2025-11-01", 7, wind_sector="SW"),
        hour("2024-10-01", 7, wind_sector="W"),
        hour("2025-10-01", 7, "patagonia", wind_sector="NW"),
    ]
    columns = ("city_key", "event_year", "event_month", "event_hour", "obs_count", "wind_max_ms")
    more = ("calm_share", "wind_power_mean_wm2", "prevailing_sector", "sector_share")
    assert told(answers.wind_patterns(frame(spark, HOURS, rows)), *columns, *more) == [
        ("patagonia", 2025, 10, 7, 1, 4.0, 0.0, 40.0, "NW", 1.0),
        ("riohacha", 2024, 10, 7, 1, 4.0, 0.0, 40.0, "W", 1.0),
        # As often as E, and before it clockwise; an hour without wind's measure says nothing.
        ("riohacha", 2025, 10, 7, 4, 9.0, 0.0, 20.0, "NNE", 0.5),
        ("riohacha", 2025, 10, 8, 1, 4.0, 0.0, 40.0, "S", 1.0),  # 1.5 m/s is no calm
        ("riohacha", 2025, 11, 7, 1, 4.0, 0.0, 40.0, "SW", 1.0),
    ]


def test_q3_each_place_has_its_own_clear_sky_and_of_nothing_there_is_no_share(
    spark: SparkSession,
) -> None:
    rows = [
        hour("2025-10-01", 1, est_ghi_wm2=0.0, wind_power_wm2=20.0),
        hour("2025-10-01", 2, est_ghi_wm2=100.0, wind_power_wm2=30.0, weather_main="Clouds"),
        hour("2025-10-01", 3, weather_main=None),  # in no kind, and in no share
        hour("2025-10-01", 7, "patagonia", est_ghi_wm2=200.0, wind_power_wm2=0.0),
        hour("2025-10-01", 8, "patagonia", est_ghi_wm2=50.0, weather_main="Clouds"),
    ]
    columns = ("city_key", "weather_main", "hours", "share", "avg_est_ghi_wm2")
    more = ("avg_wind_power_wm2", "ghi_change_vs_clear_pct", "wind_change_vs_clear_pct")
    assert told(answers.weather_kinds(frame(spark, HOURS, rows)), *columns, *more) == [
        ("patagonia", "Clear", 1, 0.5, 200.0, 0.0, 0.0, None),
        ("patagonia", "Clouds", 1, 0.5, 50.0, 40.0, -75.0, None),
        ("riohacha", "Clear", 1, 0.5, 0.0, 20.0, None, 0.0),
        ("riohacha", "Clouds", 1, 0.5, 100.0, 30.0, None, 50.0),
    ]


def test_q3_kinds_of_weather_beside_a_clear_sky(spark: SparkSession) -> None:
    rows = [
        hour("2025-10-01", 7, est_ghi_wm2=400.0, wind_power_wm2=20.0),
        hour("2025-10-01", 8, est_ghi_wm2=600.0, wind_power_wm2=20.0),
        hour("2025-10-01", 9, est_ghi_wm2=250.0, wind_power_wm2=30.0, weather_main="Clouds"),
        hour("2025-10-01", 10, est_ghi_wm2=100.0, wind_power_wm2=20.0, weather_main="Rain"),
        hour("2025-11-01", 10, weather_main="Rain"),
    ]
    columns = ("event_month", "weather_main", "hours", "share", "ghi_change_vs_clear_pct")
    found = answers.weather_kinds(frame(spark, HOURS, rows))
    assert told(found, *columns, "wind_change_vs_clear_pct") == [
        (10, "Clear", 2, 0.5, 0.0, 0.0),
        (10, "Clouds", 1, 0.25, -50.0, 50.0),
        (10, "Rain", 1, 0.25, -80.0, 0.0),
        (11, "Rain", 1, 1.0, None, None),  # no clear hour to compare with
    ]


@pytest.mark.parametrize(
    ("day", "before"),
    [("2025-10-11", "2024-10-11"), ("2024-02-29", "2023-02-28"), ("2025-02-28", "2024-02-28")],
)
def test_q4_the_same_day_of_last_year(day: str, before: str) -> None:
    assert answers.year_before(date.fromisoformat(day)) == date.fromisoformat(before)


def test_q4_only_hours_that_both_days_have_count(spark: SparkSession) -> None:
    rows = [
        hour("2025-10-11", 7, avg_temp_c=20.0, rain_mm=1.0),
        hour("2025-10-11", 8, avg_temp_c=24.0, rain_mm=0.5),
        hour("2025-10-11", 9, avg_temp_c=99.0),  # not seen last year
        hour("2024-10-11", 7, avg_temp_c=16.0, rain_mm=0.0),
        hour("2024-10-11", 8, avg_temp_c=20.0, rain_mm=0.0),
        hour("2024-10-11", 23, avg_temp_c=-99.0),  # not seen this year
        hour("2024-10-12", 7, avg_temp_c=-99.0),
    ]
    cities = frame(spark, "city_key string", [{"city_key": "riohacha"}, {"city_key": "patagonia"}])
    found = answers.today_against_last_year(frame(spark, HOURS, rows), cities, date(2025, 10, 11))
    found = found.where("metric IN ('temp_c', 'rain_mm')")
    columns = ("city_key", "metric", "baseline_date", "value_today", "value_last_year")
    day = date(2024, 10, 11)
    assert sorted(
        map(tuple, found.select(*columns, "diff", "diff_pct", "n_hours_matched").collect()),
        key=lambda row: row[:2],
    ) == [
        ("patagonia", "rain_mm", day, None, None, None, None, 0),  # nothing to say, and said so
        ("patagonia", "temp_c", day, None, None, None, None, 0),
        ("riohacha", "rain_mm", day, 1.5, 0.0, 1.5, None, 2),  # no share of nothing
        ("riohacha", "temp_c", day, 22.0, 18.0, 4.0, pytest.approx(22.2222, abs=1e-4), 2),
    ]


def test_q4_each_metric_is_compared_over_the_hours_that_measured_it_twice(
    spark: SparkSession,
) -> None:
    other: dict[str, Any] = {
        "avg_temp_c": 1.0,
        "avg_humidity_pct": 2.0,
        "avg_wind_speed_ms": 3.0,
        "avg_clouds_pct": 4.0,
        "rain_mm": 5.0,
        "est_ghi_wm2": 6.0,
        "wind_power_wm2": 7.0,
    }
    rows = [
        hour("2025-10-11", 7, avg_temp_c=5.0, avg_humidity_pct=50.0, rain_mm=1.0),
        hour("2025-10-11", 8, avg_temp_c=5.0, avg_humidity_pct=None, rain_mm=9.0),
        hour("2024-10-11", 7, avg_temp_c=-10.0, avg_humidity_pct=40.0, rain_mm=0.5),
        hour("2024-10-11", 8, avg_temp_c=-10.0, avg_humidity_pct=90.0, rain_mm=None),
        hour("2025-10-11", 7, "patagonia", **other),
        hour("2024-10-11", 7, "patagonia", **{name: 2 * value for name, value in other.items()}),
    ]
    cities = frame(spark, "city_key string", [{"city_key": "riohacha"}, {"city_key": "patagonia"}])
    found = answers.today_against_last_year(frame(spark, HOURS, rows), cities, date(2025, 10, 11))
    columns = ("city_key", "metric", "value_today", "value_last_year", "diff", "diff_pct")
    said = {row[:2]: row[2:] for row in map(tuple, found.select(*columns).collect())}
    assert {metric: row for (city, metric), row in said.items() if city == "patagonia"} == {
        "temp_c": (1.0, 2.0, -1.0, -50.0),
        "humidity_pct": (2.0, 4.0, -2.0, -50.0),
        "wind_speed_ms": (3.0, 6.0, -3.0, -50.0),
        "clouds_pct": (4.0, 8.0, -4.0, -50.0),
        "rain_mm": (5.0, 10.0, -5.0, -50.0),
        "est_ghi_wm2": (6.0, 12.0, -6.0, -50.0),
        "wind_power_wm2": (7.0, 14.0, -7.0, -50.0),
    }
    assert said["riohacha", "temp_c"] == (5.0, -10.0, 15.0, 150.0)  # warmer, below nought too
    assert said["riohacha", "humidity_pct"] == (50.0, 40.0, 10.0, 25.0)
    assert said["riohacha", "rain_mm"] == (1.0, 0.5, 0.5, 100.0)
    assert {(row["date"], row["n_hours_matched"]) for row in found.collect()} == {
        (date(2025, 10, 11), 1),
        (date(2025, 10, 11), 2),
    }


def test_q5_a_day_without_a_score_is_not_weighed_and_each_place_has_its_own_ranks(
    spark: SparkSession,
) -> None:
    schema = """city_key string, event_date date, combined_score double, est_ghi_wm2 double,
        wind_power_wm2 double, hours_observed bigint"""
    rows = [
        {"city_key": city, "event_date": date(2025, 10, day), "combined_score": score,
         "est_ghi_wm2": 100.0 * day, "wind_power_wm2": 10.0 * day, "hours_observed": 6}
        for city, day, score in (
            ("riohacha", 1, 0.9), ("riohacha", 2, None), ("riohacha", 3, 0.5), ("patagonia", 4, 0.1)
        )
    ]  # fmt: skip
    columns = ("city_key", "rank", "event_date", "combined_score", "avg_est_ghi_wm2")
    more = ("avg_wind_power_wm2", "hours_observed", "days_ranked")
    for best, day, score in ((True, 1, 0.9), (False, 3, 0.5)):
        found = answers.days_by_score(frame(spark, schema, rows), 1, 6, best=best)
        assert told(found, *columns, *more) == [
            ("patagonia", 1, date(2025, 10, 4), 0.1, 400.0, 40.0, 6, 1),
            ("riohacha", 1, date(2025, 10, day), score, 100.0 * day, 10.0 * day, 6, 2),
        ]


def test_q5_best_and_worst_days_without_those_that_were_hardly_seen(spark: SparkSession) -> None:
    schema = """city_key string, event_date date, combined_score double, est_ghi_wm2 double,
        wind_power_wm2 double, hours_observed bigint"""
    rows = [
        {"city_key": "riohacha", "event_date": date(2025, 10, day), "combined_score": score,
         "hours_observed": hours}
        for day, score, hours in ((1, 0.9, 24), (2, 1.0, 5), (3, 0.5, 6), (4, 0.9, 20), (5, 0.1, 9))
    ]  # fmt: skip
    days = frame(spark, schema, rows)
    best, worst = (answers.days_by_score(days, 3, 6, best=best) for best in (True, False))
    assert [(rank, on.day) for rank, on in told(best, "rank", "event_date")] == [
        (1, 1),  # as good as the 4th, and earlier
        (2, 4),
        (3, 3),
    ]
    assert [(rank, on.day) for rank, on in told(worst, "rank", "event_date")] == [
        (1, 5),
        (2, 3),
        (3, 1),
    ]


def test_q6_from_where_the_wind_comes_calm_hours_aside(spark: SparkSession) -> None:
    winds = [("N", 3.0), ("N", 5.0), ("NNW", 2.0), ("E", 2.0), ("S", 1.0), ("S", 1.0), ("S", 1.0)]
    rows = [
        hour("2025-10-01", at, wind_sector=sector, avg_wind_speed_ms=speed)
        for at, (sector, speed) in enumerate(winds)
    ]
    columns = ("rank", "wind_sector", "sector_center_deg", "hours", "share", "wind_mean_ms")
    assert told(answers.wind_sectors(frame(spark, HOURS, rows), 2), *columns) == [
        (1, "N", 0.0, 2, 0.5, 4.0),
        (2, "E", 90.0, 1, 0.25, 2.0),  # as often as NNW, and before it clockwise
    ]


def test_q6_each_place_has_its_own_sectors_and_only_hours_with_wind_count(
    spark: SparkSession,
) -> None:
    rows = [
        hour("2025-10-01", 1, wind_sector="S", avg_wind_speed_ms=1.5, wind_power_wm2=2.0),
        hour("2025-10-01", 2, wind_sector="S", avg_wind_speed_ms=2.5, wind_power_wm2=4.0),
        hour("2025-10-01", 3, wind_sector="N", avg_wind_speed_ms=None),
        hour("2025-10-01", 4, wind_sector=None),
        hour("2025-10-01", 5, "patagonia", wind_sector="NNW"),
    ]
    columns = ("city_key", "rank", "wind_sector", "sector_center_deg", "hours", "share")
    found = answers.wind_sectors(frame(spark, HOURS, rows), 3)
    assert told(found, *columns, "wind_mean_ms", "wind_power_mean_wm2") == [
        ("patagonia", 1, "NNW", 337.5, 1, 1.0, 4.0, 40.0),
        ("riohacha", 1, "S", 180.0, 2, 1.0, 2.0, 3.0),
    ]


def test_q7_an_hour_says_its_weather_and_one_without_a_temperature_is_not_seen(
    spark: SparkSession,
) -> None:
    wet: dict[str, Any] = {"avg_humidity_pct": 90.0, "weather_main": "Rain"}
    rows = [
        hour("2025-10-01", 3, max_temp_c=30.0, min_temp_c=10.0, **wet),
        hour("2025-10-01", 4, max_temp_c=30.0, min_temp_c=10.0),  # as hot and as cold, and later
        hour("2025-10-02", 5, max_temp_c=None, min_temp_c=None),
        hour("2025-10-02", 6, "patagonia", max_temp_c=40.0, min_temp_c=-9.0, weather_main=None),
    ]
    hours = frame(spark, HOURS, rows)
    columns = ("city_key", "rank", "event_ts_local", "temp_c", "weather_main", "humidity_pct")
    for hottest, here, there in ((True, 30.0, 40.0), (False, 10.0, -9.0)):
        found = answers.extreme_hours(hours, 5, hottest=hottest)
        assert told(found, *columns, "hours_seen") == [
            ("patagonia", 1, datetime(2025, 10, 2, 6), there, None, 50.0, 1),
            ("riohacha", 1, datetime(2025, 10, 1, 3), here, "Rain", 90.0, 2),
        ]


def test_q7_the_hottest_and_the_coldest_hour_of_a_day_stand_for_it(spark: SparkSession) -> None:
    rows = [
        hour("2025-10-01", 14, max_temp_c=31.0, min_temp_c=30.0),
        hour("2025-10-01", 15, max_temp_c=33.0, min_temp_c=29.0),
        hour("2025-10-02", 13, max_temp_c=33.0, min_temp_c=28.0, weather_main="Rain"),
        hour("2025-10-03", 12, max_temp_c=20.0, min_temp_c=-3.0),
    ]
    hours = frame(spark, HOURS, rows)
    columns = ("rank", "event_date", "event_ts_local", "temp_c", "hours_seen")
    hottest, coldest = (answers.extreme_hours(hours, 2, hottest=hot) for hot in (True, False))
    assert told(hottest, *columns) == [
        (1, date(2025, 10, 1), datetime(2025, 10, 1, 15), 33.0, 4),
        (2, date(2025, 10, 2), datetime(2025, 10, 2, 13), 33.0, 4),
    ]
    assert told(coldest, *columns) == [
        (1, date(2025, 10, 3), datetime(2025, 10, 3, 12), -3.0, 4),
        (2, date(2025, 10, 2), datetime(2025, 10, 2, 13), 28.0, 4),
    ]
