"""The wire between boto3 and AWS: where calls are counted and cut.

moto plays most services. Its EMR Serverless knows no client token and ends every run at once,
its Athena runs no DDL: the calls that we make to these two are played here, each request checked
against botocore's own model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.validate import ParamValidator

_real_call = BaseClient._make_api_call


class Killed(BaseException):
    """The process is gone: nothing catches it, nothing is cleaned up by an except clause."""


@dataclass
class FakeEmr:
    """Job runs, at most one for each client token."""

    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_token: dict[str, str] = field(default_factory=dict)
    refuse_with: str | None = None

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "StartJobRun":
            return self._start(request)
        if operation == "GetJobRun":
            run = self.runs.get(request["jobRunId"])
            if run is None:
                raise refused(operation, "ResourceNotFoundException", 404)
            return {"jobRun": {"state": run["state"], "stateDetails": run["details"]}}
        raise AssertionError(f"a call that nobody plays: {operation}")

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.refuse_with:
            raise refused("StartJobRun", self.refuse_with, 400)
        token = request["clientToken"]
        if token not in self.by_token:
            run_id = f"run{len(self.runs):03}"
            self.by_token[token] = run_id
            self.runs[run_id] = {"request": request, "state": "RUNNING", "details": ""}
        elif self.runs[self.by_token[token]]["request"] != request:
            raise refused("StartJobRun", "ConflictException", 409)
        return {"applicationId": request["applicationId"], "jobRunId": self.by_token[token]}

    def end(self, run_id: str, state: str = "SUCCESS", details: str = "") -> None:
        """Let a run end."""
        self.runs[run_id].update(state=state, details=details)


@dataclass
class FakeAthena:
    """Queries that take three looks to end, or that never do; what is refused says why."""

    sql: list[str] = field(default_factory=list)
    looks: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    endless: str | None = None
    at_once: int = 0
    done: Callable[[str], None] = lambda _: None

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "StartQueryExecution":
            query_id = f"query-{len(self.sql)}"
            self.sql.append(request["QueryString"])
            self.looks[query_id] = 0
            running = sum(looks < 3 for looks in self.looks.values())
            self.at_once = max(self.at_once, running)
            return {"QueryExecutionId": query_id}
        if operation == "StopQueryExecution":
            return {}
        if operation != "GetQueryExecution":
            raise AssertionError(f"a call that nobody plays: {operation}")
        query_id = request["QueryExecutionId"]
        self.looks[query_id] += 1
        sql = self.sql[int(query_id.rpartition("-")[2])]
        status: dict[str, str] = {"State": ["QUEUED", "RUNNING"][self.looks[query_id] % 2]}
        endless = self.endless is not None and self.endless in sql
        if self.looks[query_id] >= 3 and not endless:
            reason = next((why for part, why in self.refusals.items() if part in sql), None)
            status = {"State": "SUCCEEDED"}
            if reason:
                status = {"State": "FAILED", "StateChangeReason": reason}
            else:
                self.done(sql)
        return {"QueryExecution": {"Status": status}}


@dataclass
class Wire:
    """Every call to AWS of a test; `kill_after` and `before` cut in."""

    emr: FakeEmr = field(default_factory=FakeEmr)
    athena: FakeAthena = field(default_factory=FakeAthena)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    kill_after: int | None = None
    fail: Callable[[str, dict[str, Any]], Exception | None] | None = None
    lose_answer_of: str | None = None
    before: Callable[[str, dict[str, Any]], None] | None = None

    def named(self, operation: str) -> list[dict[str, Any]]:
        """The requests of one operation."""
        return [request for name, request in self.calls if name == operation]

    def call(self, client: Any, operation: str, request: dict[str, Any]) -> Any:
        """One call: perhaps refused, perhaps done and its answer lost, perhaps the last."""
        if self.before:
            self.before(operation, request)
        if self.fail and (error := self.fail(operation, request)):
            raise error
        asked = dict(request)  # botocore writes into what it is given
        answer = self._perform(client, operation, request)
        self.calls.append((operation, asked))
        if self.lose_answer_of == operation:
            self.lose_answer_of = None
            raise ConnectionClosedError(endpoint_url="https://aws")
        if self.kill_after is not None and len(self.calls) >= self.kill_after:
            raise Killed(f"after call {len(self.calls)}: {operation}")
        return answer

    def _perform(self, client: Any, operation: str, request: dict[str, Any]) -> Any:
        played: dict[str, FakeEmr | FakeAthena] = {
            "emr-serverless": self.emr,
            "athena": self.athena,
        }
        player = played.get(client.meta.service_model.service_name)
        if player is None:
            return _real_call(client, operation, request)
        shape = client.meta.service_model.operation_model(operation).input_shape
        report = ParamValidator().validate(request, shape)
        assert not report.has_errors(), report.generate_report()
        try:
            return player.call(operation, request)
        except ClientError as error:
            # As the class that this client's users catch.
            kind = client.exceptions.from_code(error.response["Error"]["Code"])
            raise kind(error.response, operation) from error


@contextmanager
def wired(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """Put a wire between every boto3 client and AWS."""
    wire = Wire()
    with monkeypatch.context() as patch:
        patch.setattr(
            BaseClient,
            "_make_api_call",
            lambda client, operation, request: wire.call(client, operation, request),
        )
        yield wire


def refused(operation: str, code: str = "InternalError", status: int = 500) -> ClientError:
    """An error of AWS."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": f"{code} by test"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        operation,
    )
