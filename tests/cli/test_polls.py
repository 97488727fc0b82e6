"""Asking by hand: what the function answers, and what the lake makes of it."""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lake.catalog import Catalog
from lake.polls import PollState
from lake.records import Receipt
from lake.state import Seen, compose
from lake_cli import polls
from lake_cli.deployment import Deployment
from lake_cli.exits import Exit, Stop
from lake_cli.health import Health
from tests.cli.test_outcomes import FILE
from tests.factories import ledger_schema

AT = "2025-08-29T10:00:00.000Z"
LANDED = PollState(
    "emt/arrivals",
    "landed",
    AT,
    file_name="arrivals-2025-08-29T1200.xlsx",
    raw_key="emt/arrivals/arrivals-2025-08-29T1200.xlsx",
    raw_version="v1",
    sha256=FILE.sha256,
    rows=43,
)


@dataclass
class Function:
    """Lambda's answers, one a source; the wire to it is all that is played."""

    answers: Mapping[str, Mapping[str, Any]]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS's
        assert FunctionName == "lake-ingest"
        event = json.loads(Payload)
        self.asked.append(event)
        answer = dict(self.answers[event["source"]])
        more = {"FunctionError": "Unhandled"} if "errorMessage" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **more}


@dataclass(frozen=True)
class Deployed(Deployment):
    """A lake whose function is played."""

    function: Function | None = None

    @property
    def catalog(self) -> Catalog:  # no bucket to read it from
        return Catalog.bundled()

    def client(self, service: str, read_timeout: float = 60) -> Any:
        assert (service, read_timeout) == ("lambda", polls.FUNCTION_S)
        return self.function


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        dynamodb = boto3.resource("dynamodb", region_name="eu-west-1")
        dynamodb.create_table(**ledger_schema("ledger"))
        yield


def deployed(*states: PollState, **answers: Mapping[str, Any]) -> Deployed:
    told = {state.source: {"polls": [state.as_dict()]} for state in states}
    values = {
        "region": "eu-west-1",
        "ledger_table": "ledger",
        "functions": {"ingest": "lake-ingest"},
    }
    return Deployed("test", values, function=Function({**told, **answers}))


def ask(lake: Deployed, *sources: str, wait: bool = False, at: str | None = None) -> list[Any]:
    return polls.run(lake, sources, at=at, wait=wait, timeout_s=2)


def test_each_source_is_asked_and_its_answer_shown(table: None) -> None:
    failed = PollState("emt/stops", "failed", AT, reason="emt is away", failing_since=AT)
    lake = deployed(LANDED, failed)

    first, second = ask(lake, "emt/arrivals", "emt/stops", at=AT)

    assert lake.function is not None
    assert lake.function.asked == [
        {"source": "emt/arrivals", "at": AT},
        {"source": "emt/stops", "at": AT},
    ]
    shown = first.as_dict()
    assert (shown["poll"], shown["rows"], shown["file"]) == ("landed", 43, LANDED.file_name)
    assert (shown["status"], first.failing) == ("uploaded", False)
    told = second.as_dict()
    assert second.failing
    assert (told["status"], told["reason"], told["file"]) == ("failed", "emt is away", None)
    assert told["failing_since"] == AT


def test_with_wait_the_workbook_is_followed_to_its_end(table: None) -> None:
    lake = deployed(LANDED)
    file = replace(FILE, source="emt/arrivals", state="loaded", first_receipt="x")
    lake.ledger.admit(file)
    lake.ledger.close(Receipt(LANDED.raw_key, "v1", "accepted", "emt/arrivals", FILE.sha256, AT))

    (answer,) = ask(lake, "emt/arrivals", wait=True)

    shown = answer.as_dict()
    assert (shown["poll"], shown["status"]) == ("landed", "accepted")
    assert shown["accepted"] == file.totals.accepted


def test_when_time_is_up_the_workbook_waits(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "PAUSE_S", 0.01)
    lake = deployed(LANDED)

    (answer,) = polls.run(lake, ["emt/arrivals"], at=None, wait=True, timeout_s=0.05)

    assert answer.status == "waiting"


def test_what_brought_nothing_new_is_not_waited_for(table: None) -> None:
    lake = deployed(replace(LANDED, status="unchanged", reason="the same bytes"))

    (answer,) = ask(lake, "emt/arrivals", wait=True)

    shown = answer.as_dict()
    assert (shown["status"], shown["rows"], shown["file"]) == ("unchanged", 0, None)


def test_a_function_that_fails_is_told_in_its_own_words(table: None) -> None:
    lake = deployed(**{"emt/stops": {"errorMessage": "out of memory"}})

    with pytest.raises(Stop, match="emt/stops: out of memory"):
        ask(lake, "emt/stops")


def test_an_unknown_source_stops_before_anybody_is_asked(table: None) -> None:
    lake = deployed(LANDED)

    with pytest.raises(Exception, match="did you mean 'emt/arrivals'"):
        ask(lake, "emt/stops", "emt/arrival")

    assert lake.function is not None
    assert lake.function.asked == []


def test_a_source_that_is_not_polled_is_wrong_usage(
    table: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = deployed()
    bare = {name: replace(source, poll=None) for name, source in Catalog.bundled().sources.items()}
    catalog = replace(Catalog.bundled(), sources=bare)
    monkeypatch.setattr(Deployed, "catalog", catalog)

    with pytest.raises(Stop) as stopped:
        ask(lake, "emt/stops")

    assert stopped.value.code == Exit.USAGE


def test_status_names_who_did_not_answer_since_when_and_why() -> None:
    good = PollState("emt/stops", "landed", AT)
    bad = PollState("emt/lines", "failed", AT, reason="emt is away").after(None)
    again = replace(bad, at="2025-08-29T10:30:00.000Z", failures=0).after(bad)

    polls = {"emt/arrivals": good, "emt/lines": again}
    seen = Seen(at=datetime(2025, 8, 29, 11, 0, tzinfo=UTC), polls=polls)
    said = [row["text"] for row in Health(compose(Catalog.bundled(), seen)).advice]

    assert said == ["emt/lines: no full answer since 60 min ago (2 tries): emt is away"]
