"""Everybody can use the page: by keyboard, by ear, on a phone, in the dark; nobody abuses it."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser import rows
from tests.browser.conftest import AtRest, Opener
from tests.browser.seeing import text
from tests.browser.standin import Mood

pytestmark = pytest.mark.browser
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
HOSTILE = "<img src=x onerror=alert(1)>\"'&{{7*7}}</script>"
VIEWS = ("delays", "weather", "lake")
Theme = Literal["light", "dark"]


def findings(page: Page) -> list[str]:
    """What axe calls serious or critical."""
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious(open_page: Opener, mood: Mood, view: str, theme: Theme) -> None:
    del mood.results["emt_stops"][20:]  # each row of a table costs axe time and is like the others
    page = open_page(view, theme=theme)
    for summary in page.locator("summary").all():
        summary.click()

    assert findings(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_where_something_is_wrong(
    open_page: Opener, mood: Mood, theme: Theme
) -> None:
    mood.status, mood.detail, mood.only = 503, "Down.", "emt_lines"
    mood.headers = {"Warning": "110 - stale", "Age": "60"}
    page = open_page(theme=theme)

    assert findings(page) == []
    page.click("#forget")
    assert findings(page) == []


@pytest.mark.parametrize("view", VIEWS)
def test_no_width_needs_sideways_scrolling(at_rest: AtRest, view: str) -> None:
    page = at_rest(view)
    for width in (380, 720, 1280, 2560):
        page.set_viewport_size({"width": width, "height": 900})

        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(open_page: Opener) -> None:
    page = open_page()
    seen = []
    for _ in range(17):
        page.keyboard.press("Tab")
        focused = "document.activeElement"
        seen.append(page.evaluate(f"{focused}.id || {focused}.name || {focused}.className"))
        outline = page.evaluate(
            f"""getComputedStyle({focused}.matches('input[type=radio]')
              ? {focused}.parentElement : {focused}).outlineStyle"""
        )
        assert outline != "none", seen

    tabs = ["tab-delays", "tab-weather", "tab-lake"]
    assert seen[:7] == ["skip", "brand", *tabs, "theme", "choice-Span-of-time"]
    assert "line-132" in seen


def test_the_skip_link_leads_past_the_bar(open_page: Opener) -> None:
    page = open_page()

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.name") == "choice-Span-of-time"


def test_a_view_is_changed_by_keyboard_and_announced(open_page: Opener) -> None:
    page = open_page()
    page.focus("#tab-lake")

    page.keyboard.press("Enter")
    page.wait_for_selector("#glance .headline")
    expect(page.locator("#announcer")).to_have_text("Lake loaded")

    assert page.get_attribute("#tab-lake", "aria-current") == "page"
    assert page.get_attribute("#tab-delays", "aria-current") is None
    assert page.evaluate("document.activeElement.id") == "content"
    assert page.title() == "Lake · Albufera"


def test_the_theme_can_be_chosen_and_is_remembered(open_page: Opener) -> None:
    page = open_page(theme="light")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)

    page.check("input[value=dark]")
    dark = page.evaluate(ground)
    page.reload()

    assert dark != light
    assert page.evaluate(ground) == dark
    page.check("input[value=auto]")
    assert page.evaluate(ground) == light


def test_text_of_the_data_is_never_markup(open_page: Opener, mood: Mood) -> None:
    mood.results["emt_stops"][0] |= {"stop_name": HOSTILE, "rated_preds": 9999, "delay_rate": 0.99}
    mood.results["emt_lines"][0] |= {"line": HOSTILE, "delay_rate": 0.99}
    mood.results["emt_delays_by_hour"] = [row | {"line": HOSTILE} for row in rows.by_line("27")]
    mood.state["advice"][0] |= {"text": HOSTILE, "command": HOSTILE}
    mood.state["quarantine"][0] |= {"file_name": HOSTILE, "reason": HOSTILE}
    mood.state["tables"][0]["table"] = HOSTILE
    for name, found in mood.results.items():
        if name.startswith("openweather"):
            mood.results[name] = [row | {"city": HOSTILE, "weather_main": HOSTILE} for row in found]

    page = open_page()
    assert HOSTILE in page.locator("#lines").inner_text()
    assert HOSTILE in page.locator("#day .sentence").inner_text()
    assert HOSTILE in page.locator("#stops .summary").inner_text()
    page.click("#tab-weather")
    page.wait_for_selector("#extremes table")
    assert HOSTILE in page.locator("#place .headline").inner_text()
    assert HOSTILE in page.locator("#extremes table").first.inner_text()
    page.click("#tab-lake")
    page.wait_for_selector("#quarantine .run")

    assert page.locator("#quarantine").inner_text().count(HOSTILE) == 2
    assert HOSTILE in page.locator("#glance").inner_text()
    assert page.locator("img").count() == 0


def test_a_problem_that_the_api_tells_is_text_too(open_page: Opener, mood: Mood) -> None:
    mood.status, mood.detail, mood.only = 503, HOSTILE, "emt_lines"

    page = open_page()

    assert HOSTILE in text(page, "#lines")
    assert page.locator("img").count() == 0
