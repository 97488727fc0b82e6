"""Where ingest's bounds lie: one less is let through, one more is not."""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from domains.emt.clients import emt_arrivals as arrivals
from domains.emt.clients import emt_stops
from domains.meteorology.clients import weatherapi as weather
from functions.ingest import handler as ingest
from functions.ingest import xlsx
from functions.ingest.errors import NotLetIn, PollFailed, QuotaSpent, Said, Unavailable, Unreadable
from functions.ingest.found import Found, Question, StopLine, require, tried
from functions.ingest.polling import ByHand, Polling, ask, stops_of
from functions.ingest.polling import _refuse_half_a_list as refuse_half_a_list
from functions.ingest.secrets import EnvironmentSecrets, StoredSecrets, part
from functions.ingest.transport import ShapeError
from lake.catalog import Catalog
from lake.errors import LakeError
from lake.polls import FAILED, LANDED, PARTIAL, Polls, PollState
from lake.records import iso
from tests.functions.asking import Hours
from tests.functions.lake import Lake

NOW = datetime(2025, 8, 29, 10, tzinfo=UTC)
CATALOG = Catalog.bundled()


def a_list(rows: int) -> Found:
    return Found("list.xlsx", b"", rows, is_a_list=True)


@pytest.mark.parametrize(("rows", "lands"), [(10, True), (5, True), (4, False), (0, False)])
def test_a_list_of_half_the_rows_lands_and_a_shorter_one_does_not(rows: int, lands: bool) -> None:
    known = PollState("emt/stops", LANDED, iso(NOW), rows=10)

    if lands:
        refuse_half_a_list(a_list(rows), known)
    else:
        with pytest.raises(PollFailed) as failed:
            refuse_half_a_list(a_list(rows), known)
        assert failed.value.code == "shrunk"


def test_a_first_list_may_have_any_length_but_none() -> None:
    refuse_half_a_list(a_list(1), None)
    refuse_half_a_list(Found("arrivals.xlsx", b"", 0), None)

    with pytest.raises(PollFailed, match=r"^the list is empty: nothing lands$"):
        refuse_half_a_list(a_list(0), None)


@pytest.mark.parametrize(("ago_s", "asked"), [(600, False), (600.001, True)])
def test_a_failure_rests_for_ten_minutes(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, ago_s: float, asked: bool
) -> None:
    polls = Polls(lake.table)
    failed = PollState("emt/stops", FAILED, iso(NOW - timedelta(seconds=ago_s)))
    assert polls.keep(failed)
    again: list[str] = []
    monkeypatch.setattr(Polling, "poll", lambda _, source, __: again.append(source))

    Polling(CATALOG, polls, SimpleNamespace(), SimpleNamespace()).again(  # type: ignore[arg-type]
        Hours(base=NOW).clock
    )

    assert again == (["emt/stops"] if asked else [])


