"""Upstreams that misbehave (faults 14 to 18): retried within bounds, kept, or said."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

import pytest

from domains.meteorology.clients import weatherapi as weather
from functions.ingest import handler as ingest
from lake.errors import LakeError
from lake.polls import FAILED, LANDED, PARTIAL, UNCHANGED
from local.upstream import SECRETS, urls
from local.upstream.answers import Answer, Call, as_json
from scripts.samples.madrid import LINES, STOPS
from tests.functions.asking import Asking, Hurried, asking
from tests.functions.lake import PREFIX, Lake
from tests.functions.test_ingest import PAIRS, rows_of

WEATHER = "meteorology/workbook"
RETRIES = 5
PASSING = ["429", "500", "503", "reset", "half"]


@pytest.fixture
def ask(lake: Lake) -> Iterator[Asking]:
    with asking(lake) as made:
        yield made


def rewrite(
    monkeypatch: pytest.MonkeyPatch, ask: Asking, path: str, change: Callable[[Any], None]
) -> None:
    """Let the stand-in's good answers to a path be changed on the way."""
    served = ask.upstream._served

    def changed(api: str, call: Call) -> Answer:
        answer = served(api, call)
        if path not in call.path or answer.status != 200:
            return answer
        value = json.loads(answer.body)
        change(value)
        return as_json(value)

    monkeypatch.setattr(ask.upstream, "_served", changed)


# 14: 429, 5xx, time-outs, cut connections


@pytest.mark.parametrize("kind", PASSING)
def test_what_passes_by_itself_is_asked_again_with_growing_pauses(ask: Asking, kind: str) -> None:
    ask.trouble(kind, times=3)

    state = ask.poll(WEATHER)

    assert state.status == LANDED
    assert ask.calls("current.json") == 4
    # Half of 0.5, 1 and 2 s: the luck of these tests.
    assert ask.hours.slept == [0.25, 0.5, 1.0]


def test_an_answer_that_takes_too_long_is_asked_for_again(ask: Asking) -> None:
    ask.trouble("slow", seconds=2.0)

    state = ask.poll(WEATHER, ask.fresh(timeout_seconds=0.3))

    assert state.status == LANDED
    assert ask.calls("current.json") == 2


def test_pauses_are_drawn_from_the_whole_of_a_window_that_ends(ask: Asking) -> None:
    ask.trouble("500", times=9)
    ask.hours.luck = 1.0

    ask.poll(WEATHER, ask.fresh(retries=8))

    assert ask.hours.slept == [0.5, 1, 2, 4, 8, 16, 30, 30]
    ask.hours.slept.clear()
    ask.hours.luck = 0.0
    ask.trouble("500", times=1)
    ask.poll(WEATHER)
    assert ask.hours.slept == [0.0]


@pytest.mark.parametrize("kind", PASSING)
def test_after_its_tries_a_poll_gives_up_and_the_next_run_fetches_what_is_missing(
    ask: Asking, kind: str
) -> None:
    first = ask.poll(WEATHER)
    ask.control(now=(ask.upstream.clock.now() + timedelta(hours=2)).isoformat())
    ask.trouble(kind, times=RETRIES + 1)

    failed = ask.poll(WEATHER)

    assert failed.status == FAILED
    assert failed.reason.startswith("weatherapi did not answer after 6 tries: ")
    assert (failed.mark, failed.raw_key, failed.ok_at) == (first.mark, first.raw_key, first.at)
    assert (failed.failures, failed.failing_since) == (1, failed.at)
    assert len(ask.lake.versions("raw")) == 1
    recovered = ask.poll(WEATHER)
    assert recovered.status == LANDED
    assert int(recovered.mark) > int(first.mark)
    assert (recovered.failures, recovered.failing_since) == (0, "")


def test_a_failure_keeps_since_when_it_lasts(ask: Asking) -> None:
    ask.trouble("500", times=99)

    first = ask.poll(WEATHER)
    second = ask.poll(WEATHER)

    assert (second.failures, second.failing_since) == (2, first.at)
    assert second.at > first.at
    assert ask.state(WEATHER) == second


def test_retry_after_is_kept_in_seconds(ask: Asking) -> None:
    ask.trouble("429", times=2, retry_after="7")

    assert ask.poll(WEATHER).status == LANDED

    assert ask.hours.slept == [7.0, 7.0]


def test_retry_after_is_kept_as_a_moment(ask: Asking) -> None:
    ask.trouble("503", retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=40)))

    assert ask.poll(WEATHER).status == LANDED

    (slept,) = ask.hours.slept
    assert 35 <= slept <= 40


