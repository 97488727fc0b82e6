"""One real event a trigger: each is understood by its function."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from functions.promote import handler as promote
from functions.start_job import handler as start_job
from tests.factories import LambdaContext, arrivals
from tests.functions.lake import APPLICATION, Lake
from tests.functions.test_start_job import token_of
from tests.functions.waiting import loaded, state_of, waiting_file, write_result
from tests.functions.wire import Wire

EVENTS = Path(__file__).parents[1] / "events"


def event(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("name", ["promote_eventbridge", "promote_notification"])
def test_an_upload_is_understood_in_both_ways_of_telling(lake: Lake, name: str) -> None:
    lake.upload("emt/arrivals/día 29 + extra.xlsx", arrivals())

    answer = promote.handler(event(name), LambdaContext())

    assert answer == {"batchItemFailures": []}
    assert list(lake.objects("bronze")) == ["emt/arrivals/día 29 + extra.xlsx"]


def test_the_clock_of_promote_is_understood(lake: Lake) -> None:
    assert promote.handler(event("promote_sweep"), LambdaContext()) == {"batchItemFailures": []}


@pytest.mark.parametrize("name", ["start_job_file", "start_job_pump", "start_job_sweep"])
def test_every_waking_message_starts_what_waits(lake: Lake, wire: Wire, name: str) -> None:
    record = waiting_file(lake)

    answer = start_job.handler(event(name), LambdaContext())

    assert answer == {"batchItemFailures": []}
    assert state_of(lake, record).job_run_id == "run000"


def test_the_end_of_a_run_is_understood(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    start_job.handler(event("start_job_pump"), LambdaContext())
    write_result(lake, token_of(wire, "run000"), loaded(record))
    wire.emr.end("run000")
    ended = event("start_job_run_ended")
    assert json.loads(ended["Records"][0]["body"])["detail"]["applicationId"] == APPLICATION

    assert start_job.handler(ended, LambdaContext()) == {"batchItemFailures": []}

    assert state_of(lake, record).state == "loaded"
