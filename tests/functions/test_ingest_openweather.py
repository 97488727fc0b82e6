"""OpenWeather's daily poll: what is asked, where it lands, and what it says when it is refused."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from domains.openweather.clients.openweather import parquet
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


def test_a_reply_stands_beside_the_columns_of_its_old_writer(tmp_path: Path) -> None:
    """Airbyte's, by which whoever reads tells rows apart; the id is the same for the same poll."""
    reply = {"dt": 7, "main": {"temp": 20.5}, "weather": [{"id": 800}], "name": "Riohacha"}
    path = tmp_path / "reply.parquet"

    path.write_bytes(parquet(reply, MOMENT))

    (row,) = pq.read_table(path).to_pylist()
    raw_id = row.pop("_airbyte_raw_id")
    assert str(uuid.UUID(str(raw_id))) == str(raw_id)
    assert row == {
        "_airbyte_extracted_at": MOMENT.replace(tzinfo=None),
        "_airbyte_generation_id": 0,
        "_airbyte_meta": {"sync_id": 0, "changes": []},
        **reply,
    }
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "SNAPPY"
    ids = []
    for said, at in (
        (reply, MOMENT),
        (reply, MOMENT + timedelta(seconds=1)),
        ({**reply, "dt": 8}, MOMENT),
    ):
        path.write_bytes(parquet(said, at))
        ids.append(pq.read_table(path).column("_airbyte_raw_id").to_pylist()[0])
    assert ids[0] == raw_id
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    "odd",
    [{"Dt": 2}, {"sys": {"a": 1, "A": 2}}, {"note": "\ud83d"}, {"": 1}],
    ids=["two names", "two names within", "half a letter", "no name"],
)
def test_a_reply_that_fits_no_parquet_file_is_a_failed_poll(
    ask: Asking, monkeypatch: pytest.MonkeyPatch, odd: Mapping[str, object]
) -> None:
    body = json.dumps({"dt": 1, "main": {"temp": 1}, **odd}).encode()
    monkeypatch.setattr(ask.upstream.openweather, "answer", lambda *_: Answer(200, body))

    state = ask.poll("openweather/riohacha")

    assert (state.status, state.raw_key) == (FAILED, "")
    assert state.reason.startswith("the reply fits no Parquet file (")


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
    ("body", "what"),
    [
        (b"[]", "an answer without its moment (dt)"),
        (b"{}", "an answer without its moment (dt)"),
        (b'{"dt": "1", "main": {"temp": 1}}', "an answer without its moment (dt)"),
        (b'{"dt": 1}', "an answer without main.temp"),
        (b'{"dt": 1, "main": [1]}', "an answer without main.temp"),
        (b'{"dt": 1, "main": {}}', "an answer without main.temp"),
    ],
)
def test_a_reply_without_its_moment_or_temperature_lands_nothing_and_is_kept(
    ask: Asking, monkeypatch: pytest.MonkeyPatch, body: bytes, what: str
) -> None:
    monkeypatch.setattr(ask.upstream.openweather, "answer", lambda *_: Answer(200, body))

    state = ask.poll("openweather/riohacha")

    assert (state.status, state.raw_key) == (FAILED, "")
    assert state.reason == f"openweather answered {what}, twice; the bytes are kept"
    assert ask.lake.objects("raw") == {}
    assert body in ask.lake.objects("quarantine").values()
