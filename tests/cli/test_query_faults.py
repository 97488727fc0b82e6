"""Athena that fails, is cancelled, never ends or keeps its answer: fault 36, for `lake query`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import ANY, Stubber

from lake.catalog import Catalog
from lake_cli import queries
from lake_cli.deployment import Deployment
from lake_cli.exits import Exit, Stop, told

PLACE = {"QueryExecutionId": "query-1"}


@dataclass(frozen=True)
class Deployed(Deployment):
    """A lake whose Athena answers from a list, checked against botocore's own model."""

    athena: Any = None

    @property
    def catalog(self) -> Catalog:
        return Catalog.bundled()

    def client(self, service: str, read_timeout: float = 60) -> Any:
        assert (service, read_timeout) == ("athena", 60)
        return self.athena


def sleep_as(monkeypatch: pytest.MonkeyPatch, sleep: Callable[[float], None]) -> None:
    """Let the command sleep in this way, and nobody else: other threads of this process do, too."""
    own = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
    monkeypatch.setattr(queries, "time", own)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    sleep_as(monkeypatch, lambda _: None)
    client = boto3.client(
        "athena", region_name="eu-south-2", aws_access_key_id="x", aws_secret_access_key="x"
    )
    stubber = Stubber(client)
    asked = {"QueryString": ANY, "WorkGroup": "lake"}
    stubber.add_response("start_query_execution", PLACE, asked)
    stubber.activate()
    return stubber


def ends(stub: Stubber, state: str, reason: str | None = None) -> None:
    """One look at the query, and what it says."""
    status = {"State": state} | ({"StateChangeReason": reason} if reason else {})
    stub.add_response("get_query_execution", {"QueryExecution": {"Status": status}}, PLACE)


def run(stub: Stubber, timeout_s: float = 60) -> Any:
    values = {"region": "eu-south-2", "athena_workgroup": "lake", "database_prefix": "tfm_"}
    deployed = Deployed("dev", values, athena=stub.client)
    return queries.run(deployed, "select 1", timeout_s=timeout_s)


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("FAILED", "SYNTAX_ERROR: line 1", "SYNTAX_ERROR: line 1"),
        ("FAILED", None, "the query was failed"),
        ("CANCELLED", None, "the query was cancelled"),
        ("CANCELLED", "Bytes scanned limit was exceeded", "Bytes scanned limit was exceeded"),
    ],
)
def test_a_query_that_ends_badly_is_told_in_athenas_words(
    stub: Stubber, state: str, reason: str | None, said: str
) -> None:
    ends(stub, "QUEUED")
    ends(stub, "RUNNING")
    ends(stub, state, reason)

    with pytest.raises(Stop, match=said):
        run(stub)

    stub.assert_no_pending_responses()


@pytest.mark.parametrize("state", ["QUEUED", "RUNNING"])
def test_a_query_that_takes_too_long_is_stopped(stub: Stubber, state: str) -> None:
    ends(stub, state)
    stub.add_response("stop_query_execution", {}, PLACE)

    with pytest.raises(Stop) as stopped:
        run(stub, timeout_s=-1)

    assert stopped.value.code is Exit.TIMED_OUT
    stub.assert_no_pending_responses()


def test_a_query_is_stopped_when_nobody_can_follow_it_any_more(stub: Stubber) -> None:
    ends(stub, "RUNNING")
    stub.add_client_error("get_query_execution", "ThrottlingException", "slow down", 400)
    stub.add_response("stop_query_execution", {}, PLACE)

    with pytest.raises(ClientError, match="slow down"):
        run(stub)

    stub.assert_no_pending_responses()


def test_a_query_is_stopped_when_the_person_gives_up(
    stub: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(_: float) -> None:
        raise KeyboardInterrupt

    sleep_as(monkeypatch, give_up)
    ends(stub, "RUNNING")
    stub.add_response("stop_query_execution", {}, PLACE)

    with pytest.raises(KeyboardInterrupt):
        run(stub)

    stub.assert_no_pending_responses()


def test_an_answer_that_may_not_be_read_is_told_as_a_sentence(stub: Stubber) -> None:
    ends(stub, "SUCCEEDED")
    denied = "Access denied when reading the output location"
    stub.add_client_error("get_query_results", "AccessDeniedException", denied, 400)

    with pytest.raises(Stop, match=denied), told(None):
        run(stub)


def test_a_lost_answer_to_the_start_starts_no_second_query() -> None:
    """botocore puts one token into all tries of one call; Athena knows it again."""
    client = boto3.client(
        "athena", region_name="eu-south-2", aws_access_key_id="x", aws_secret_access_key="x"
    )
    tokens = []

    def lost(request: Any, **_: Any) -> None:
        tokens.append(request.body)
        raise EndpointConnectionError(endpoint_url=request.url)

    client.meta.events.register("before-send.athena.StartQueryExecution", lost)

    with pytest.raises(EndpointConnectionError):
        client.start_query_execution(QueryString="select 1", WorkGroup="lake")

    assert len(tokens) > 1
    assert len(set(map(str, tokens))) == 1
    assert "ClientRequestToken" in str(tokens[0])
