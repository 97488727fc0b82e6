"""The page reads the API that it will meet: the handler itself over published Parquet."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from moto import mock_aws
from playwright.sync_api import expect

from functions.results_api import handler as results_api
from lake.served import STATE_KEY
from tests.browser import rows, state
from tests.browser.conftest import Contexts, Opener
from tests.browser.seeing import cells, drawn, text
from tests.browser.standin import POLICY, TYPES, StandIn
from tests.functions.results_gateway import application
from tests.functions.served_results import BUCKET, KEY, KEYS, REGION, Served

pytestmark = pytest.mark.browser
Start = Callable[..., Any]


class Quiet(WSGIRequestHandler):
    """Tests are quiet."""

    def log_message(self, *_words: Any) -> None:
        return


class RealApi:
    """The handler behind its gateway, with the page in front of it."""

    def __init__(self, page: dict[str, bytes]) -> None:
        self.page = page
        self.server = make_server("127.0.0.1", 0, self.answer, handler_class=Quiet)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        name = environ["PATH_INFO"].lstrip("/") or "index.html"
        if name not in self.page:
            return application(environ, start)
        kind = TYPES[name.rpartition(".")[2]]
        start("200 OK", [("Content-Type", kind), ("Content-Security-Policy", POLICY)])
        return [self.page[name]]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def as_published(row: dict[str, Any], columns: Iterable[Any]) -> list[Any]:
    """A row in the order and the types of its result; what the made-up rows lack is null."""
    values = []
    for column in columns:
        value = row.get(column.name)
        if column.type == "timestamp" and value is not None:
            value = datetime.fromisoformat(value).replace(tzinfo=None)
        if column.type == "date" and value is not None:
            value = date.fromisoformat(value)
        values.append(value)
    return values


@pytest.fixture
def real_api(server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealApi]:
    """Everything that the stand-in tells, published as a pipeline would."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("SERVED_BUCKET", BUCKET)
    monkeypatch.setenv("API_KEYS_TABLE", KEYS)
    monkeypatch.setenv("API_URL", "http://127.0.0.1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with mock_aws():
        results_api.service.cache_clear()
        published = Served.of_moto(tmp_path)
        for name, found in rows.results().items():
            result = published.catalog.results[name]
            key = itemgetter(*result.key)
            ordered = sorted(found, key=key)
            published.publish(name, [as_published(row, result.columns) for row in ordered])
        seen = {name: part for name, part in state.troubled().items() if name != "results"}
        published.s3.put_object(Bucket=BUCKET, Key=STATE_KEY, Body=json.dumps(seen))
        api = RealApi(server.page)
        yield api
        api.close()
        results_api.service.cache_clear()


def test_every_view_shows_what_was_published(contexts: Contexts, real_api: RealApi) -> None:
    opener = Opener(contexts, real_api.url)
    page = opener(key=KEY)

    assert "18.6% of bus predictions were delayed." in text(page, "#hero")
    assert drawn(page, "#hours .chart")[0] == [row["delay_rate"] for row in rows.network()]
    assert cells(page, "#lines")[0] == ["132", "37.4%", "1,384"]
    assert text(page, "#attribution").startswith("In adverse weather 30.0% of 300 predictions")
    assert "140 stops." in text(page, "#stops .summary")
    page.click("#tab-weather")
    page.select_option("#pick-city", "patagonia")
    expect(page.locator("#sun .sample")).to_contain_text("Of 960 observations on at least 40 days.")
    assert "Of 955 observations in 2 months." in text(page, "#wind .sample")
    assert "Of 1,000 hours in 2 months." in text(page, "#kinds .sample")
    assert "Over 23 hours of 24" in text(page, "#today .sample")
    assert cells(page, "#extremes .scroll:first-child")[0] == [
        "Thu 2 Oct 2025, 16:00",
        "21",
        "Clear",
    ]
    page.click("#tab-lake")
    page.wait_for_selector("#glance .headline")
    assert text(page, "#glance .headline") == "2 things fail, 1 is late, 1 waits for a person."
    assert len(cells(page, "#results")) == len(rows.results())
    opener.close()
