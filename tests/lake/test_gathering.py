"""One look at the lake: what is asked of each service, and what becomes of its answers."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lake.catalog import Catalog
from lake.state import Queue, Seen
from lake.state.gathering import Look, Places

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:openweather-gold"
AT = datetime(2025, 8, 30, 10, tzinfo=UTC)
WHOLE = Catalog.bundled()
# One pipeline, of the jobs weather_silver_riohacha, weather_silver_patagonia and weather_gold.
CATALOG = replace(
    WHOLE, pipelines={"openweather/gold": WHOLE.pipelines["openweather/gold"]}, tables={}
)


def run(name: str, status: str) -> dict[str, Any]:
    """A run as a list has it: without its reason."""
    return {"executionArn": f"arn:{name}", "name": name, "status": status, "startDate": AT}


class Runs:
    """Step Functions, with these runs, the newest first."""

    def __init__(self, *runs: dict[str, Any]) -> None:
        self.runs = runs
        self.listed: list[dict[str, Any]] = []
        self.described: list[str] = []

    def list_executions(self, **asked: Any) -> dict[str, Any]:
        self.listed.append(asked)
        return {"executions": list(self.runs)}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803 (AWS's)
        self.described.append(executionArn)
        one = next(one for one in self.runs if one["executionArn"] == executionArn)
        return {**one, "error": "JobFailed", "cause": f"{one['name']} found no rows"}


class Bucket:
    """S3, with these objects in one bucket."""

    class exceptions:  # noqa: N801 (boto3's name)
        class NoSuchKey(Exception):
            """Nothing lies there."""

    def __init__(self, objects: Mapping[str, Any]) -> None:
        self.objects = objects

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 (AWS's)
        if (Bucket, Key) not in {("jobs", key) for key in self.objects}:
            raise self.exceptions.NoSuchKey
        return {"Body": io.BytesIO(json.dumps(self.objects[Key]).encode())}


class Depths:
    """SQS, where each queue has 7 messages that wait and 2 in flight."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def get_queue_attributes(self, **asked: Any) -> dict[str, Any]:
        self.asked.append({**asked, "AttributeNames": set(asked["AttributeNames"])})
        return {
            "Attributes": {
                "QueueArn": f"arn:{asked['QueueUrl']}",
                "ApproximateNumberOfMessages": "7",
                "ApproximateNumberOfMessagesNotVisible": "2",
            }
        }


def look(
    runs: Runs,
    objects: Mapping[str, Any] | None = None,
    sqs: Any = None,
    queues: Sequence[str] = (),
) -> Look:
    places = Places(
        database_prefix="",
        jobs_bucket="jobs",
        machines={"openweather/gold": MACHINE},
        queues={name: f"https://{name}" for name in queues},
    )
    return Look(CATALOG, places, None, None, Bucket(objects or {}), runs, sqs)


def gathered(runs: Runs, objects: Mapping[str, Any] | None = None) -> Seen:
    seen = look(runs, objects).gather()
    assert set(seen.errors) == {"ledger"}, "there is none here"
    return seen


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_the_newest_run_says_why_it_failed_and_no_older_one_is_asked(status: str) -> None:
    sfn = Runs(run("r3", status), run("r2", "FAILED"), run("r1", "SUCCEEDED"))

    newest, older, oldest = gathered(sfn).executions["openweather/gold"]

    assert (newest.name, newest.status) == ("r3", status.lower())
    assert newest.reason == "JobFailed: r3 found no rows"
    assert [(one.name, one.status, one.reason) for one in (older, oldest)] == [
        ("r2", "failed", None),
        ("r1", "succeeded", None),
    ]
    assert sfn.described == ["arn:r3"]
    assert sfn.listed == [{"stateMachineArn": MACHINE, "maxResults": 10}]


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED"])
def test_a_run_that_goes_on_or_ended_well_is_asked_for_no_reason(status: str) -> None:
    sfn = Runs(run("r2", status), run("r1", "FAILED"))

    gathered(sfn)

    assert sfn.described == []


def test_a_pipeline_that_never_ran_has_no_runs() -> None:
    assert gathered(Runs()).executions == {"openweather/gold": []}


def test_each_job_has_the_word_of_the_newest_run_in_which_it_checked_something() -> None:
    checks = [{"check_name": "rows"}]
    objects = {
        "runs/pipelines/r3/weather_silver_riohacha.json": {"quality": []},
        # Of r2, Patagonia's job has written nothing.
        "runs/pipelines/r2/weather_silver_riohacha.json": {"quality": checks},
        "runs/pipelines/r1/weather_silver_riohacha.json": {"quality": [*checks, *checks]},
        "runs/pipelines/r1/weather_silver_patagonia.json": {"quality": checks},
    }
    ended = {**run("r1", "SUCCEEDED"), "stopDate": AT}

    seen = gathered(Runs(run("r3", "RUNNING"), run("r2", "SUCCEEDED"), ended), objects)

    assert [(one.run, one.job, one.ended_at) for one in seen.results] == [
        ("r2", "weather_silver_riohacha", None),
        ("r1", "weather_silver_patagonia", AT),
    ]
    assert seen.results[0].said == {"quality": checks}


def test_a_job_that_wrote_no_object_is_an_error_of_its_pipeline_alone() -> None:
    objects = {"runs/pipelines/r1/weather_gold.json": ["no object"]}

    seen = look(Runs(run("r1", "SUCCEEDED")), objects).gather()

    assert seen.errors["pipeline openweather/gold"] == "TypeError: no JSON object lies there"
    assert seen.executions == {}


def test_a_queue_tells_what_waits_and_what_is_in_flight() -> None:
    sqs = Depths()

    seen = look(Runs(), sqs=sqs, queues=["jobs", "jobs, dead"]).gather()

    assert seen.queues == [
        Queue("jobs", dead=False, messages=7, in_flight=2, arn="arn:https://jobs"),
        Queue("jobs, dead", dead=True, messages=7, in_flight=2, arn="arn:https://jobs, dead"),
    ]
    attributes = {
        "QueueArn",
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
    }
    urls = {asked["QueueUrl"]: asked["AttributeNames"] for asked in sqs.asked}
    assert urls == {"https://jobs": attributes, "https://jobs, dead": attributes}


def test_what_was_not_begun_in_time_is_never_begun() -> None:
    """A function that has answered must not go on asking in its next call."""
    over = threading.Event()
    asked: list[str] = []

    class Slow:
        def get_queue_attributes(self, **_: Any) -> Any:
            asked.append("once")
            over.wait(60)
            raise TimeoutError

    before = set(threading.enumerate())
    seen = look(Runs(), sqs=Slow(), queues=[f"q{n}" for n in range(12)]).gather(patience_s=3)
    workers = set(threading.enumerate()) - before
    over.set()
    for worker in workers:
        worker.join(60)

    assert len(asked) == 8, "as many as are looked at side by side"
    assert {seen.errors[f"queue q{n}"] for n in range(12)} == {"no answer within 3 s"}