def test_nobody_waits_longer_than_the_function_lives(ask: Asking) -> None:
    ask.hours.total = 60.0
    ask.trouble("429", times=9, retry_after="3600")

    state = ask.poll(WEATHER)

    assert ask.hours.slept == []
    assert "before time was up: HTTP 429; asks us to wait 3600 s" in state.reason


def test_many_stops_that_hang_end_before_the_function_does(ask: Asking) -> None:
    ask.hours.total = 40.0
    ask.hours.luck = 1.0
    ask.trouble("500", api="emt", path="arrives", times=10_000)

    state = ask.poll("emt/arrivals")

    assert state.status == FAILED
    assert ask.hours.passed <= 40.0
    assert ask.lake.objects("raw") == {}


# 15: a 200 that is no answer


@pytest.mark.parametrize(("kind", "what"), [("html", "HTML"), ("text", "broken text")])
def test_a_body_that_is_no_json_is_kept_asked_for_once_more_and_said(
    ask: Asking, kind: str, what: str
) -> None:
    ask.trouble(kind, times=9)

    state = ask.poll(WEATHER)

    assert state.status == FAILED
    assert state.reason == (
        f"weatherapi answered {what} in place of JSON, twice; the bytes are kept"
    )
    assert ask.calls("current.json") == 2
    assert ask.lake.objects("raw") == {}
    kept = ask.lake.objects("quarantine")
    (key,) = (key for key in kept if key.endswith("/answer"))
    assert key.startswith(f"{WEATHER}/")
    assert kept[key].startswith(b"<!DOCTYPE" if kind == "html" else b'{"location"')
    reason = json.loads(kept[key.replace("/answer", "/reason.json")])
    received = datetime.fromisoformat(reason.pop("received_at"))
    assert abs(datetime.now(UTC) - received) < timedelta(minutes=5)
    assert reason == {
        "source": WEATHER,
        "size": len(kept[key]),
        "sha256": sha256(kept[key]).hexdigest(),
        "code": "answer",
        "reason": f"weatherapi: {what} in place of JSON",
    }


def test_one_bad_body_among_good_ones_costs_nothing(ask: Asking) -> None:
    ask.trouble("html")

    assert ask.poll(WEATHER).status == LANDED

    assert len(ask.lake.objects("quarantine")) == 2


def test_an_error_code_inside_a_200_is_asked_again_and_then_said(ask: Asking) -> None:
    ask.trouble("code", api="emt", path="stops/list", code="85", times=2)
    assert ask.poll("emt/stops").status == LANDED
    ask.trouble("code", api="emt", path="lines/info", code="85", times=99)

    state = ask.poll("emt/line_list")

    assert state.status == FAILED
    assert "EMT says code 85: Error managing internal services" in state.reason


def test_a_stop_that_is_out_of_use_is_an_empty_poll_and_no_failure(ask: Asking) -> None:
    ask.trouble("code", api="emt", path="stops/5297/", code="90", times=1)

    state = ask.poll("emt/arrivals")

    assert (state.status, state.rows) == (LANDED, PAIRS)
    assert state.reason == "out of use: 5297"
    rows = rows_of(ask.lake.objects("raw")[state.raw_key])
    (closed,) = (row for row in rows if row["stopId"] == "5297")
    assert (closed["Arrive"], closed["StopInfo"]) == ("[]", "[]")


def test_a_spent_quota_ends_the_run_and_what_came_before_it_lands(ask: Asking) -> None:
    ask.control(quota=11)  # a login and ten polls

    state = ask.poll("emt/arrivals")

    assert (state.status, state.rows) == (PARTIAL, 10)
    assert f"{PAIRS - 10} did not answer" in state.reason
    assert "code 98" in state.reason
    # Each of the four at work may have met the limit once.
    assert ask.calls("arrives") <= 14


# 16: other shapes


