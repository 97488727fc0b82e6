"""A pipeline that nobody asks for: its schedule is turned on, and its turn comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.laptop.journey import Lake, eventually

pytestmark = [pytest.mark.laptop, pytest.mark.timeout(900)]

PIPELINE = "emt/gold"
# What CreateSchedule and UpdateSchedule take; GetSchedule tells more.
SETTINGS = (
    *("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "State", "Target"),
    *("FlexibleTimeWindow", "Description", "KmsKeyArn", "ActionAfterCompletion"),
)


@pytest.fixture
def turn(lake: Lake) -> Iterator[datetime]:
    """The next whole minute, at which the schedule that Terraform made now has its turn."""
    scheduler = lake.client("scheduler")
    machine = lake.deployment["pipelines"][PIPELINE]
    (schedule,) = (
        schedule
        for listed in scheduler.list_schedules()["Schedules"]
        for schedule in [scheduler.get_schedule(Name=listed["Name"], GroupName=listed["GroupName"])]
        if schedule["Target"]["Arn"] == machine
    )
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    as_applied: dict[str, Any] = {name: schedule[name] for name in SETTINGS if name in schedule}
    minute = (datetime.now(UTC) + timedelta(seconds=65)).replace(second=0, microsecond=0)
    near = f"cron({minute.minute} {minute.hour} * * ? *)"
    scheduler.update_schedule(**as_applied | {"ScheduleExpression": near, "State": "ENABLED"})
    yield minute
    scheduler.update_schedule(**as_applied)


def test_a_schedule_that_is_on_runs_its_pipeline_for_the_day_of_its_turn(
    lake: Lake, turn: datetime
) -> None:
    states = lake.client("stepfunctions")
    machine = lake.deployment["pipelines"][PIPELINE]

    def begun() -> Any:
        executions = states.list_executions(stateMachineArn=machine)["executions"]
        return [each for each in executions if each["startDate"] >= turn]

    (execution,) = eventually(begun)
    given = states.describe_execution(executionArn=execution["executionArn"])["input"]
    assert json.loads(given)["date"] == f"{turn:%Y-%m-%dT%H:%M}:00Z"

    def ended() -> Any:
        (run,) = lake.ask("runs", PIPELINE, "--limit", "1")
        return run["status"] != "running" and run

    run = eventually(ended, 280)
    assert (run["run"], run["status"]) == (execution["name"], "succeeded"), run["reason"]
    s3, bucket = lake.client("s3"), lake.deployment.bucket("jobs")
    key = f"runs/pipelines/{run['run']}/emt_gold.json"
    result = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert result["date"] == f"{turn:%Y-%m-%d}"