def test_every_source_that_failed_is_asked_again_whatever_stands_between(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    polled = [
        *("emt/arrivals", "emt/line_list", "emt/lines", "emt/stops"),
        *("meteorology/workbook", "openweather/patagonia", "openweather/riohacha"),
    ]
    polls = Polls(lake.table)
    for source in (*polled, "meteorology/stream"):  # a stream has no client to ask with
        assert polls.keep(PollState(source, FAILED, iso(NOW - timedelta(hours=1))))
    again: list[str] = []
    monkeypatch.setattr(Polling, "poll", lambda _, source, __: again.append(source))

    by_hand = replace(CATALOG.source("emt/stops"), id="emt/by_hand", poll=None)
    catalog = replace(CATALOG, sources={by_hand.id: by_hand, **CATALOG.sources})

    Polling(catalog, polls, SimpleNamespace(), SimpleNamespace()).again(  # type: ignore[arg-type]
        Hours(base=NOW).clock
    )

    assert sorted(again) == polled


def test_a_poll_that_ended_late_never_hides_a_later_one(lake: Lake) -> None:
    polls = Polls(lake.table)
    later = PollState("emt/stops", LANDED, iso(NOW))
    earlier = replace(later, status=FAILED, at=iso(NOW - timedelta(seconds=1)))

    assert polls.keep(later)
    assert not polls.keep(earlier)
    assert polls.keep(later), "the same one again"
    assert polls.state("emt/stops") == later


@pytest.mark.parametrize(
    ("missing", "said"),
    [(5, "5 did not answer (0, 1, 2, 3, 4)"), (6, "6 did not answer (0, 1, 2, 3, 4, ...)")],
)
def test_of_what_did_not_answer_the_first_five_are_named(missing: int, said: str) -> None:
    landing = SimpleNamespace(land=lambda *_: ("key", "version"))
    names = tuple(str(number) for number in range(missing))
    found = Found("a.xlsx", b"x", 7, missing=names, why_missing="no time")
    polling = Polling(CATALOG, SimpleNamespace(), landing, SimpleNamespace())  # type: ignore[arg-type]

    state = polling._landed(CATALOG.source("emt/arrivals"), found, None, iso(NOW))

    assert state == PollState(
        "emt/arrivals",
        PARTIAL,
        "2025-08-29T10:00:00.000Z",
        reason=f"{said}: no time",
        # SHA-256 of "x"
        sha256="2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
        file_name="a.xlsx",
        raw_key="key",
        raw_version="version",
        rows=7,
    )


def test_who_is_not_waited_for_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """One failure ends a list that must be whole: what waits for its turn is left alone."""
    ended, asked = threading.Event(), list[int]()

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            ended.set()
            super().shutdown(wait=wait)

    def ask_one(number: int) -> int:
        asked.append(number)
        if number == 0:
            raise Unavailable("no")
        assert ended.wait(60)
        return number

    monkeypatch.setattr("functions.ingest.found.ThreadPoolExecutor", Pool)
    answers = tried(range(100), ask_one)

    number, failed = next(answers)
    answers.close()  # type: ignore[attr-defined]

    assert (number, str(failed)) == (0, "no")
    assert ended.is_set()
    assert set(asked) <= {0, 1, 2, 3, 4}


# Many stops


class Silent:
    """EMT that fails in some way, after a number of answers."""

    def __init__(self, failure: Exception, answers: int = 0) -> None:
        self.failure, self.answers, self.asked = failure, answers, 0

    def data(self, *_: Any) -> list[dict[str, Any]]:
        self.asked += 1
        if self.asked <= self.answers:
            return [{"Arrive": [], "StopInfo": []}]
        raise self.failure


def run_of(api: Silent, stops: int) -> list[BaseException | None]:
    """What comes of asking so many stops, one after the other."""
    question = SimpleNamespace(emt=api, now=lambda: NOW)
    run = arrivals._Run(question)  # type: ignore[arg-type]
    found: list[BaseException | None] = []
    for number in range(stops):
        try:
            run.ask(StopLine(str(number), "1"))
        except PollFailed as failed:
            found.append(failed)
        else:
            found.append(None)
    return found


def test_after_eight_failures_and_no_answer_the_rest_is_not_asked() -> None:
    silent, one_answer = Silent(Unavailable("no")), Silent(Unavailable("no"), answers=1)

    assert len(run_of(silent, 20)) == len(run_of(one_answer, 20)) == 20
    assert (silent.asked, one_answer.asked) == (8, 20)


@pytest.mark.parametrize("failure", [NotLetIn("no"), QuotaSpent("no")])
def test_what_no_other_stop_can_mend_ends_the_run_at_once(failure: PollFailed) -> None:
    api = Silent(failure, answers=3)

    assert run_of(api, 10) == [None] * 3 + [failure] * 7
    assert api.asked == 4


@pytest.mark.parametrize(("code", "served"), [("81", True), ("90", True), ("82", False)])
def test_a_stop_out_of_use_has_an_empty_answer(code: str, served: bool) -> None:
    (found,) = run_of(Silent(Said(code, "no")), 1)

    assert (found is None) is served


def test_without_stops_there_is_nothing_to_ask() -> None:
    with pytest.raises(PollFailed, match="there is no stop to ask for") as failed:
        arrivals.ask(Question(SimpleNamespace(), {}, lambda: NOW))  # type: ignore[arg-type]

    assert failed.value.code == "no_stops"


# Workbooks


def test_a_text_fills_a_cell_to_its_last_character_in_excels_own_units() -> None:
    assert xlsx.EXCEL_CELL == 32_767
    for text in ("x" * 32_767, "á" * 32_767, "😀" * 16_383 + "x"):
        assert xlsx.workbook("S", ["a"], [{"a": text}])
    for text in ("x" * 32_768, "😀" * 16_384, "\x01", "\ufffe"):
        with pytest.raises(Unreadable, match=r"fits no cell of a workbook"):
            xlsx.workbook("S", ["a"], [{"a": text}])


def test_a_sheet_is_filled_to_its_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    assert xlsx.EXCEL_ROWS == 1_048_576
    monkeypatch.setattr(xlsx, "EXCEL_ROWS", 3)

    assert xlsx.workbook("S", ["a"], [{"a": 1}] * 2)
    with pytest.raises(Unreadable, match=r"^4 rows are more than a sheet has$"):
        xlsx.workbook("S", ["a"], [{"a": 1}] * 3)


@pytest.mark.parametrize(("more", "cells"), [(0, 1), (1, 2)])
def test_a_list_is_cut_between_entries_where_a_cell_is_full(more: int, cells: int) -> None:
    entry = "x" * ((xlsx.EXCEL_CELL - len("['', '']")) // 2)
    spare = (xlsx.EXCEL_CELL - len("['', '']")) % 2
    entries = [entry, entry + "x" * (spare + more)]

    found = xlsx.pieces(entries)

    assert len(found) == cells
    assert all(len(piece) <= xlsx.EXCEL_CELL for piece in found)


def test_each_further_cell_of_a_list_is_filled_to_its_end_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xlsx, "EXCEL_CELL", 10)

    assert xlsx.pieces(["abc", 1, 123, 4, 12, 3456, 12345678]) == [
        "['abc', 1]",
        "[123, 4]",
        "[12, 3456]",
        "[12345678]",
    ]
    with pytest.raises(Unreadable, match=r"^one entry of 9 characters fits no cell"):
        xlsx.pieces([1, 123456789, 1])


# What is declared, said and remembered


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        ({}, r'an event for ingest says \{"source": "DOMAIN/SOURCE"\}'),
        ({"source": 5}, "an event for ingest says"),
    ],
)
def test_an_event_without_a_source_is_refused(event: dict[str, Any], complaint: str) -> None:
    with pytest.raises(LakeError, match=complaint):
        ingest.source_of(event)


