"""OpenWeather from bronze to its answers, by the documented calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import lakeio
from lake.catalog import Catalog
from tests.spark.gold.weather_lake import SILVER, WeatherLake, local_hours
from tests.spark.lakehouse import Lakehouse

pytestmark = pytest.mark.spark

OFFSETS = {"riohacha": -5, "patagonia": -3}
YEARS = (2024, 2025)


@pytest.fixture
def lake(lakehouse: Lakehouse) -> Iterator[WeatherLake]:
    made = WeatherLake(lakehouse)
    yield made
    made.close()


@dataclass
class Octobers:
    """Two days of two Octobers and a morning of September in gold, and what was observed."""

    lake: WeatherLake
    seen: dict[str, list[dict[str, Any]]]
    told: dict[str, Any]

    def by_hour(self, city: str, *years: int) -> dict[datetime, Any]:
        """Observations by the hour of the place."""
        seen = [one for year in years for one in self.seen[f"{city}-{year}"]]
        return local_hours(seen, OFFSETS[city])


@pytest.fixture(scope="module")
def octobers(
    spark: SparkSession, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Octobers]:
    lakehouse = Lakehouse(spark, catalog, tmp_path_factory.mktemp("octobers"))
    lake, seen = WeatherLake(lakehouse), {}
    for city in OFFSETS:
        for year in YEARS:
            seen[f"{city}-{year}"] = lake.put_history(city, f"{year}-10-10T06:00", 48)
        lake.put_history(city, "2025-09-11T06:00", 8)
        lake.silver(city.title(), "2025-10-11")
    yield Octobers(lake, seen, lake.gold_of("2024,2025", "10", "2025-10-11"))
    lake.close()
    lakehouse.drop()


def test_silver_is_every_file_of_the_day_whichever_way_it_came(lake: WeatherLake) -> None:
    lake.put_history("patagonia", "2025-10-11T03:00", 24)  # the local day, and no more
    lake.put_poll("patagonia", "2025-10-11T18:00:03")
    lake.put_poll("patagonia", "2025-10-11T18:00:40")  # asked twice, observed once
    lake.put_poll("patagonia", "2025-10-05T18:00:00")  # another day's, for another run
    lake.put_poll("riohacha", "2025-10-11T18:00:00")  # another city's
    lake.put_json("patagonia", {"cod": 401, "message": "dt main"}, "401.json")

    told = lake.silver("Patagonia", "2025-10-11")

    assert (told["status"], told["files"], len(told["refused"])) == ("loaded", 4, 1)
    # 24 of history, of which one is the polls' moment.
    columns = ("city", "event_date", "event_hour", "source")
    rows = lake.lakehouse.rows(SILVER, *columns)
    assert sorted(row[2] for row in rows) == list(range(24))
    assert {row[:2] for row in rows} == {("Patagonia", date(2025, 10, 11))}
    assert sum(told["rows"][name] for name in ("accepted", "duplicate")) == 26

    # By the day of the place, not by the one on which files came.
    files = lake.spark.table(f"{lake.lakehouse.identifier(SILVER)}.files").select("file_path")
    place = "/city=Patagonia/event_year=2025/event_month=10/event_day=11/"
    assert all(place in row[0] for row in files.collect())

    again = lake.silver("Patagonia", "2025-10-11")

    assert (again["status"], again["files"]) == ("unchanged", 0)
    assert lake.lakehouse.rows(SILVER, *columns) == rows
    everything = lake.silver("Patagonia", "2025-10-11", "--mode", "full")
    assert (everything["status"], everything["files"]) == ("loaded", 1)
    assert lake.lakehouse.table(SILVER).count() == 25


def test_each_hour_says_what_was_observed_in_it(octobers: Octobers) -> None:
    hours = octobers.lake.rows("fact_weather_hourly", "event_month = 10")
    expected = octobers.by_hour("riohacha", 2025)
    found = {
        datetime.combine(row["event_date"], datetime.min.time()).replace(
            hour=row["event_hour"]
        ): row
        for row in hours
        if (row["city_key"], row["event_year"]) == ("riohacha", 2025)
    }

    assert len(hours) == 4 * 48
    assert found.keys() == expected.keys()
    for at, row in found.items():
        one = expected[at]
        assert row["avg_temp_c"] == pytest.approx(one["main"]["temp"])
        assert row["condition_key"] == one["weather"][0]["id"]
        assert row["wind_dir_deg"] == pytest.approx(one["wind"]["deg"], abs=0.01)
        assert row["rain_mm"] == one.get("rain", {}).get("1h", 0.0)
        assert (row["est_ghi_wm2"] == 0) == (at.hour < 6 or at.hour > 17), at
    days = octobers.lake.rows("fact_weather_daily", "city_key = 'riohacha' AND date_key > 20251001")
    assert [(row["event_date"].day, row["hours_observed"], row["obs_count"]) for row in days] == [
        (10, 23, 23),
        (11, 24, 24),
        (12, 1, 1),
    ]


def test_the_answers_are_what_the_observations_say(octobers: Octobers) -> None:
    lake = octobers.lake
    (warmer,) = lake.rows(
        "q4_today_vs_last_year",
        "metric = 'temp_c' AND city_key = 'riohacha' AND date = DATE '2025-10-11'",
    )
    both_days = [
        [
            one["main"]["temp"]
            for at, one in octobers.by_hour("riohacha", year).items()
            if at.day == 11
        ]
        for year in (2025, 2024)
    ]
    assert warmer["value_today"] == pytest.approx(sum(both_days[0]) / 24, abs=1e-6)
    assert warmer["value_last_year"] == pytest.approx(sum(both_days[1]) / 24, abs=1e-6)
    assert (warmer["n_hours_matched"], warmer["baseline_date"]) == (24, date(2024, 10, 11))

    shares: dict[tuple[Any, ...], float] = {}
    for row in lake.rows("q3_weather_main", "month = 10"):
        month = (row["city"], row["year"])
        shares[month] = shares.get(month, 0) + row["share"]
    assert shares == {(city.title(), year): pytest.approx(1) for city in OFFSETS for year in YEARS}

    (hottest,) = lake.rows(
        "q7_temp_extremes_hottest_topk", "rank = 1 AND city_key = 'patagonia' AND months = '10'"
    )
    seen = octobers.by_hour("patagonia", *YEARS)
    at, one = max(seen.items(), key=lambda pair: pair[1]["main"]["temp"])
    assert (hottest["event_ts_local"], hottest["temp_c"]) == (at, one["main"]["temp"])
    assert (hottest["hours_seen"], hottest["years"]) == (96, "2024,2025")

    assert len(lake.rows("dim_date", "month = 10")) == 62
    assert {row["city_key"] for row in lake.rows("dim_city")} == set(OFFSETS)
    kinds = {one["weather"][0]["id"] for some in octobers.seen.values() for one in some}
    assert kinds <= {row["condition_key"] for row in lake.rows("dim_weather_condition")}
    assert {verdict["passed"] for verdict in octobers.told["quality"]} == {True}


def test_a_run_for_some_erases_nothing_of_others_killed_or_not(
    octobers: Octobers, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, before = octobers.lake, octobers.lake.state()

    class Killed(Exception):
        """Power is gone."""

    def kill(point: str) -> None:
        if point == "published":  # one table of fourteen is shown
            raise Killed

    call = ("2025", "9", "2025-09-11", "--cities", "Riohacha")
    monkeypatch.setattr(lakeio, "kill_point", kill)
    with pytest.raises(Killed):
        lake.gold_of(*call)
    monkeypatch.undo()
    told = lake.gold_of(*call)
    after = lake.state()

    assert told["status"] == "published"
    for name, rows in before.items():
        assert [row for row in rows if row not in after[name]] == [], name
    september = {name: [row for row in after[name] if row not in before[name]] for name in after}
    assert {row["city_key"] for row in september["openweather_gold.fact_weather_hourly"]} == {
        "riohacha"
    }
    assert len(september["openweather_gold.fact_weather_hourly"]) == 8
    assert len(september["openweather_gold.dim_date"]) == 30
    # Nothing is known of 2024: there are rows, and they say so.
    compared = september["openweather_gold.q4_today_vs_last_year"]
    assert [(row["value_today"], row["n_hours_matched"]) for row in compared] == [(None, 0)] * 7

    # The month before last again, all of it; then the same once more, which is known to be done.
    octobers_again = lake.gold_of("2024,2025", "10", "2025-10-11")
    once_more = lake.gold_of("2024,2025", "10", "2025-10-11")

    assert (octobers_again["status"], once_more["status"]) == ("unchanged", "unchanged")
    assert (len(octobers_again["tables"]), once_more["tables"]) == (14, {})
    assert lake.state() == after
