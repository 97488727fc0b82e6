"""OpenWeather's daily poll: what is asked, where it lands, and what it says when it is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lake.catalog import Catalog
from lake.polls import FAILED, LANDED
from local.upstream import SECRETS
from local.upstream.answers import Answer, Call
from tests.functions.asking import MOMENT, Asking, asking
from tests.functions.lake import Lake
from tests.spark.sheets import Read

KEY = SECRETS["openweather"]["key"]
SILVER = "openweather_silver.weather"


@pytest.fixture
def ask(lake: Lake) -> Iterator[Asking]:
    with asking(lake) as made:
        yield made


@pytest.mark.parametrize(
    ("source", "query"),
    [
        ("openweather/riohacha", {"q": "Riohacha,CO", "lang": "es", "units": "metric"}),
        (
            "openweather/patagonia",
            {"lat": "-41.810147", "lon": "-68.906269", "lang": "es", "units": "metric"},
        ),
    ],
)
def test_each_city_is_asked_for_as_it_is_declared(
    ask: Asking, monkeypatch: pytest.MonkeyPatch, source: str, query: Mapping[str, str]
) -> None:
    heard: list[Call] = []
    answer = ask.upstream.openweather.answer

    def listen(call: Call, _trouble: object) -> Answer:
        heard.append(call)
        return answer(call)

    monkeypatch.setattr(ask.upstream.openweather, "answer", listen)

    assert ask.poll(source).status == LANDED

    (call,) = heard
    assert (call.method, call.path) == ("GET", "/data/2.5/weather")
    assert call.query == {**query, "appid": KEY}


def test_a_reply_lands_in_the_documented_place_and_belongs_to_its_city(
    ask: Asking, tmp_path: Path
) -> None:
    state = ask.poll("openweather/patagonia")

    stamp = int(MOMENT.timestamp() * 1000)
    folder = "airbyte/openweather/city-patagonia/year=2025/month=08/day=29"
    assert state.raw_key == f"{folder}/{stamp}_part_0.parquet"
    content = ask.lake.objects("raw")[state.raw_key]
    (row,) = Read(Catalog.bundled(), "openweather/patagonia", content, tmp_path).rows(SILVER)
    assert (row["city"], row["resolved_name"]) == ("Patagonia", "Ingeniero Jacobacci")
    assert row["event_ts_utc"] == MOMENT.replace(tzinfo=None)
    assert KEY.encode() not in content


def test_the_day_of_a_folder_is_the_day_of_the_poll_in_utc(ask: Asking) -> None:
    ask.hours.base = datetime(2025, 1, 2, 2, 30, tzinfo=UTC)  # still the 1st in both places

    state = ask.poll("openweather/riohacha")

    assert "/year=2025/month=01/day=02/" in state.raw_key


def test_a_repeated_poll_is_appended_not_dropped(ask: Asking) -> None:
    first = ask.poll("openweather/riohacha")
    ask.hours.passed += 5

    again = ask.poll("openweather/riohacha")

    assert (first.status, again.status) == (LANDED, LANDED)
    assert first.raw_key != again.raw_key


def test_a_wrong_key_is_said_in_their_words_and_never_shown(ask: Asking) -> None:
    ask.give_secret("openweather", json.dumps({"key": "not-the-key"}))

    state = ask.poll("openweather/riohacha")

    assert state.status == FAILED
    assert "Invalid API key" in state.reason
    assert "not-the-key" not in json.dumps(state.as_dict())


def test_a_city_that_nobody_finds_is_said(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.upstream.openweather._BY_NAME", {})

    assert "city not found" in ask.poll("openweather/riohacha").reason


@pytest.mark.parametrize(
    "body", [b"{}", b'{"dt": 1, "main": {}}', b'{"dt": "1", "main": {"temp": 1}}']
)
def test_a_reply_without_its_moment_or_temperature_lands_nothing_and_is_kept(
    ask: Asking, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(ask.upstream.openweather, "answer", lambda *_: Answer(200, body))

    state = ask.poll("openweather/riohacha")

    assert (state.status, state.raw_key) == (FAILED, "")
    assert ask.lake.objects("raw") == {}
    assert body in ask.lake.objects("quarantine").values()