def test_another_moment_is_played_only_with_its_zone() -> None:
    assert ingest.moment_of({}) is None
    assert ingest.moment_of({"at": "2025-08-29T12:00:00+02:00"}) == NOW
    with pytest.raises(LakeError, match="'2025-08-29T10:00:00' has no zone: say 2025-08-29T10"):
        ingest.moment_of({"at": "2025-08-29T10:00:00"})


def test_what_is_not_declared_is_said_before_anybody_is_asked() -> None:
    place, clock = SimpleNamespace(catalog=CATALOG), Hours().clock
    source = CATALOG.source("emt/stops")
    assert source.poll is not None
    for poll, complaint in (
        (None, "emt/stops is not polled: its declaration names no client to ask with"),
        (replace(source.poll, client=None), "emt/stops is not polled"),
        (
            replace(source.poll, client="emt_stop"),
            r"emt/stops: no client is called 'emt_stop' \(did you mean",
        ),
    ):
        with pytest.raises(LakeError, match=complaint):
            ask(replace(source, poll=poll), place, clock)  # type: ignore[arg-type]
    with pytest.raises(LakeError, match="no data is called 'emt/nothing'"):
        stops_of(CATALOG, "emt/nothing")


def test_an_api_that_logs_in_needs_a_secret_and_another_is_asked_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[str] = []
    monkeypatch.setattr(requests.Session, "close", lambda _: closed.append("closed"))
    apis = {name: replace(api, secret=None) for name, api in CATALOG.apis.items()}
    place = ByHand(replace(CATALOG, apis=apis), None, SimpleNamespace(), {"x": "y"})
    asked: list[Question] = []
    for client in (emt_stops, weather):
        monkeypatch.setattr(client, "ask", lambda question: asked.append(question))

    with pytest.raises(LakeError, match="logs in and has no secret: its declaration must name one"):
        ask(CATALOG.source("emt/stops"), place, Hours().clock)
    ask(CATALOG.source("meteorology/workbook"), place, Hours().clock)

    (question,) = asked
    assert (question.keyed.secret, question.query) == (None, {"q": "iata:MAD", "aqi": "yes"})
    assert len(closed) == 2, "a warm function keeps no connection"


