"""The view Weather answers seven questions, each with what its answer rests on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import weather_rows
from tests.browser.conftest import AtRest, Opener
from tests.browser.seeing import cells, drawn, text
from tests.browser.standin import Mood

pytestmark = pytest.mark.browser
PANELS = ("sun", "wind", "kinds", "today", "days", "sectors", "extremes")


def table(page: Page, panel: str) -> list[list[str]]:
    """The table behind a panel's chart."""
    details = f"#{panel}-table"
    if page.get_attribute(details, "open") is None:
        page.click(f"{details} summary")
    return cells(page, details)


def test_each_picture_has_its_words_its_sample_and_its_table(at_rest: AtRest) -> None:
    page = at_rest("weather")

    for panel in PANELS:
        assert re.search(r"\d", text(page, f"#{panel} .sample")), panel
        assert text(page, f"#{panel} .lead"), panel
        summary = text(page, f"#{panel} .summary")
        assert page.get_attribute(f"#{panel} .chart", "aria-label") == summary
        assert table(page, panel), panel
    assert "Hours are those of each place's own clocks." in text(page, "#foot")


def test_the_place_at_a_glance(at_rest: AtRest) -> None:
    page = at_rest("weather")

    assert text(page, "#place .headline") == "Sun, wind and weather in Patagonia"
    words = text(page, "#place .figures")
    assert "hottest hour 21 °C Thu 2 Oct 2025, 16:00" in words
    assert "coldest hour -2 °C Thu 2 Oct 2025, 06:00" in words
    assert "W 40.0% of windy hours" in words
    assert "Fri 4 Oct 2024 of 61 days" in words


def test_the_sun_of_two_octobers_is_pooled_by_their_observations(at_rest: AtRest) -> None:
    page = at_rest("weather")

    cells_drawn, best = drawn(page, "#sun .chart")

    # (30 x 600 + 10 x 680) / 40 at 13 o'clock.
    assert [0, 13, 620] in cells_drawn
    assert best == [[0, 13]]
    assert text(page, "#sun .sample") == (
        "Of 960 observations on at least 40 days. Nothing of Jan to Sep, Nov and Dec."
    )
    assert ["October", "13:00 (best)", "620 W/m²", "40", "40"] in table(page, "sun")


def test_the_wind_by_hour_of_all_months(at_rest: AtRest) -> None:
    page = at_rest("weather")

    mean, p90, most, calm = drawn(page, "#wind .chart")

    # Thirty hours of October with 4 m/s and ten of September with 2.
    assert (mean[0], p90[0], most[0]) == (3.5, 6.125, 16)
    assert calm == pytest.approx([0.2] * 6 + [0.05] * 18)
    sample = text(page, "#wind .sample")
    assert sample == "Of 955 observations in 2 months."
    assert "the mean of those of the months" in text(page, "#wind .fine")


def test_kinds_of_weather_and_what_is_unknown_of_them(at_rest: AtRest) -> None:
    page = at_rest("weather")

    shares, suns = drawn(page, "#kinds .chart")

    assert shares == [0.73, 0.2, 0.05, 0.02]
    assert suns == [-20, 0, -64, None]
    assert text(page, "#kinds .sample").startswith("few Of 1,000 hours in 2 months.")
    found = {row[0]: row[1:] for row in table(page, "kinds")}
    assert found["Clouds"] == ["730", "73.0%", "-20%", "+10%"]
    assert found["Snow"] == ["20 (few)", "2.0%", "unknown", "unknown"]


def test_today_stands_against_last_year_over_the_hours_of_both(at_rest: AtRest) -> None:
    page = at_rest("weather")

    (changes,) = drawn(page, "#today .chart")

    # Wind power grew by 300 %: its bar ends at 200, its figure does not.
    assert changes == [-25, 10, 25, None, -25, pytest.approx(20), 200]
    assert text(page, "#today .sample") == (
        "Over 23 hours of 24 that both Sat 11 Oct 2025 and Fri 11 Oct 2024 have."
    )
    found = table(page, "today")
    assert found[0] == ["Temperature", "9 °C", "12 °C", "-25%"]
    assert found[3] == ["Rain", "3.5 mm", "0 mm", "was 0"]
    assert found[6] == ["Wind power", "900 W/m²", "225 W/m²", "+300%"]


def test_best_and_worst_days_show_both_parts_and_how_much_was_seen(at_rest: AtRest) -> None:
    page = at_rest("weather")

    scores, suns, winds = drawn(page, "#days .chart")

    assert scores == [0.95, 0.9, 0.85, 0.8, 0.75, 0.25, 0.2, 0.15, 0.1, 0.05]
    assert (suns[0], winds[0]) == (295, 1895)
    assert text(page, "#days .sample") == (
        "Of 61 days of October of 2024 and 2025; these were seen in 20 to 24 of 24 hours."
    )
    found = table(page, "days")
    assert len(found) == 20
    assert found[0] == ["best 1", "Fri 4 Oct 2024", "0.95", "295 W/m²", "1,895 W/m²", "20"]