def test_a_field_that_nobody_knew_is_kept_in_a_column_of_its_own(
    ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(monkeypatch, ask, "current.json", lambda v: v["current"].update(pollen={"oak": 3}))

    state = ask.poll(WEATHER)

    (row,) = rows_of(ask.lake.objects("raw")[state.raw_key])
    assert row["current.pollen.oak"] == 3
    assert list(row)[:48] == list(weather.HEADER)


def drop_the_epoch(value: Any) -> None:
    del value["current"]["last_updated_epoch"]


def spell_the_epoch(value: Any) -> None:
    value["current"]["last_updated_epoch"] = "yesterday"


def make_it_a_list(value: Any) -> None:
    value["current"] = [value["current"]]


@pytest.mark.parametrize(
    ("part", "name"),
    [("location", "name"), ("current", "last_updated_epoch"), ("current", "temp_c")],
)
@pytest.mark.parametrize("how", ["null", "gone", "its whole part"])
def test_an_observation_says_where_when_and_how_warm_or_it_is_none(
    ask: Asking, monkeypatch: pytest.MonkeyPatch, part: str, name: str, how: str
) -> None:
    def spoil(value: Any) -> None:
        if how == "null":
            value[part][name] = None
        elif how == "gone":
            del value[part][name]
        else:
            del value[part]

    rewrite(monkeypatch, ask, "current.json", spoil)

    state = ask.poll(WEATHER)

    first = "last_updated_epoch" if part == "current" and how == "its whole part" else name
    assert state.reason == (
        f"weatherapi answered an answer without {part}.{first}, twice; the bytes are kept"
    )


@pytest.mark.parametrize("change", [drop_the_epoch, spell_the_epoch, make_it_a_list])
def test_a_missing_or_changed_field_that_matters_fails_the_poll_and_changes_nothing(
    ask: Asking, monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None]
) -> None:
    good = ask.poll(WEATHER)
    rewrite(monkeypatch, ask, "current.json", change)

    state = ask.poll(WEATHER)

    assert state.status == FAILED
    assert "last_updated_epoch" in state.reason
    assert (state.mark, state.raw_version) == (good.mark, good.raw_version)
    assert any(key.endswith("/answer") for key in ask.lake.objects("quarantine"))


