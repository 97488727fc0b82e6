"""The view Lake says at a glance what is wrong, what to do, and where every row went."""

from __future__ import annotations

import pytest

from tests.browser import state
from tests.browser.conftest import AtRest, Opener
from tests.browser.seeing import cells, text
from tests.browser.standin import Mood

pytestmark = pytest.mark.browser


def test_what_fails_comes_first_with_what_to_do(at_rest: AtRest) -> None:
    page = at_rest("lake")

    cards = page.locator("#glance .card")

    assert text(page, "#glance .headline") == "2 things fail, 1 is late, 1 waits for a person."
    assert text(page, "#glance .well") == (
        "3 of 6 sources fresh · 4 of 5 promised tables on time · 3 of 4 checks passed"
    )
    kinds = [card.locator(".pill").inner_text() for card in cards.all()]
    assert kinds == ["failing", "failing", "late", "for a person"]
    assert "lake run meteo/daily --wait" in cards.nth(0).inner_text()
    assert "docs/operations.md#pipeline-failed" in cards.nth(0).inner_text()


def test_a_lake_in_health_says_so(open_page: Opener, mood: Mood) -> None:
    mood.state = state.calm()

    page = open_page("lake")

    assert text(page, "#glance .headline") == "All is well."
    assert page.locator("#glance .card").count() == 0
    assert "Nothing is waiting" in text(page, "#quarantine")
    assert "All 3 checks passed." in text(page, "#quality")


def test_each_source_shows_its_state_its_age_and_its_promise(at_rest: AtRest) -> None:
    page = at_rest("lake")

    names = page.locator("#sources .named-name").all_inner_texts()
    table = {
        name.removesuffix("upload").removesuffix("stream").strip(): row
        for name, row in zip(names, cells(page, "#sources"), strict=True)
    }

    assert table["emt/stops"][1].split("\n")[0] == "late"
    assert table["emt/stops"][2] == "3 d old, promised 2 d"
    assert table["emt/arrivals"][1].split("\n") == ["fresh", "Sat 30 Aug, 11:55"]
    assert table["emt/arrivals"][3].split("\n") == ["184", "1 in quarantine"]
    assert table["meteo/air"][1:3] == ["never", "nothing yet, no promise"]
    assert table["meteo/observations"][2] == "4 min old, promised 1 h"


def test_rows_in_are_the_sum_of_where_they_went(at_rest: AtRest) -> None:
    page = at_rest("lake")

    first = page.locator("#rows-in .balance").first
    widths = first.locator(".stack-part").evaluate_all("all => all.map(one => one.style.flexGrow)")

    assert " ".join(first.inner_text().split()) == (
        "emt/arrivals 248,310 read "
        "= 233,983 accepted + 12,400 duplicate + 37 rejected + 1,890 empty"
    )
    assert [round(float(width) * 248_310) for width in widths] == [233_983, 12_400, 37, 1_890]
    assert page.locator("#rows-in .notice-bad").count() == 0


def test_rows_that_are_not_accounted_for_stand_out(open_page: Opener, mood: Mood) -> None:
    mood.state["sources"][0]["counts"]["accepted"] -= 3

    page = open_page("lake")

    assert text(page, "#rows-in .notice-bad") == "3 rows are not accounted for."


def test_a_refused_file_shows_its_reason_and_the_way_back(at_rest: AtRest) -> None:
    page = at_rest("lake")

    words = text(page, "#quarantine")

    assert "buses-august.xlsx" in words
    assert "has no column 'StopInfo'" in words
    assert f"lake replay {state.SHA[:16]}" in words


def test_tables_show_sizes_and_snapshots(at_rest: AtRest) -> None:
    page = at_rest("lake")
    page.click("#tables tbody tr:first-child summary")

    first = page.locator("#tables tbody tr").first

    assert "233,983" in first.inner_text()
    assert "18.4 MB" in first.inner_text()
    assert first.locator(".snapshots li").count() == 4
    # 64 bits: a number would have lost its last digits.
    assert "4000000000000000001" in first.locator(".snapshots li").nth(1).inner_text()


def test_running_pipelines_come_first_and_failed_ones_say_why(at_rest: AtRest) -> None:
    page = at_rest("lake")

    runs = [" ".join(one.split()) for one in page.locator("#pipelines .run").all_inner_texts()]

    assert runs[0].startswith("emt/upkeep")
    assert "running" in runs[0]
    assert "took 3 min 5 s" in runs[1]
    assert "has no column uv" in runs[2]
    assert "In queues: loads 2" in text(page, "#pipelines")


def test_a_check_that_did_not_pass_shows_what_it_found(at_rest: AtRest) -> None:
    page = at_rest("lake")

    (row,) = cells(page, "#quality .panel-body > .scroll")

    assert row[0].split("\n")[0] == "nulls of delay_rate"
    assert row[1:] == ["<= 0.5", "0.61", "warning"]