def test_the_rose_has_north_up_and_says_what_it_leaves_out(at_rest: AtRest) -> None:
    page = at_rest("weather")

    (petals,) = drawn(page, "#sectors .chart")

    assert petals[12:15] == [0.4, 0.2, 0.1]  # W, WNW, NW
    assert petals[:8] == [None] * 8
    assert text(page, "#sectors .sample").startswith("Of 1,000 hours with wind")
    assert text(page, "#sectors .fine") == (
        "The 5 commonest directions are told. All others together have 16.0%, none more than 6.0%."
    )
    assert table(page, "sectors")[0] == ["W", "40.0%", "400", "11 m/s"]


def test_extremes_stand_at_their_hour_of_the_day(at_rest: AtRest) -> None:
    page = at_rest("weather")

    hot, cold = drawn(page, "#extremes .chart")

    assert (hot[0], cold[0]) == ([16, 21], [6, -2])
    assert (len(hot), len(cold)) == (10, 10)
    assert text(page, "#extremes .sample") == "Of 1,450 hours of October of 2024 and 2025."
    assert table(page, "extremes")[1][3] == "unknown"


def test_a_place_is_chosen_for_the_whole_view_by_keyboard_and_kept(
    open_page: Opener, mood: Mood
) -> None:
    page = open_page("weather")
    asked = len(mood.asked)
    page.focus("#pick-city")
    page.keyboard.press("ArrowDown")

    expect(page.locator("#place .headline")).to_have_text("Sun, wind and weather in Riohacha")
    expect(page.locator("#sun .sample")).to_contain_text("8,760 observations on 365 days.")
    expect(page.locator("#wind .sample")).to_contain_text("Of 744 observations in 1 month.")
    expect(page.locator("#kinds .summary")).to_contain_text("mostly Clear, 75.0% of hours")
    assert page.evaluate("document.activeElement.id") == "pick-city"
    assert "August" not in text(page, "#sun .summary")
    assert "11:00 in Aug" in text(page, "#sun .summary")
    # All of it is known, so the other sectors had no wind.
    assert drawn(page, "#sectors .chart")[0][:5] == [0.2, 0, 0, 0.5, 0.3]
    assert "Thunderstorm" in [row[0] for row in table(page, "kinds")]
    assert "city=riohacha" in page.url
    solar = [one for one in mood.asked[asked:] if "solar_hour" in one]
    assert len(solar) == 1
    assert "city_key=riohacha" in solar[0]

    # Nothing to compare with is an answer too.
    assert text(page, "#today .message") == (
        "No baseline Riohacha has no hour that both Sat 11 Oct 2025 and Fri 11 Oct 2024 saw."
    )
    assert text(page, "#today .sample").startswith("few Over 0 hours of 24")
    assert {row[3] for row in table(page, "today")} == {"no baseline"}

    page.reload()
    expect(page.locator("#place .headline")).to_contain_text("Riohacha")


def test_a_period_a_month_and_a_day_are_chosen(open_page: Opener) -> None:
    page = open_page("weather")
    periods = page.locator("#pick-period option").all_inner_texts()
    assert periods == ["October of 2024 and 2025", "September of 2025"]

    page.select_option("#pick-period", "2025/9")
    page.select_option("#pick-month", "9")
    page.select_option("#pick-date", "2025-10-10")

    expect(page.locator("#days .sample")).to_contain_text("few Of 3 days of September of 2025")
    expect(page.locator("#sectors .sample")).to_contain_text("few Of 50 hours with wind")
    expect(page.locator("#extremes .sample")).to_contain_text("few Of 72 hours of September")
    expect(page.locator("#wind .sample")).to_have_text(
        "few Of 235 observations in 1 month. Hollow: hours of fewer than 10 observations."
    )
    expect(page.locator("#today .message")).to_contain_text("No baseline")
    assert drawn(page, "#wind .chart")[0][0] == 2
    assert "period=2025%2F9&month=9&date=2025-10-10" in page.url


def test_one_result_that_is_down_or_empty_leaves_the_others_alone(
    open_page: Opener, mood: Mood
) -> None:
    mood.status, mood.detail, mood.only = 503, "Down.", "openweather_wind_sectors"
    mood.results["openweather_weather_main"] = []
    del mood.results["openweather_hottest_hours"]

    page = open_page("weather")

    assert "The lake cannot answer right now" in text(page, "#sectors")
    assert "No kind of weather has been published yet." in text(page, "#kinds")
    assert "Not published yet" in text(page, "#extremes")
    assert "960 observations" in text(page, "#sun .sample")
    assert "W" not in text(page, "#place .figures").split()


def test_before_the_first_publication_the_view_says_what_fills_it(
    open_page: Opener, mood: Mood
) -> None:
    mood.results |= {name: [] for name in weather_rows.results()}

    page = open_page("weather")

    (said,) = [one for one in page.locator(".message-empty").all() if one.is_visible()]
    assert "No hour of weather has been published yet." in said.inner_text()
    assert "lake run openweather/gold --wait" in said.inner_text()