def test_an_answer_without_arrivals_is_no_empty_poll(
    ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(monkeypatch, ask, "arrives", lambda v: v["data"][0].pop("Arrive"))

    state = ask.poll("emt/arrivals")

    assert state.status == FAILED
    assert "an entry without Arrive" in state.reason
    assert ask.lake.objects("raw") == {}


# 17: parts of a whole


def test_a_stop_that_does_not_answer_is_named_and_the_others_land(ask: Asking) -> None:
    ask.trouble("500", api="emt", path="stops/5297/arrives", times=99)

    state = ask.poll("emt/arrivals")

    assert (state.status, state.rows) == (PARTIAL, PAIRS - 1)
    assert state.reason.startswith("1 did not answer (5297/897): emt did not answer after 5 tries")
    assert state.failing
    ask.control(troubles=[])
    assert ask.poll("emt/arrivals").status == LANDED


def test_a_part_with_the_bytes_of_the_last_one_is_still_a_part(ask: Asking) -> None:
    """Called unchanged, it would count as well, and nobody would ask for the rest again."""
    ask.trouble("500", api="emt", path="stops/5297/arrives", times=99)
    polling = ask.fresh(retries=0)  # without a pause, so at one moment

    first, second = ask.poll("emt/arrivals", polling), ask.poll("emt/arrivals", polling)

    assert second.sha256 == first.sha256
    assert (second.status, second.failures, second.failing_since) == (PARTIAL, 2, first.at)


def test_half_a_network_never_lands(ask: Asking) -> None:
    ask.trouble("500", api="emt", path="lines/027/stops/2", times=99)

    state = ask.poll("emt/lines")

    assert state.status == FAILED
    assert state.reason.startswith("line 027, direction 2: emt did not answer")
    assert ask.lake.objects("raw") == {}


@pytest.mark.parametrize(
    ("source", "path", "left"),
    [
        ("emt/line_list", "lines/info", 0),
        ("emt/line_list", "lines/info", len(LINES) // 2 - 1),
        ("emt/lines", "lines/info", len(LINES) // 2 - 1),
        ("emt/stops", "stops/list", len(STOPS) // 2 - 1),
    ],
)
def test_half_a_list_never_lands_after_a_whole_one(
    ask: Asking, monkeypatch: pytest.MonkeyPatch, source: str, path: str, left: int
) -> None:
    whole = ask.poll(source)
    rewrite(monkeypatch, ask, path, lambda value: value["data"].__delitem__(slice(left, 99)))

    state = ask.poll(source)

    assert state.status == FAILED
    assert "nothing lands" in state.reason
    assert (state.rows, state.raw_version) == (whole.rows, whole.raw_version)
    monkeypatch.undo()
    assert ask.poll(source).status == UNCHANGED


def test_a_list_that_names_a_stop_twice_is_not_believed(
    ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(monkeypatch, ask, "stops/list", lambda value: value["data"].append(value["data"][0]))

    state = ask.poll("emt/stops")

    assert state.status == FAILED
    assert "names a stop twice" in state.reason


# 18: secrets


@pytest.mark.parametrize("source", [WEATHER, "emt/stops"])
def test_a_secret_that_is_not_there_is_named_and_nobody_is_asked(ask: Asking, source: str) -> None:
    for name in SECRETS:
        ask.secrets.delete_secret(
            SecretId=f"{PREFIX}-{name}-secret", ForceDeleteWithoutRecovery=True
        )

    state = ask.poll(source)

    assert state.status == FAILED
    name = "meteorology" if source == WEATHER else "emt"
    assert state.reason == (
        f"the secret {PREFIX}-{name}-secret has no value: give it one with var.secrets"
    )
    assert sum(ask.upstream.calls.values()) == 0


def test_a_secret_that_is_no_object_is_refused_without_being_shown(ask: Asking) -> None:
    ask.give_secret("meteorology", "s3cr3t-text")

    state = ask.poll(WEATHER)

    assert "is no JSON object" in state.reason
    assert "s3cr3t" not in state.reason


@pytest.mark.parametrize("status", ["401", "403"])
def test_a_key_that_is_not_let_in_is_said_at_once(ask: Asking, status: str) -> None:
    ask.trouble(status, times=99)

    state = ask.poll(WEATHER)

    assert state.reason == (f"weatherapi does not let us in: HTTP {status} (trouble on demand)")
    assert ask.calls("current.json") == 1
    assert ask.hours.slept == []


def test_a_key_that_was_rotated_while_we_remembered_it_is_fetched_once_more(ask: Asking) -> None:
    ask.give_secret("meteorology", json.dumps({"key": "of last year"}))
    polling = ask.fresh()
    assert ask.poll(WEATHER, polling).status == FAILED
    ask.give_secret("meteorology", json.dumps(dict(SECRETS["meteorology"])))

    state = ask.poll(WEATHER, polling)

    assert state.status == LANDED
    assert ask.calls("current.json") == 3


def test_a_password_that_was_rotated_is_fetched_once_more(ask: Asking) -> None:
    ask.give_secret("emt", json.dumps({**SECRETS["emt"], "password": "of last year"}))
    polling = ask.fresh()
    refused = ask.poll("emt/stops", polling)
    assert refused.reason == "EMT does not accept the email and password of the secret 'emt'"
    ask.give_secret("emt", json.dumps(dict(SECRETS["emt"])))

    assert ask.poll("emt/stops", polling).status == LANDED

    assert ask.calls("login") == 3


@pytest.mark.parametrize(
    "trouble", [{"kind": "401"}, {"kind": "403"}, {"kind": "code", "code": "80"}]
)
def test_a_token_that_is_never_accepted_ends_after_three_logins(
    ask: Asking, trouble: dict[str, str]
) -> None:
    ask.control(troubles=[{**trouble, "api": "emt", "path": "stops/list", "times": 99}])

    state = ask.poll("emt/stops")

    assert state.reason == "EMT refuses the tokens that it gave: 3 logins were tried"
    assert (ask.calls("login"), ask.calls("stops/list")) == (3, 3)


def echo(ask: Asking) -> str:
    """Words of EMT that repeat what they were told."""
    return f"no such token: {' '.join(ask.upstream.emt.tokens)}"


@pytest.mark.parametrize(
    "kind", ["401", "429", "500", "html", "half", "reset", "away", "echo", "good"]
)
def test_no_secret_is_ever_said(
    ask: Asking,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("SECRET_PREFIX", PREFIX)
    base = "http://127.0.0.1:9" if kind == "away" else ask.base  # nobody listens there
    monkeypatch.setenv("APIS", json.dumps(urls(base)))
    ingest._polling.cache_clear()
    polling = ingest.connect(ingest.IngestSettings.from_env())
    apis = {name: replace(api, retries=1) for name, api in polling.catalog.apis.items()}
    polling.catalog = replace(polling.catalog, apis=apis)
    if kind == "echo":
        rewrite(
            monkeypatch, ask, "stops/list", lambda v: v.update(code="85", description=echo(ask))
        )
    elif kind not in ("away", "good"):
        ask.trouble(kind, times=99)
    caplog.set_level(logging.DEBUG)
    logged = io.StringIO()
    monkeypatch.setattr(ingest.logger.registered_handler, "stream", logged)

    told = [ingest.handler({"source": source}, Hurried()) for source in (WEATHER, "emt/stops")]

    tokens = set(ask.upstream.emt.tokens)
    if kind in ("401", "good"):  # EMT's own words repeat the token
        ask.control(troubles=[], forget_tokens=True)
        told.append(ingest.handler({"source": "emt/line_list"}, Hurried()))
        tokens |= set(ask.upstream.emt.tokens)
    printed = capfd.readouterr()
    kept = [str(ask.lake.items()), *map(str, ask.lake.objects("quarantine").values())]
    everything = "\n".join(
        [json.dumps(told), logged.getvalue(), printed.out, printed.err, caplog.text, *kept]
    )
    assert "polled" in logged.getvalue()
    words = [word for secret in SECRETS.values() for word in secret.values()]
    for word in [*words, *tokens]:
        assert word not in everything


def test_what_is_undeclared_is_refused_with_the_nearest_name(ask: Asking) -> None:
    with pytest.raises(LakeError, match="did you mean 'emt/stops'"):
        ask.poll("emt/stop")
