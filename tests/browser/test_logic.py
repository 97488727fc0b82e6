"""The page's reckoning, case by case, in the browser that will do it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.seeing import call

pytestmark = pytest.mark.browser
NOTHING = "\N{EN DASH}"


@pytest.fixture
def page(reckoner: Page) -> Page:
    return reckoner


def hour(moment: str, rate: float | None = 0.1, **more: Any) -> dict[str, Any]:
    return {"event_hour": moment, "delay_rate": rate, "rated_preds": 100, **more}


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (None, NOTHING),
        (0.4, "under 1 min"),
        (59.4, "59 min"),
        (60, "1 h"),
        (200, "3 h 20 min"),
        (1440, "1 d"),
        (3185, "2 d 5 h"),
    ],
)
def test_a_span_is_told_in_the_units_that_matter(
    page: Page, minutes: float | None, words: str
) -> None:
    assert call(page, "format.js", "m.duration(a)", minutes) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [(None, NOTHING), (0, "0 B"), (999, "999 B"), (1000, "1 KB"), (18_400_000, "18.4 MB")],
)
def test_sizes_are_told_in_round_units(page: Page, size: int | None, words: str) -> None:
    assert call(page, "format.js", "en.bytes(a)", size) == words


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        ("2025-08-30T08:00:00Z", "Sat 30 Aug 2025, 10:00"),
        ("2025-08-30 08:00:00", "Sat 30 Aug 2025, 10:00"),
        ("2025-08-30T22:30:00Z", "Sun 31 Aug 2025, 00:30"),
        ("2025-01-15T23:30:00Z", "Thu 16 Jan 2025, 00:30"),
        (None, "never"),
        ("rubbish", "never"),
    ],
)
def test_instants_are_told_in_madrid_time(page: Page, instant: str | None, words: str) -> None:
    assert call(page, "time.js", "m.moment(m.instant(a))", instant) == words


def test_the_hour_that_comes_twice_in_autumn_stays_two_hours(page: Page) -> None:
    rows = [hour(f"2025-10-26T{h:02d}:00:00Z") for h in range(3)]

    slots = call(page, "delays/series.js", "m.hourly(a).map((one) => one.at)", rows)
    clocks = [call(page, "time.js", "m.clock(a)", at) for at in slots]

    assert clocks == ["02:00", "02:00", "03:00"]


def test_missing_hours_are_gaps_and_long_silences_one_break(page: Page) -> None:
    rows = [
        hour("2025-08-31T06:00:00Z"),
        hour("2025-08-29T06:00:00Z"),
        hour("2025-08-29T09:00:00Z"),
    ]

    slots = call(
        page,
        "delays/series.js",
        "m.hourly(a).map((one) => [one.row?.event_hour.slice(8, 13) ?? null, one.silent])",
        rows,
    )

    assert slots == [["29T06", 0], [None, 0], [None, 0], ["29T09", 0], [None, 44], ["31T06", 0]]


def test_the_newest_span_never_begins_with_a_gap(page: Page) -> None:
    rows = [
        hour("2025-08-29T00:00:00Z"),
        hour("2025-08-29T04:00:00Z"),
        hour("2025-08-29T06:00:00Z"),
    ]

    kept = call(
        page, "delays/series.js", "m.newest(m.hourly(a), 5).map((one) => one.row !== null)", rows
    )

    assert kept == [True, False, True]


def test_adverse_hours_that_touch_are_one_stretch(page: Page) -> None:
    kinds = ["good", "bad", "severe", "moderate", "bad", None]
    rows = [hour(f"2025-08-29T{h:02d}:00:00Z", worst_severity=kind) for h, kind in enumerate(kinds)]

    found = call(page, "delays/series.js", "m.adverseStretches(m.hourly(a))", rows)

    assert found == [[1, 2], [4, 4]]


def test_hours_without_a_known_delay_say_so(page: Page) -> None:
    rows = [hour("2025-08-29T00:00:00Z", None)]

    words = call(page, "delays/series.js", "m.hoursInWords(m.hourly(a), en)", rows)

    assert words == "No hour has a delay that is known."


def test_wilsons_interval_is_the_published_one(page: Page) -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148 and 0 of 20.
    for part, whole, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
    ):
        found = call(page, "stats.js", "m.wilson(...a)", [part, whole])
        assert found == pytest.approx([low, high], abs=5e-5)
    assert call(page, "stats.js", "m.wilson(0, 0)") is None


def test_the_interval_of_a_difference_is_the_published_one(page: Page) -> None:
    # Newcombe 1998, method 10: 56 of 70 against 48 of 80.
    found = call(
        page, "stats.js", "m.differenceInterval({part: 56, whole: 70}, {part: 48, whole: 80})"
    )

    assert found == pytest.approx([0.0524, 0.3339], abs=5e-5)


def weather(adverse: tuple[int, int], other: tuple[int, int]) -> list[dict[str, Any]]:
    kinds = (("bad", adverse, True), ("good", other, False), ("unknown", (50, 50), None))
    return [
        {
            "weather_severity": kind,
            "delayed_preds": late,
            "rated_preds": rated,
            "adverse": is_adverse,
        }
        for kind, (late, rated), is_adverse in kinds
    ]


FIGURES = "In adverse weather {} of {} predictions were delayed, in other weather {} of 1,000: {}."
TOGETHER = "{} points {}, together with the weather, which does not mean because of it"
TOO_FEW = (
    "Nothing can be said about the weather yet: {} rated predictions fell in adverse weather "
    "and {} in other weather, and at least 30 of each are needed."
)


@pytest.mark.parametrize(
    ("adverse", "other", "words"),
    [
        (
            (30, 100),
            (100, 1000),
            FIGURES.format("30.0%", 100, "10.0%", TOGETHER.format(20, "more")),
        ),
        (
            (10, 200),
            (200, 1000),
            FIGURES.format("5.0%", 200, "20.0%", TOGETHER.format(15, "less")),
        ),
        (
            (12, 100),
            (100, 1000),
            FIGURES.format("12.0%", 100, "10.0%", "a difference this small can be chance"),
        ),
        ((29, 29), (100, 1000), TOO_FEW.format(29, "1,000")),
        ((100, 1000), (29, 29), TOO_FEW.format("1,000", 29)),
        ((0, 0), (0, 0), TOO_FEW.format(0, 0)),
    ],
)
def test_the_weather_in_one_honest_sentence(
    page: Page, adverse: tuple[int, int], other: tuple[int, int], words: str
) -> None:
    rows = weather(adverse, other)

    said = call(page, "delays/attribution.js", "m.inOneSentence(m.compareWeather(a), en)", rows)

    assert said == words


def test_lines_with_few_predictions_come_last_and_ties_by_their_samples(page: Page) -> None:
    seen = (("9", 29, 29), ("2", 100, 50), ("10", 200, 100), ("1", 30, 30), ("3", 0, 0))
    rows = [
        {
            "line": line,
            "rated_preds": rated,
            "delayed_preds": late,
            "delay_rate": late / rated if rated else None,
        }
        for line, rated, late in seen
    ]

    script = "m.rankLines(a).map((one) => [one.line, one.few])"
    order = call(page, "delays/ranking.js", script, rows)

    assert order == [["1", False], ["10", False], ["2", False], ["9", True], ["3", True]]


@pytest.mark.parametrize(
    ("share", "place"), [(0, 0), (0.0499, 0), (0.05, 1), (0.1, 2), (0.2999, 3), (0.3, 4), (1, 4)]
)
def test_a_share_has_the_same_colour_every_day(page: Page, share: float, place: int) -> None:
    assert call(page, "delays/ranking.js", "m.binOf(a)", share) == place


def test_a_kilometre_is_as_long_to_the_east_as_to_the_north(page: Page) -> None:
    # Madrid: a degree of longitude is cos 40.4° = 0.7615 of one of latitude.
    stops = [{"lon": -3.75, "lat": 40.35}, {"lon": -3.65, "lat": 40.45}]

    found = call(page, "delays/ranking.js", "m.mapLimits(a, 500, 400)", stops)

    east = (found["lon"][1] - found["lon"][0]) * 0.76154 / 500
    north = (found["lat"][1] - found["lat"][0]) / 400
    assert east == pytest.approx(north, rel=1e-4)
    assert found["metresPerPixel"] == pytest.approx(north * 111_195, rel=1e-9)
    assert found["lat"][0] < 40.35
    assert found["lat"][1] > 40.45


def test_a_single_stop_still_has_a_map(page: Page) -> None:
    found = call(
        page, "delays/ranking.js", "m.mapLimits(a, 400, 400)", [{"lon": -3.7, "lat": 40.4}]
    )

    assert found["lon"][1] > found["lon"][0]
    assert found["metresPerPixel"] > 1


@pytest.mark.parametrize(("metres", "length"), [(20, 2000), (9, 1000), (5, 500), (0.9, 100)])
def test_the_scale_bar_is_a_round_length(page: Page, metres: float, length: int) -> None:
    assert call(page, "delays/ranking.js", "m.scaleLength(a)", metres) == length


def test_rows_balance_only_when_their_parts_make_the_whole(page: Page) -> None:
    parts = {"accepted": 7, "duplicate": 1, "rejected": 1, "empty": 1}

    assert call(page, "lake/glance.js", "m.balance(a).holds", {"read": 10, **parts}) is True
    assert call(page, "lake/glance.js", "m.balance(a).holds", {"read": 11, **parts}) is False
    assert call(page, "lake/glance.js", "m.balance(null)") is None


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ([], "All is well"),
        (["late"], "1 is late"),
        (["person", "person"], "2 wait for a person"),
        (["late", "failing", "person", "late"], "1 thing fails, 2 are late, 1 waits for a person"),
    ],
)
def test_the_lake_at_a_glance(page: Page, kinds: list[str], words: str) -> None:
    state = {"advice": [{"kind": kind} for kind in kinds]}

    assert call(page, "lake/glance.js", "m.glance(a).text", state) == words


@pytest.mark.parametrize(
    ("address", "key", "rest"),
    [
        ("#key=lake_a", "lake_a", "#"),
        ("#/lake?key=lake_a", "lake_a", "#/lake"),
        ("#/lake&key=lake_a", "lake_a", "#/lake"),
        ("#/delays?line=27&key=lake_a&day=2025-08-30", "lake_a", "#/delays?line=27&day=2025-08-30"),
        ("#/delays?key=lake%5Fa&line=27", "lake_a", "#/delays?line=27"),
        ("#key=%E0%A4%A", "%E0%A4%A", "#"),
        ("#key=", None, "#"),
        ("#/delays?line=key", None, "#/delays?line=key"),
        ("", None, ""),
    ],
)
def test_a_key_is_cut_from_an_address(page: Page, address: str, key: str | None, rest: str) -> None:
    assert call(page, "key.js", "m.splitKey(a)", address) == {"key": key, "rest": rest}


def test_the_top_of_a_small_pane_is_a_number_that_reads_well(page: Page) -> None:
    def most(rain: float) -> float:
        rows = [hour("2025-08-29T00:00:00Z", avg_precip_mm=rain)]
        script = "m.niceMost(a.map((row) => ({ row })), (row) => row.avg_precip_mm, 1)"
        return float(call(page, "delays/hourschart.js", script, rows))

    assert [most(rain) for rain in (0, 1, 1.1, 4.2, 9, 61)] == [1, 1, 2, 5, 10, 80]


def test_a_panel_shows_what_was_asked_last_whichever_answer_comes_last(page: Page) -> None:
    script = """(async () => {
      const given = [];
      const spec = {
        id: "race",
        title: "Race",
        load: () => new Promise((give) => given.push(give)),
        draw: ({ words }) => [document.createTextNode(words)],
      };
      const panel = m.createPanel(spec, { changed: () => {} });
      const asked = [panel.refresh(), panel.refresh()];
      given[1]({ words: "the later choice" });
      given[0]({ words: "the earlier choice" });
      return [await Promise.all(asked), panel.element.querySelector(".panel-body").textContent];
    })()"""

    assert call(page, "panel.js", f"await {script}") == [[False, True], "the later choice"]
