"""One browser and one stand-in API for all tests of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from scripts.packing.page import page as page_files
from scripts.provision.browser import NO_BROWSER, find_browser
from tests.browser.standin import KEY, Mood, StandIn

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--no-sandbox",  # it needs rights that a container rarely gives, and sees only our own page
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing could leave
)
# What Chromium writes by itself for every answer that is not a 2xx.
EXPECTED = "Failed to load resource"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    command = find_browser()
    assert command, NO_BROWSER
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server() -> Iterator[StandIn]:
    log = ROOT / ".laptop" / "logs" / "build.page.log"
    server = StandIn(page_files(ROOT, ROOT / "build" / ".cache", log))
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def mood(server: StandIn) -> Mood:
    """The API in good health; a test changes it."""
    server.mood = Mood()
    return server.mood


@dataclass
class Watched:
    """What a page did that it should not."""

    console: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def see(self, url: str) -> None:
        if urlsplit(url).hostname != "127.0.0.1":
            self.strangers.append(url)

    def hear(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning") and not said.text.startswith(EXPECTED):
            self.console.append(said.text)


AtRest = Callable[[str], Page]
Contexts = Callable[[str, str], BrowserContext]


def settle(page: Page) -> None:
    """Waits until every panel of a view has its answer."""
    page.wait_for_selector(".panel")
    expect(page.locator("[aria-busy]")).to_have_count(0)


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> Iterator[Contexts]:
    """A profile of the browser for each locale and zone; its tabs share the parsed library."""
    known: dict[tuple[str, str], BrowserContext] = {}

    def context(locale: str, zone: str) -> BrowserContext:
        if (locale, zone) not in known:
            known[locale, zone] = browser.new_context(locale=locale, timezone_id=zone)
        return known[locale, zone]

    yield context
    for one in known.values():
        one.close()


@pytest.fixture(scope="session")
def reckoner(contexts: Contexts, server: StandIn) -> Page:
    """Any page of ours, for what its modules reckon: they do not need one."""
    # Far from Madrid: nothing may depend on where the reader is.
    page = contexts("en-GB", "Asia/Tokyo").new_page()
    page.goto(server.url)
    return page


class Opener:
    """Opens views and watches them."""

    def __init__(self, contexts: Contexts, url: str) -> None:
        self.contexts, self.url = contexts, url
        self.watched, self.pages = Watched(), list[Page]()

    def __call__(
        self,
        view: str = "delays",
        *,
        key: str | None = KEY,
        width: int = 1280,
        theme: Literal["light", "dark"] = "light",
        settled: bool = True,
        locale: str = "en-GB",
        zone: str = "UTC",
    ) -> Page:
        page = self.contexts(locale, zone).new_page()
        self.pages.append(page)
        page.set_default_timeout(15_000)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.on("pageerror", lambda error: self.watched.console.append(str(error)))
        page.on("console", self.watched.hear)
        page.on("request", lambda request: self.watched.see(request.url))
        page.goto(f"{self.url}#/{view}" + (f"?key={key}" if key else ""))
        if settled:
            settle(page)
        return page

    def close(self) -> None:
        """At the end no page may have complained or asked anybody else."""
        for page in self.pages:
            page.evaluate("localStorage.clear()")
            page.close()
        assert self.watched == Watched()


@pytest.fixture
def open_page(contexts: Contexts, server: StandIn, mood: Mood) -> Iterator[Opener]:
    """Opens pages of its own for a test."""
    opener = Opener(contexts, server.url)
    yield opener
    opener.close()


@pytest.fixture(scope="module")
def at_rest(contexts: Contexts, server: StandIn) -> Iterator[AtRest]:
    """A view in good health that many tests only look at."""
    opener, known = Opener(contexts, server.url), dict[str, Page]()

    def view(name: str) -> Page:
        if name not in known:
            server.mood = Mood()
            known[name] = opener(name)
        return known[name]

    yield view
    opener.close()
