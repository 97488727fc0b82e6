"""Once a minute the page looks again, and draws only what is new."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import rows, state
from tests.browser.conftest import Opener, settle
from tests.browser.seeing import text
from tests.browser.standin import Mood

pytestmark = pytest.mark.browser


def minute_passes(page: Page, mood: Mood, answers: int) -> None:
    """One minute on the page's clock, and all answers to what it asks then."""
    before = len(mood.asked)
    page.clock.run_for(60_500)
    for _ in range(100):
        if len(mood.asked) >= before + answers:
            break
        page.wait_for_timeout(20)
    page.wait_for_timeout(100)


@pytest.fixture
def page(open_page: Opener) -> Page:
    page = open_page(settled=False)
    page.clock.install()
    page.reload()
    settle(page)
    return page


def test_what_did_not_change_is_neither_sent_nor_drawn_again(page: Page, mood: Mood) -> None:
    page.click("#hours-table summary")
    page.evaluate("document.querySelector('#hours .chart').dataset.mark = 'same'")
    asked = len(mood.asked)

    minute_passes(page, mood, 5)

    assert mood.unchanged == len(mood.asked) - asked == 5
    assert page.get_attribute("#hours .chart", "data-mark") == "same"
    assert page.locator("#hours-table[open]").count() == 1


def test_new_figures_come_by_themselves_and_the_table_stays_open(page: Page, mood: Mood) -> None:
    page.click("#hours-table summary")
    mood.results["emt_network_by_hour"] = rows.network()[:24]

    minute_passes(page, mood, 5)

    assert "24 hours" in text(page, "#hours .summary")
    assert page.locator("#hours-table[open] tbody tr").count() == 24
    assert "New figures came" in page.locator("#announcer").inner_text()


def test_when_the_lake_goes_away_what_was_seen_stays_with_its_time(page: Page, mood: Mood) -> None:
    mood.status, mood.detail = 503, "The store does not answer."

    minute_passes(page, mood, 4)

    assert "What you see came at" in text(page, "#hours .panel-note")
    assert "18.6%" in text(page, "#hero .headline")
    mood.status = 200
    page.click("#hours-again")
    expect(page.locator("#hours .notice")).to_have_count(0)


def test_when_the_network_goes_what_was_seen_stays_too(page: Page, mood: Mood) -> None:
    page.context.set_offline(True)
    page.clock.run_for(60_500)

    page.wait_for_selector("#hours .notice")

    page.context.set_offline(False)
    assert text(page, "#hours .panel-note").startswith("The lake does not answer.")
    assert "18.6%" in text(page, "#hero .headline")


def test_the_state_of_the_lake_is_new_each_minute(page: Page, mood: Mood) -> None:
    page.click("#tab-lake")
    page.wait_for_selector("#glance .card")
    mood.state = state.calm()

    minute_passes(page, mood, 1)

    assert text(page, "#glance .headline") == "All is well."
