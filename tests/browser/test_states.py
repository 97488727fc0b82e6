"""Every state that an answer can be in has its own look: waiting, nothing, refused, down, old."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import expect

from tests.browser import rows, state
from tests.browser.conftest import Opener, settle
from tests.browser.seeing import text
from tests.browser.standin import KEY, Mood

pytestmark = pytest.mark.browser


def test_without_a_key_the_page_asks_for_one_and_opens_with_it(open_page: Opener) -> None:
    page = open_page(key=None, settled=False)
    page.wait_for_selector(".gate")
    assert page.evaluate("document.activeElement.id") == "key"

    page.fill("#key", KEY)
    page.keyboard.press("Enter")

    page.wait_for_selector("#hero .headline")
    assert "18.6%" in text(page, "#hero .headline")


def test_a_wrong_key_is_refused_in_words_and_forgotten(open_page: Opener) -> None:
    page = open_page(key="lake_wrong", settled=False)
    page.wait_for_selector(".gate")

    assert "did not take this key" in text(page, "#key-error")
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("address", ["#key={}", "#/lake?key={}", "#/lake&key={}"])
def test_a_key_in_the_address_moves_to_the_session(open_page: Opener, address: str) -> None:
    page = open_page(key=None, settled=False)
    page.wait_for_selector(".gate")
    page.evaluate("address => { location.hash = address }", address.format(KEY))
    page.wait_for_selector(".headline")

    assert KEY not in page.url
    assert page.evaluate("Object.values(sessionStorage)") == [KEY]
    assert page.evaluate("JSON.stringify(localStorage)").find(KEY) == -1
    page.go_back()
    assert KEY not in page.url


@pytest.mark.parametrize("wrong", [None, "lake_wrong"])
def test_a_refusal_from_before_the_right_key_came_throws_nobody_out(
    open_page: Opener, mood: Mood, wrong: str | None
) -> None:
    mood.held = "emt_stops"
    page = open_page(key=wrong, settled=False)
    page.wait_for_selector(".gate")

    page.fill("#key", KEY)
    page.keyboard.press("Enter")
    settle(page)
    with page.expect_response(lambda answer: answer.status in (401, 403)) as late:
        mood.word.set()
    late.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")

    assert page.locator(".gate").count() == 0
    assert page.evaluate("Object.values(sessionStorage)") == [KEY]


def test_forgetting_the_key_shows_nothing_any_more(open_page: Opener) -> None:
    page = open_page()

    page.click("#forget")

    assert page.locator(".gate").count() == 1
    assert page.locator(".panel").count() == 0
    assert page.evaluate("sessionStorage.length") == 0


def test_while_answers_are_under_way_their_places_are_held(open_page: Opener, mood: Mood) -> None:
    mood.under_way = threading.Event()

    page = open_page(settled=False)

    expect(page.locator(".skeleton")).to_have_count(6)
    assert page.get_attribute("#hours", "aria-busy") == "true"
    mood.under_way.set()
    expect(page.locator(".skeleton")).to_have_count(0)
    assert page.locator("[aria-busy]").count() == 0


def test_an_empty_lake_says_what_fills_it(open_page: Opener, mood: Mood) -> None:
    mood.results = {name: [] for name in rows.results()}

    page = open_page()

    (said,) = [one for one in page.locator(".message-empty").all() if one.is_visible()]
    assert "No prediction has been published yet." in said.inner_text()
    assert "lake run emt/gold --wait" in said.inner_text()


def test_one_empty_result_says_so_beside_the_others(open_page: Opener, mood: Mood) -> None:
    mood.results["emt_stops"] = []

    page = open_page()

    assert "No stop has been published yet." in text(page, "#stops")
    assert page.locator("#hours .chart").is_visible()


def test_a_lake_that_nobody_looked_at_says_so(open_page: Opener, mood: Mood) -> None:
    mood.state = state.untouched()

    page = open_page("lake")

    (said,) = [one for one in page.locator(".message-empty").all() if one.is_visible()]
    assert "Nobody has looked at the lake yet" in said.inner_text()
    assert page.locator(".message-trouble").count() == 0


def test_a_result_that_is_not_published_leaves_the_others_alone(
    open_page: Opener, mood: Mood
) -> None:
    del mood.results["emt_stops"]

    page = open_page()

    assert "Not published yet" in text(page, "#stops")
    assert "18.6%" in text(page, "#hero .headline")


def test_over_the_limit_the_page_waits_as_told_and_asks_again(
    open_page: Opener, mood: Mood
) -> None:
    mood.status, mood.detail, mood.headers = 429, "50 a second are allowed.", {"Retry-After": "1"}
    mood.only = "emt_weather"

    page = open_page()
    assert "Too many questions at once" in text(page, "#weather")
    assert "50 a second are allowed. Asks again in 1 s." in text(page, "#weather")
    mood.status = 200
    mood.headers = {}

    page.wait_for_selector("#attribution")


def test_a_part_that_is_down_says_so_and_a_person_can_ask_at_once(
    open_page: Opener, mood: Mood
) -> None:
    mood.status, mood.detail, mood.only = 503, "The store of results does not answer.", "emt_lines"
    page = open_page()
    assert "The lake cannot answer right now" in text(page, "#lines")
    assert "The store of results does not answer." in text(page, "#lines")
    mood.status = 200

    page.click("#lines-again")

    page.wait_for_selector("#lines table")


def test_a_whole_lake_that_is_down_is_said_once(open_page: Opener, mood: Mood) -> None:
    mood.status, mood.detail = 503, "The store of results does not answer."
    page = open_page()
    (said,) = [one for one in page.locator(".message-trouble").all() if one.is_visible()]
    assert "The store of results does not answer. Asks again each minute." in " ".join(
        said.inner_text().split()
    )
    mood.status = 200

    page.click("#hero-again")

    page.wait_for_selector("#stops canvas")
    assert page.locator(".message-trouble").count() == 0


def test_an_old_answer_tells_its_age(open_page: Opener, mood: Mood) -> None:
    mood.headers = {"Warning": '110 results-api "Response is Stale"', "Age": "840"}

    page = open_page()

    (said,) = [one for one in page.locator(".panel-note").all() if one.is_visible()]
    assert " ".join(said.inner_text().split()) == (
        "An older answer. A part of the lake is down; this is the last good one, 14 min old."
    )
    assert "18.6%" in text(page, "#hero .headline")
