"""The Lambda between a delivery stream and its tables: a batch goes in, outcomes come out."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import new_uuid, request_scope
from ministack.services import lambda_svc

from local.firehose_iceberg_progress import Arrived
from local.firehose_iceberg_settings import Settings

ANSWER_LIMIT = 6 * 1024 * 1024
PARALLEL = 2
RESULTS = ("Ok", "Dropped", "ProcessingFailed")


@dataclass(frozen=True)
class Transformed:
    """A record that is to be written: its JSON, and where to."""

    record: Arrived
    data: bytes
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Failed:
    """A record that goes to the error prefix."""

    record: Arrived
    kind: str  # processing-failed or iceberg-failed
    attempts: int
    code: str
    message: str


Outcome = Transformed | Failed
Invoke = Callable[[dict[str, Any]], dict[str, Any]]


class NoAnswer(Exception):
    """The function raised, timed out or could not be called."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Transform:
    """Calls the function with as much as the stream's settings put into one batch."""

    def __init__(self, settings: Settings, invoke: Invoke | None = None) -> None:
        self._settings = settings
        self._invoke = invoke or self._invoke_lambda

    def run(self, records: list[Arrived]) -> list[Outcome]:
        """What became of each record; those that the function dropped are left out."""
        if self._settings.lambda_arn is None:
            return [Transformed(record, base64.b64decode(record.data), {}) for record in records]
        outcomes: list[Outcome] = []
        with ThreadPoolExecutor(PARALLEL) as pool:
            for done in pool.map(self._batch, self._batches(records)):
                outcomes += done
        return outcomes

    def _batches(self, records: list[Arrived]) -> Iterator[list[Arrived]]:
        batch: list[Arrived] = []
        weight = 0
        for record in records:
            if batch and weight + record.size > self._settings.transform_bytes:
                yield batch
                batch, weight = [], 0
            batch.append(record)
            weight += record.size
        if batch:
            yield batch

    def _batch(self, batch: list[Arrived]) -> list[Outcome]:
        tries = 1 + self._settings.transform_retries
        for attempt in range(1, tries + 1):
            try:
                answer = self._invoke(self._event(batch))
            except NoAnswer as error:
                if attempt == tries:
                    # As AWS does: the whole batch is set aside, and never tried again by itself.
                    failed = "processing-failed", attempt, error.code, str(error)
                    return [Failed(record, *failed) for record in batch]
                time.sleep(min(0.1 * 2**attempt, 2))
            else:
                return outcomes_of(batch, answer, attempt)
        raise AssertionError("a batch is tried at least once")

    def _event(self, batch: list[Arrived]) -> dict[str, Any]:
        return {
            "invocationId": new_uuid(),
            "sourceKinesisStreamArn": self._settings.source_arn,
            "deliveryStreamArn": self._settings.arn,
            "region": self._settings.region,
            "records": [
                {
                    "recordId": record_id(record),
                    "approximateArrivalTimestamp": int(record.at * 1000),
                    "data": record.data,
                    "kinesisRecordMetadata": {
                        "sequenceNumber": record.sequence,
                        "subsequenceNumber": 0,
                        "partitionKey": record.key,
                        "shardId": record.shard,
                        "approximateArrivalTimestamp": int(record.at * 1000),
                    },
                }
                for record in batch
            ],
        }

    def _invoke_lambda(self, event: dict[str, Any]) -> dict[str, Any]:
        with request_scope(self._settings.account, self._settings.region):
            name, qualifier = lambda_svc._resolve_name_and_qualifier(self._settings.lambda_arn)
            function, _ = lambda_svc._get_func_record_for_qualifier(name, qualifier)
            if function is None:
                raise NoAnswer("Lambda.FunctionNotFound", f"no function is called {name}")
            result = lambda_svc._execute_function(function, event)
        body = result.get("body")
        if result.get("throttle"):
            raise NoAnswer("Lambda.FunctionThrottled", "too many invocations at once")
        if result.get("error"):
            said = body if isinstance(body, dict) else {}
            timed_out = said.get("errorType") == "Sandbox.Timedout"
            code = "Lambda.FunctionTimedOut" if timed_out else "Lambda.FunctionError"
            message = str(said.get("errorMessage") or body)
            raise NoAnswer(code, f"The Lambda function returned an error: {message}"[:1000])
        if isinstance(body, str | bytes):
            try:
                body = json.loads(body)
            except ValueError:
                raise NoAnswer("Lambda.JsonProcessingException", "its answer is no JSON") from None
        return body if isinstance(body, dict) else {}


def record_id(record: Arrived) -> str:
    """The name of a record in an invocation."""
    return f"{record.sequence}000000"


def outcomes_of(batch: list[Arrived], answer: dict[str, Any], attempts: int) -> list[Outcome]:
    """The function's answer, one outcome a record, with AWS's codes for a broken answer."""
    answers = answer.get("records")
    if not isinstance(answers, list) or len(json.dumps(answer)) > ANSWER_LIMIT:
        code = "Lambda.JsonProcessingException"
        message = "The Lambda function's answer has no list of records, or more than 6 MB."
        return [Failed(record, "processing-failed", attempts, code, message) for record in batch]
    known = [each for each in answers if isinstance(each, dict)]
    if any(each.get("result") not in RESULTS for each in known):
        message = f"A result must be one of {', '.join(RESULTS)}."
        code = "Lambda.JsonProcessingException"
        return [Failed(record, "processing-failed", attempts, code, message) for record in batch]
    by_id = {str(each.get("recordId")): each for each in known}
    times = Counter(str(each.get("recordId")) for each in known)
    outcomes = []
    for record in batch:
        outcome = _outcome(record, by_id.get(record_id(record)), attempts)
        if times[record_id(record)] > 1:
            code, message = "Lambda.DuplicatedRecordId", "A record was answered more than once."
            outcome = Failed(record, "processing-failed", attempts, code, message)
        if outcome is not None:
            outcomes.append(outcome)
    return outcomes


def _outcome(record: Arrived, said: dict[str, Any] | None, attempts: int) -> Outcome | None:
    def failed(code: str, message: str) -> Failed:
        return Failed(record, "processing-failed", attempts, code, message)

    if said is None:
        return failed("Lambda.MissingRecordId", "The record was not answered.")
    if said["result"] == "Dropped":
        return None
    if said["result"] == "ProcessingFailed":
        return failed("Lambda.FunctionError", "ProcessingFailed status set for record")
    try:
        data = base64.b64decode(said["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        return failed("Lambda.JsonProcessingException", "The answer's data is no base64.")
    metadata = said.get("metadata")
    routed = metadata.get("otfMetadata") if isinstance(metadata, dict) else None
    return Transformed(record, data, routed if isinstance(routed, dict) else {})
