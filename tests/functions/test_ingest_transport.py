"""An API that means harm: redirects, endless bodies, words that repeat our key."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import requests

from functions.ingest import transport
from functions.ingest.errors import PollFailed, Said, Unavailable, Unreadable
from functions.ingest.keyed import Keyed
from functions.ingest.transport import Forbidden, ShapeError, Transport
from tests.functions.asking import Hours
from tests.services.scripted import (
    Script,
    Step,
    answer,
    drip,
    hang_up,
    in_chunks,
    silence,
    weather_service,
)

KEY = "k3y/with+odd=signs"


@dataclass
class Asker:
    """A transport to the scripted API, and what it kept as unreadable."""

    script: Script
    hours: Hours = field(default_factory=Hours)
    kept: list[tuple[bytes, str]] = field(default_factory=list)

    def transport(self, **changes: Any) -> Transport:
        wanted: dict[str, Any] = {"retries": 0, "timeout_s": 5.0, "clock": self.hours.clock}
        return Transport(
            "toys", **{**wanted, **changes}, keep_bad=lambda *kept: self.kept.append(kept)
        )

    def json(self, *steps: Step, **changes: Any) -> Any:
        self.script.steps = list(steps)
        return self.transport(**changes).json(
            "GET", self.script.url, headers={"X-Key": KEY, "accessToken": "t"}
        )


@pytest.fixture
def asker() -> Iterator[Asker]:
    with weather_service() as script:
        yield Asker(script)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_nobody_else_gets_our_headers(
    asker: Asker, status: int
) -> None:
    with weather_service() as stranger:
        stranger.always = answer(200, {})
        elsewhere = answer(status, b"", {"Location": f"{stranger.url}/stolen"})
        asker.script.always = answer(200, {})

        with pytest.raises(Said) as said:
            asker.json(elsewhere)

    assert (said.value.said, said.value.reason) == (
        f"HTTP {status}",
        f"toys answered HTTP {status}",
    )
    assert stranger.headers == []
    assert len(asker.script.paths) == 1
    assert asker.script.headers[0]["X-Key"] == KEY


def test_a_body_that_drips_ends_with_the_patience_for_one_call(asker: Asker) -> None:
    """Each byte comes before the socket loses its patience, the last one in a minute."""
    began = time.monotonic()
    real = Hours().clock
    clock = type(real)(remaining=lambda: 600.0)

    with pytest.raises(Unavailable) as failed:
        asker.json(drip(600, 0.1), timeout_s=0.3, clock=clock)

    assert failed.value.reason == "toys did not answer after 1 try: no answer in time"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("timeout_s", "left", "patience"),
    [
        (20.0, 600.0, (5.0, 20.0)),
        (20.0, 8.0, (5.0, 8.0)),
        (20.0, 0.5, (0.5, 0.5)),
        (2.0, 600.0, (2.0, 2.0)),
    ],
)
def test_a_connection_is_waited_for_five_seconds_at_most(
    asker: Asker,
    monkeypatch: pytest.MonkeyPatch,
    timeout_s: float,
    left: float,
    patience: tuple[float, float],
) -> None:
    waited: list[Any] = []

    def request(*_: Any, **asked: Any) -> None:
        waited.append(asked["timeout"])
        raise requests.ConnectTimeout("https://toys/?key=secret")

    monkeypatch.setattr(requests.Session, "request", request)
    asker.hours.total = left

    with pytest.raises(Unavailable) as failed:
        asker.json(timeout_s=timeout_s)

    assert failed.value.reason == "toys did not answer after 1 try: no connection in time"
    assert waited == [patience]


@pytest.mark.parametrize(
    ("step", "trouble"),
    [
        (hang_up, "the connection broke"),
        (silence(5), "no answer in time"),
        (drip(2, 5), "no answer in time"),
    ],
    ids=["hangs up", "says nothing", "says one byte"],
)
def test_how_a_connection_failed_is_said_in_words_without_its_address(
    asker: Asker, step: Step, trouble: str
) -> None:
    with pytest.raises(Unavailable) as failed:
        asker.json(step, timeout_s=0.3)

    assert failed.value.reason == f"toys did not answer after 1 try: {trouble}"


def test_an_api_without_a_key_is_asked_without_one(asker: Asker) -> None:
    asker.script.steps = [answer(299, {"a": 1})]
    keyed = Keyed(asker.transport(), asker.script.url, "none", "", None)

    assert keyed.get("/x", {"q": "Madrid"}, lambda _: None) == {"a": 1}, "299 is well, too"

    assert asker.script.asked == [{"q": "Madrid"}]
    assert asker.script.paths == ["/v1/x"]


def test_a_call_has_no_more_patience_than_the_function_has_time(asker: Asker) -> None:
    began = time.monotonic()
    clock = type(Hours().clock)(remaining=lambda: 0.3)

    with pytest.raises(Unavailable):
        asker.json(drip(600, 0.1), timeout_s=60.0, clock=clock)

    assert time.monotonic() - began < 10


def padded(size: int) -> bytes:
    """JSON of so many bytes."""
    return b"{}" + b" " * (size - 2)


def test_a_body_of_as_many_bytes_as_are_taken_is_read_and_one_more_is_not(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert transport.MAX_BODY_BYTES == 64 << 20
    monkeypatch.setattr(transport, "MAX_BODY_BYTES", 2 << 20)

    assert asker.json(answer(200, padded(2 << 20))) == {}
    packed = answer(200, gzip.compress(padded((2 << 20) + 1)), {"Content-Encoding": "gzip"})
    for step in (answer(200, padded((2 << 20) + 1)), packed):
        with pytest.raises(Unreadable) as failed:
            asker.json(step)
        assert failed.value.reason == "toys answered more than 2 MiB"


def test_a_body_in_chunks_is_read_to_its_end_and_half_of_one_is_none(asker: Asker) -> None:
    body = json.dumps({"text": "ñ" * 100}).encode()
    packed = {"Content-Encoding": "gzip"}

    for step in (in_chunks(body), in_chunks(gzip.compress(body), packed)):
        assert asker.json(step) == {"text": "ñ" * 100}
    for step in (
        in_chunks(b"{} ", ends=False),
        in_chunks(gzip.compress(b"{}"), packed, ends=False),
    ):
        with pytest.raises(Unavailable, match=r"after 1 try: half a body$"):
            asker.json(step)


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
def test_a_number_that_json_does_not_know_is_broken_text(asker: Asker, word: bytes) -> None:
    body = b'{"temp_c": ' + word + b"}"

    with pytest.raises(Unreadable) as failed:
        asker.json(answer(200, body), answer(200, body), retries=5)

    assert failed.value.reason == (
        "toys answered broken text in place of JSON, twice; the bytes are kept"
    )
    assert asker.kept == [(body, "toys: broken text in place of JSON")] * 2


DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "nothing"),
        (b" \n", "nothing"),
        (b"\n<!DOCTYPE html><p>", "HTML"),
        (b"<HTML>", "HTML"),
        (b"\xff\xfe", "broken text"),
        (DEEP, "broken text"),
    ],
)
def test_what_came_in_place_of_json_is_called_by_its_kind(
    asker: Asker, body: bytes, kind: str
) -> None:
    with pytest.raises(Unreadable, match=f"answered {kind} in place of JSON"):
        asker.json(answer(200, body), answer(200, body), retries=1)


@pytest.mark.parametrize(
    ("step", "trouble"),
    [
        (answer(408), "HTTP 408"),
        (answer(425), "HTTP 425"),
        (answer(429), "HTTP 429"),
        (answer(500), "HTTP 500"),
        (answer(599), "HTTP 599"),
        (answer(200, b"{} ", cut=1), "half a body"),
        (answer(200, b"no gzip", {"Content-Encoding": "gzip"}), "a body that cannot be unpacked"),
    ],
)
def test_what_may_pass_is_asked_again_and_then_said(asker: Asker, step: Step, trouble: str) -> None:
    assert asker.json(step, answer(200, {"a": 1}), retries=1) == {"a": 1}

    with pytest.raises(Unavailable) as failed:
        asker.json(step, step, retries=1)

    assert failed.value.reason == f"toys did not answer after 2 tries: {trouble}"


@pytest.mark.parametrize("status", [400, 402, 404, 409, 410, 422, 451, 499])
def test_what_is_refused_is_asked_once(asker: Asker, status: int) -> None:
    with pytest.raises(Said) as said:
        asker.json(answer(status, {"error": {"code": 1006, "message": "No place."}}), retries=5)

    assert said.value.reason == f"toys answered HTTP {status} (1006: No place.)"


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("-1", 0.25),
        ("soon", 0.25),
        ("²", 0.25),
        ("Fri, 29 Aug 99999999999999999999 07:00:00 GMT", 0.25),
        ("Fri, 29 Aug 2025 07:00:00 GMT", 0.25),
        ("Fri, 29 Aug 2025 07:00:00", 0.25),
        ("Fri, 99 Aug 2025 07:00:00 GMT", 0.25),
    ],
)
def test_retry_after_is_the_least_that_is_waited(asker: Asker, said: str, pause: float) -> None:
    asker.json(answer(503, b"", {"Retry-After": said}), answer(200, {}), retries=1)

    assert asker.hours.slept == [pause]


@pytest.mark.parametrize(("wait", "asked"), [("9", 2), ("10", 1)])
def test_a_pause_that_takes_all_the_time_that_is_left_is_not_begun(
    asker: Asker, wait: str, asked: int
) -> None:
    asker.hours.total = 10.0
    steps = (answer(503, b"", {"Retry-After": wait}), answer(503))

    with pytest.raises(Unavailable):
        asker.json(*steps, retries=1)

    assert len(asker.script.paths) == asked
    assert asker.hours.slept == [9.0] * (asked - 1)


def test_without_time_nobody_is_asked(asker: Asker) -> None:
    asker.hours.total = 0.0

    with pytest.raises(Unavailable, match=r"^no time was left to ask toys$"):
        asker.json(answer(200, {}))

    assert asker.script.paths == []


def echoes(status: int, form: str) -> Step:
    """An API that repeats what it was asked with."""
    said = {"plain": KEY, "in an address": quote(KEY), "in a form": quote_plus(KEY)}[form]
    words = f"no such key: {said} (api.example/?key={said}&q=1)"
    if status == 200:
        return answer(200, f"<html>{words}".encode())
    return answer(status, {"error": {"code": 2006, "message": words}})


@pytest.mark.parametrize("form", ["plain", "in an address", "in a form"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
def test_a_key_that_an_api_repeats_is_neither_said_nor_kept(
    asker: Asker, status: int, form: str
) -> None:
    asker.script.always = echoes(status, form)
    keyed = Keyed(asker.transport(), asker.script.url, "query", "key", lambda _: {"key": KEY})

    with pytest.raises(PollFailed) as failed:
        keyed.get("/current.json", {"q": "Madrid"}, lambda _: None)

    assert asker.script.asked[0]["key"] == KEY
    said = f"{failed.value.reason} {asker.kept}"
    for spelt in (KEY, quote(KEY), quote_plus(KEY)):
        assert spelt not in said
    if status in (400, 401, 403):
        assert "***" in failed.value.reason
    if status == 200:
        assert b"***" in asker.kept[0][0]


def test_a_reason_is_a_sentence_and_no_page(asker: Asker) -> None:
    long = "x" * 301

    with pytest.raises(Said) as said:
        asker.json(answer(400, {"message": long}))

    assert said.value.reason == f"toys answered HTTP 400 ({'x' * 300})"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"code": 7, "message": "No."}}, " (7: No.)"),
        ({"code": 7, "description": "No."}, " (7: No.)"),
        ({"message": "No."}, " (No.)"),
        (b'{"message": "half a letter: \\ud83d"}', " (half a letter: ?)"),
        ({"error": "No."}, ""),
        ([1], ""),
        ({}, ""),
        (b"<html>", ""),
        (DEEP, ""),
    ],
)
def test_the_words_of_a_refusal_are_repeated_as_far_as_there_are_any(
    asker: Asker, body: Any, words: str
) -> None:
    with pytest.raises(Forbidden) as refused:
        asker.json(answer(403, body))

    assert (refused.value.status, refused.value.words) == (403, words)


def test_a_key_that_was_rotated_and_is_refused_too_is_said(asker: Asker) -> None:
    keyed = Keyed(
        asker.transport(),
        asker.script.url,
        "header",
        "X-Key",
        lambda fresh: {"key": "new" if fresh else "old"},
    )
    asker.script.always = answer(401, {"message": "no"})

    with pytest.raises(PollFailed) as failed:
        keyed.get("/x", {}, lambda _: None)

    assert failed.value.reason == "toys does not let us in: HTTP 401 (no)"
    assert [headers["X-Key"] for headers in asker.script.headers] == ["old", "new"]
    assert "key" not in json.dumps(asker.script.asked)


def test_an_answer_of_another_shape_is_kept_and_said_in_the_words_of_who_knows_the_shape(
    asker: Asker,
) -> None:
    def check(value: Any) -> None:
        if "dt" not in value:
            raise ShapeError("an answer without its moment (dt)")

    asker.script.steps = [answer(200, {"a": 1}), answer(200, {"a": 1})]
    with pytest.raises(Unreadable) as failed:
        asker.transport(retries=5).json("GET", asker.script.url, check=check)
    assert failed.value.reason == (
        "toys answered an answer without its moment (dt), twice; the bytes are kept"
    )
    assert asker.kept == [(b'{"a": 1}', "toys: an answer without its moment (dt)")] * 2

    asker.script.steps = [answer(200, {"a": 1}), answer(200, {"dt": 1})]
    assert asker.transport(retries=1).json("GET", asker.script.url, check=check) == {"dt": 1}


def test_a_trouble_inside_a_200_is_asked_again_and_told_without_its_secrets(asker: Asker) -> None:
    asker.script.steps = [answer(200, {"code": 85}), answer(200, {"code": 0})]
    asking = asker.transport(retries=1, secrets={KEY})

    def trouble(value: Any) -> str | None:
        return f"code {value['code']} for {KEY}" if value["code"] else None

    assert asking.json("GET", asker.script.url, trouble_in=trouble) == {"code": 0}
    assert len(asker.script.paths) == 2
    asker.script.steps = [answer(200, {"code": 85})] * 2
    with pytest.raises(Unavailable) as failed:
        asking.json("GET", asker.script.url, trouble_in=trouble)
    assert failed.value.reason == "toys did not answer after 2 tries: code 85 for ***"
