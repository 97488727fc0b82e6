"""The view Delays shows the figures of the rows that the API gives."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import rows
from tests.browser.conftest import AtRest, Opener
from tests.browser.seeing import cells, drawn, text
from tests.browser.standin import Mood

pytestmark = pytest.mark.browser


def test_the_first_sentence_counts_every_hour_of_every_page(open_page: Opener, mood: Mood) -> None:
    mood.results["emt_network_by_hour"] = rows.network() * 3  # 144 rows: three pages
    rated = 3 * sum(row["rated_preds"] for row in rows.network())
    delayed = 3 * sum(row["delayed_preds"] for row in rows.network())

    page = open_page()

    assert (rated, delayed) == (13_824, 2_565)
    assert "18.6% of bus predictions were delayed." in text(page, "#hero")
    assert "13,824 of 18,144 seen" in text(page, "#hero")
    assert "2,565" in text(page, "#hero")
    assert any("cursor=120" in asked for asked in mood.asked)


def test_delay_rain_and_wind_of_each_hour_stand_above_one_another(at_rest: AtRest) -> None:
    page = at_rest("delays")

    delay, rain, wind, counted, *shades = drawn(page, "#hours .chart")

    assert delay == [row["delay_rate"] for row in rows.network()]
    assert rain == [row["avg_precip_mm"] for row in rows.network()]
    assert wind == [row["avg_wind_kph"] for row in rows.network()]
    assert counted == [row["rated_preds"] for row in rows.network()]
    # 0.4 mm is not adverse yet.
    assert shades == [[[41, 43]]] * 3


def test_hours_are_told_in_madrid_time_in_words_and_as_a_table(open_page: Opener) -> None:
    page = open_page(zone="America/New_York")

    summary = text(page, "#hours .summary")
    page.click("#hours-table summary")
    table = cells(page, "#hours-table")

    assert summary.startswith("48 hours, Fri 29 Aug, 00:00 to Sat 30 Aug, 23:00, Madrid time.")
    assert "to 37.5% (Sat 30 Aug, 16:00)" in summary
    assert "Rain in 4 hours, up to 4.2 mm." in summary
    assert page.get_attribute("#hours .chart", "aria-label") == summary
    assert len(table) == 48
    assert table[42] == ["Sat 30 Aug 2025, 18:00", "37.5%", "120", "4.2 mm", "39.2 km/h", "severe"]


def test_lines_stand_from_worst_to_best_and_small_samples_last(at_rest: AtRest) -> None:
    page = at_rest("delays")
    page.click("#lines-more")

    table = cells(page, "#lines")

    assert len(table) == 15
    assert table[0] == ["132", "37.4%", "1,384"]
    assert table[-1] == ["N27", "50.0%", "few12"]
    assert [row[0] for row in table[:-1]] == list(reversed(rows.LINES))


def test_a_line_and_a_day_are_chosen(open_page: Opener, mood: Mood) -> None:
    page = open_page()
    page.click("#line-61")
    expect(page.locator("#pick-line")).to_have_value("61")
    page.select_option("#pick-day", "2025-08-29")

    own, network = drawn(page, "#day .chart")

    day = [row for row in rows.by_line("61") if row["event_hour"] < rows.at(24)]
    rated, delayed = sum(r["rated_preds"] for r in day), sum(r["delayed_preds"] for r in day)
    assert own == [row["delay_rate"] for row in day]
    assert network == [row["delay_rate"] for row in rows.network()[6:24]]
    sentence = f"On Fri 29 Aug 2025 {delayed / rated:.1%} of line 61's {rated} rated predictions"
    assert text(page, "#day .sentence").startswith(sentence)
    assert "line=61&day=2025-08-29" in page.url
    assert any("line=61" in asked and "fields=" in asked for asked in mood.asked)


def test_the_choice_is_in_the_address_and_survives_a_reload(open_page: Opener) -> None:
    page = open_page()
    page.select_option("#pick-line", "27")
    expect(page.locator("#day .sentence")).to_contain_text("line 27")

    page.reload()
    expect(page.locator("#day .sentence")).to_contain_text("line 27")

    assert page.input_value("#pick-line") == "27"


def test_the_weather_is_explained_with_both_samples(at_rest: AtRest) -> None:
    page = at_rest("delays")

    sentence = text(page, "#attribution")

    # 90 of 300 against 500 of 4,000: 30 % and 12.5 %.
    assert sentence == (
        "In adverse weather 30.0% of 300 predictions were delayed, in other weather 12.5% of "
        "4,000: 17.5 points more, together with the weather, which does not mean because of it."
    )
    assert "200 rated predictions met no known weather" in text(page, "#weather")
    names = [row[0].replace("adverse", " adverse") for row in cells(page, "#weather")]
    assert names == ["good", "moderate", "bad adverse", "severe adverse", "unknown"]


def test_too_few_predictions_in_the_rain_say_nothing(open_page: Opener, mood: Mood) -> None:
    mood.results["emt_weather"] = [
        row | ({"rated_preds": 10, "delayed_preds": 9} if row["adverse"] else {})
        for row in rows.weather()
    ]

    page = open_page()

    assert text(page, "#attribution").startswith("Nothing can be said about the weather yet: 20 ")
    assert page.locator(".versus").count() == 0


def test_stops_stand_on_the_map_by_place_and_those_without_one_in_the_table(
    at_rest: AtRest,
) -> None:
    page = at_rest("delays")
    (placed,) = drawn(page, "#stops .chart")
    page.click("#stops-table summary")
    table = cells(page, "#stops-table")

    known = [row for row in rows.stops() if row["lat"] is not None]
    assert sorted(placed) == sorted([row["lon"], row["lat"]] for row in known)
    assert len(table) == len(known) + 1
    assert ["(no name)", "9999", "1", "10.0%", "40"] in table
    assert "140 stops." in text(page, "#stops .summary")


def test_a_stop_tells_its_name_on_hover(at_rest: AtRest) -> None:
    page = at_rest("delays")
    page.wait_for_selector("#stops canvas")
    page.locator("#stops .chart").scroll_into_view_if_needed()
    script = """async () => {
      const entry = document.querySelector('script[type=module]').src;
      const { echarts } = await import(new URL('vendor/echarts/index.js', entry).href);
      const element = document.querySelector('#stops .chart');
      const chart = echarts.getInstanceByDom(element);
      const data = chart.getOption().series[0].data;
      const top = data[data.length - 1];
      const [x, y] = chart.convertToPixel({ seriesIndex: 0 }, top.value);
      const box = element.getBoundingClientRect();
      return [box.x + x, box.y + y, top.row.stop_name];
    }"""
    x, y, name = page.evaluate(script)

    page.mouse.move(x, y)

    assert page.locator("#stops .tip strong").inner_text() == name


def test_numbers_follow_the_locale_of_the_reader(open_page: Opener) -> None:
    page = open_page(locale="de-DE")

    assert "4.608" in text(page, "#hero")
    assert "18,6 %" in text(page, "#hero")