@pytest.mark.parametrize("end", ["", "/"])
def test_another_address_may_stand_in_for_an_api_with_or_without_a_slash(
    monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    asked: list[Question] = []
    monkeypatch.setattr(arrivals, "ask", lambda question: asked.append(question))
    for upstreams in ({"emt": f"http://here{end}"}, {}):
        place = ByHand(CATALOG, None, SimpleNamespace(), upstreams)
        ask(CATALOG.source("emt/arrivals"), place, Hours().clock)

    assert [question.emt.url for question in asked] == [
        "http://here",
        "https://openapi.emtmadrid.es",
    ]
    assert [question.query for question in asked] == [{}, {}], "the stops are no part of a call"
    assert len(asked[0].stops) == 43


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("emt", {"email": "EMT_EMAIL", "password": "EMT_PASSWORD"}),
        ("meteorology", {"key": "WEATHERAPI_KEY"}),
        ("openweather", {"key": "OPENWEATHER_API_KEY"}),
    ],
)
def test_by_hand_a_secret_is_in_the_variables_that_the_manual_names(
    monkeypatch: pytest.MonkeyPatch, name: str, variables: dict[str, str]
) -> None:
    for part_of, variable in variables.items():
        monkeypatch.setenv(variable, f"my {part_of}")
    assert EnvironmentSecrets(CATALOG.apis.values()).get(name) == {
        one: f"my {one}" for one in variables
    }

    for variable in variables.values():
        monkeypatch.setenv(variable, "")

    with pytest.raises(NotLetIn, match="no API declares the 'environment' of its secret 'other'"):
        EnvironmentSecrets(CATALOG.apis.values()).get("other")
    missing = ", ".join(variables.values())
    with pytest.raises(NotLetIn, match=f"^missing in the environment: {missing}$"):
        EnvironmentSecrets(CATALOG.apis.values()).get(name)


def test_a_client_is_given_the_api_that_it_asks() -> None:
    question = Question(SimpleNamespace(), {}, lambda: NOW)  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="asks EMT"):
        _ = question.emt
    with pytest.raises(TypeError, match="asks with a key"):
        _ = question.keyed


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ({"a": 1}, "^an answer without its list$"),
        ([{"a": 1}, {"b": 2}], "^an entry without a$"),
        ([{"a": None, "b": None}], "^an entry without a, b$"),
        (["a"], "^an entry without a, b$"),
    ],
)
def test_an_entry_without_what_matters_is_another_shape(entries: Any, complaint: str) -> None:
    with pytest.raises(ShapeError, match=complaint):
        require(entries, *(("a",) if "without a$" in complaint else ("a", "b")))


@pytest.mark.parametrize("value", [[], None, "text", 5, {"location": []}])
def test_weather_that_is_no_object_is_another_shape(value: Any) -> None:
    with pytest.raises(ShapeError, match=r"^an answer without location\.name$"):
        weather._check(value)


class Vault:
    """Secrets Manager that answers in one way."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, code: str | None = None, **answer: str) -> None:
        self.code, self.answer, self.asked = code, answer, 0

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803, ARG002 - boto3's
        self.asked += 1
        if self.code:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "GetSecretValue")
        return self.answer


@pytest.mark.parametrize(
    ("vault", "why"),
    [
        (Vault("ResourceNotFoundException"), "has no value: give it one with var.secrets"),
        (Vault("AccessDeniedException"), "may not be read by this function"),
        (Vault("DecryptionFailure"), "cannot be decrypted by this function"),
        (Vault("InvalidRequestException"), "is being deleted"),
        (Vault(SecretBinary="x"), "holds no text"),
        (Vault(SecretString="s3cr3t"), "is no JSON object of texts"),
        (Vault(SecretString='["s3cr3t"]'), "is no JSON object of texts"),
        (Vault(SecretString='{"key": 5}'), "is no JSON object of texts"),
        (Vault(SecretString='{"email": "s3cr3t", "password": 5}'), "is no JSON object of texts"),
    ],
)
def test_a_secret_that_cannot_be_had_is_named_with_the_reason(vault: Vault, why: str) -> None:
    secrets = StoredSecrets(vault, "lake")

    with pytest.raises(NotLetIn) as refused:
        secrets.get("emt")

    assert refused.value.reason == f"the secret lake-emt-secret {why}"
    assert "s3cr3t" not in "".join(traceback.format_exception(refused.value))


def test_a_vault_that_is_away_is_no_refusal() -> None:
    with pytest.raises(ClientError, match="InternalServiceError"):
        StoredSecrets(Vault("InternalServiceError"), "lake").get("emt")


def test_a_secret_is_remembered_until_it_is_wanted_fresh() -> None:
    vault = Vault(SecretString='{"key": "a", "empty": ""}')
    secrets = StoredSecrets(vault, "lake")

    assert secrets.get("emt") == secrets.get("emt") == {"key": "a", "empty": ""}
    assert vault.asked == 1
    secrets.get("emt", fresh=True)
    assert vault.asked == 2
    for name in ("empty", "password"):
        with pytest.raises(NotLetIn, match=f"^the secret of emt has no field '{name}'$"):
            part(secrets.get("emt"), name, "emt")
