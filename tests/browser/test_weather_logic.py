"""What the view Weather reckons, case by case, in the browser that will do it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.seeing import call

pytestmark = pytest.mark.browser
Row = dict[str, Any]


def sun(year: int, month: int, hour: int, mean: float | None, count: int = 30) -> Row:
    return {
        "year": year,
        "month": month,
        "event_hour": hour,
        "avg_est_ghi_wm2": mean,
        "obs_count": count,
        "days_covered": count,
    }


def test_two_years_of_a_month_are_weighed_by_what_they_rest_on(reckoner: Page) -> None:
    rows = [sun(2024, 10, 12, 600, 30), sun(2025, 10, 12, 800, 10), sun(2023, 10, 12, None, 99)]

    found = call(reckoner, "weather/sunhours.js", "m.sunByMonth(a)", rows)

    # (600 x 30 + 800 x 10) / 40, and nothing of the year without a mean.
    (cell,) = found["cells"]
    assert cell == {"month": 10, "hour": 12, "mean": 650, "seen": 40, "days": 40}
    assert found["seen"] == 40


def test_of_equal_hours_the_earliest_is_best_and_a_dark_month_has_none(reckoner: Page) -> None:
    rows = [
        sun(2025, 8, 13, 900),
        sun(2025, 8, 11, 900),
        sun(2025, 8, 12, 880),
        sun(2025, 6, 12, 0),
        sun(2025, 6, 0, 0),
    ]

    script = "m.sunByMonth(a).best.map((one) => [one.month, one.hour])"

    assert call(reckoner, "weather/sunhours.js", script, rows) == [[8, 11]]


@pytest.mark.parametrize(
    ("counts", "days", "is_whole"),
    [((31, 31), 31, True), ((20, 31), 31, True), ((20, 25), 25, False)],
)
def test_days_are_those_of_the_hour_of_most_days_or_more(
    reckoner: Page, counts: tuple[int, int], days: int, is_whole: bool
) -> None:
    rows = [sun(2025, 10, hour, 100, count) for hour, count in enumerate(counts)]

    found = call(reckoner, "weather/sunhours.js", "m.sunByMonth(a)", rows)

    assert (found["days"], found["isWhole"]) == (days, is_whole)


def test_the_29th_of_february_counts_in_leap_years(reckoner: Page) -> None:
    script = "m.sunByMonth(a).isWhole"

    assert call(reckoner, "weather/sunhours.js", script, [sun(2025, 2, 0, 1, 28)]) is True
    assert call(reckoner, "weather/sunhours.js", script, [sun(2024, 2, 0, 1, 28)]) is False


def blow(month: int, hour: int, mean: float | None, **more: Any) -> Row:
    return {
        "year": 2025,
        "month": month,
        "event_hour": hour,
        "obs_count": 30,
        "wind_mean_ms": mean,
        "wind_p90_ms": 8,
        "wind_max_ms": 12,
        "calm_share": 0.1,
        **more,
    }


def test_the_wind_of_all_months_and_of_one(reckoner: Page) -> None:
    rows = [
        blow(9, 5, 4),
        blow(10, 5, 8, obs_count=10, wind_p90_ms=12, wind_max_ms=19, calm_share=0.5),
        blow(10, 6, None, wind_p90_ms=None, wind_max_ms=None, calm_share=None),
    ]

    both = call(reckoner, "weather/windhours.js", "m.windByHour(a, null)", rows)
    one = call(reckoner, "weather/windhours.js", "m.windByHour(a, 10)", rows)

    # Thirty times 4 and ten times 8; shares of calm likewise.
    assert both[5] == {
        "hour": 5,
        "seen": 40,
        "mean": 5,
        "p90": 9,
        "most": 19,
        "calm": pytest.approx(0.2),
    }
    assert (one[5]["mean"], one[5]["seen"]) == (8, 10)
    assert both[6] == {**dict.fromkeys(both[6]), "hour": 6, "seen": 0}
    assert len(both) == 24


def kind(name: str, hours: int, change: float | None) -> Row:
    return {
        "weather_main": name,
        "hours": hours,
        "ghi_change_vs_clear_pct": change,
        "wind_change_vs_clear_pct": change,
    }


def test_kinds_of_weather_keep_what_is_unknown_unknown(reckoner: Page) -> None:
    rows = [kind("Rain", 10, -60), kind("Rain", 30, -20), kind("Rain", 20, None)]

    found = call(reckoner, "weather/skies.js", "m.skies(a)", [*rows, kind("Snow", 40, None)])

    assert [(one["kind"], one["hours"], one["share"]) for one in found] == [
        ("Rain", 60, 0.6),
        ("Snow", 40, 0.4),
    ]
    # (10 x -60 + 30 x -20) / 40: the 20 hours without a clear sky beside them say nothing.
    assert (found[0]["sun"], found[0]["known"]) == (-30, 40)
    assert (found[1]["sun"], found[1]["known"]) == (None, 0)


def sector(name: str, degrees: float, hours: int, of: int) -> Row:
    return {
        "wind_sector": name,
        "sector_center_deg": degrees,
        "hours": hours,
        "share": hours / of,
        "wind_mean_ms": 5,
    }


def test_a_rose_goes_clockwise_from_north(reckoner: Page) -> None:
    rows = [sector("W", 270, 60, 100), sector("N", 0, 30, 100), sector("ENE", 67.5, 10, 100)]

    rose = call(reckoner, "weather/rose.js", "m.roseOf(a)", rows)

    names = [one["sector"] for one in rose["petals"]]
    assert " ".join(names) == "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW"
    shares = {one["sector"]: one["share"] for one in rose["petals"]}
    assert (shares["N"], shares["ENE"], shares["W"]) == (0.3, 0.1, 0.6)
    # All is told, so the others had nothing.
    assert shares["S"] == 0
    assert rose["windy"] == 100


def test_a_rose_of_the_commonest_sectors_does_not_know_the_others(reckoner: Page) -> None:
    rose = call(reckoner, "weather/rose.js", "m.roseOf(a)", [sector("W", 270, 300, 1000)])

    shares = {one["sector"]: one["share"] for one in rose["petals"]}
    assert shares["W"] == 0.3
    assert shares["S"] is None
    assert (rose["windy"], rose["told"]) == (1000, 0.3)


@pytest.mark.parametrize(("speed", "place"), [(0, 0), (2.9, 0), (3, 1), (11.9, 3), (30, 4)])
def test_a_speed_has_the_same_colour_in_each_place(
    reckoner: Page, speed: float, place: int
) -> None:
    assert call(reckoner, "weather/rose.js", "m.speedClass(a)", speed) == place


@pytest.mark.parametrize(
    ("pairs", "first"),
    [
        ([("2025", "10"), ("2024,2025", "10")], "2024,2025/10"),
        ([("2024,2025", "9"), ("2024,2025", "10"), ("2023,2024", "12")], "2024,2025/10"),
        ([("2025", "1,2,3"), ("2024,2025", "4")], "2025/1,2,3"),
    ],
)
def test_the_usual_period_covers_most_months_and_is_the_newest(
    reckoner: Page, pairs: list[tuple[str, str]], first: str
) -> None:
    rows = [{"years": years, "months": months} for years, months in pairs]

    found = call(reckoner, "weather/period.js", "m.periodsOf(a)", rows * 2)

    assert found[0] == first
    assert len(found) == len(pairs)


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2024,2025/10", "October of 2024 and 2025"),
        ("2025/1,2,3,5", "January to March and May of 2025"),
        ("2023,2024,2025/1,2,3,4,5,6,7,8,9,10,11,12", "2023 to 2025"),
        ("all/all", "all/all"),
    ],
)
def test_a_period_in_words(reckoner: Page, period: str, words: str) -> None:
    assert call(reckoner, "weather/period.js", "m.periodInWords(a)", period) == words


def test_a_day_without_its_baseline_says_so_metric_by_metric(reckoner: Page) -> None:
    def metric(name: str, now: float | None, then: float | None, change: float | None) -> Row:
        return {"metric": name, "value_today": now, "value_last_year": then, "diff_pct": change}

    rows = [
        metric("uv", 2, 1, 100),
        metric("rain_mm", 3, 0, None),
        metric("temp_c", None, None, None),
    ]

    script = "m.metricsOf(a).map((one) => [one.name, m.changeInWords(one, en.change)])"

    assert call(reckoner, "weather/against.js", script, rows) == [
        ["Temperature", "no baseline"],
        ["Rain", "was 0"],
        ["uv", "+100%"],
    ]


def test_the_place_and_the_period_that_are_wished_for_if_there_are_such(reckoner: Page) -> None:
    def row(key: str, years: str) -> Row:
        return {"city_key": key, "city": key.title(), "years": years, "months": "10"}

    answers = {"best": {"rows": [row("b", "2025"), row("a", "2024"), row("b", "2024,2025")]}}
    script = "m.chosenOf(a[0], (word) => a[1][word] ?? null)"

    usual = call(reckoner, "weather/small.js", script, [answers, {"city": "atlantis"}])
    wished = call(
        reckoner, "weather/small.js", script, [answers, {"city": "b", "period": "2025/10"}]
    )

    assert (usual["city"], usual["period"]) == ({"key": "a", "name": "A"}, "2024/10")
    assert [one["name"] for one in usual["cities"]] == ["A", "B"]
    assert (wished["city"]["key"], wished["period"]) == ("b", "2025/10")
    assert wished["periods"] == ["2024,2025/10", "2025/10"]


def test_answers_joined_are_the_same_while_their_parts_are_and_as_old(reckoner: Page) -> None:
    script = """(() => {
      const same = m.joined();
      const [one, other] = [{ stale: null }, { stale: { age: 7 } }];
      const first = same({ one, other, city: "a" });
      return [first === same({ one, other, city: "a" }), first.stale,
              first === same({ one, other, city: "b" })];
    })()"""

    assert call(reckoner, "answers.js", script) == [True, {"age": 7}, False]
