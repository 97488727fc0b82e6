"""When schedules fire: expressions, zones, the change of the clock, and what a target is told.

The clock and ministack's expressions live in the cloud's environment, so that is where they run.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError

from local.installed import cloud_python
from local.lifecycle import REGION
from tests.local.conftest import ROLE, until

ROOT = Path(__file__).parents[2]
Clients = Callable[[str], Any]
TURNS = """
import json, sys
from datetime import datetime
from local.schedule_times import Times

for expression, zone, created, after, count in json.load(sys.stdin):
    times = Times.of(expression, zone, datetime.fromisoformat(created))
    turn, turns = datetime.fromisoformat(after), []
    while len(turns) < count and (turn := times.first_after(turn)):
        turns.append(turn.isoformat())
    print(json.dumps(turns))
"""
CASES = {
    "by the clock of UTC": (
        ("cron(0 10 * * ? *)", "UTC", "2026-03-01T00:00:00+00:00", "2026-03-01T10:00:00+00:00", 2),
        ["2026-03-02T10:00:00+00:00", "2026-03-03T10:00:00+00:00"],
    ),
    "by the clock of Madrid, which is an hour ahead, in summer two": (
        (
            *("cron(0 10 * * ? *)", "Europe/Madrid", "2026-03-01T00:00:00+00:00"),
            *("2026-03-27T12:00:00+00:00", 3),
        ),
        ["2026-03-28T09:00:00+00:00", "2026-03-29T08:00:00+00:00", "2026-03-30T08:00:00+00:00"],
    ),
    "half past two does not exist in Madrid on 29 March 2026": (
        (
            *("cron(30 2 * * ? *)", "Europe/Madrid", "2026-03-01T00:00:00+00:00"),
            *("2026-03-28T00:00:00+00:00", 2),
        ),
        ["2026-03-28T01:30:00+00:00", "2026-03-30T00:30:00+00:00"],
    ),
    "half past two comes twice in Madrid on 25 October 2026, and counts once": (
        (
            *("cron(30 2 * * ? *)", "Europe/Madrid", "2026-03-01T00:00:00+00:00"),
            *("2026-10-24T12:00:00+00:00", 2),
        ),
        ["2026-10-25T00:30:00+00:00", "2026-10-26T01:30:00+00:00"],
    ),
    "made within the repeated hour, whose turn is over": (
        (
            *("cron(30 2 * * ? *)", "Europe/Madrid", "2026-10-25T01:10:00+00:00"),
            *("2026-10-25T01:10:00+00:00", 1),
        ),
        ["2026-10-26T01:30:00+00:00"],
    ),
    "a rate counts from when it was made, which is its first turn": (
        (
            *("rate(12 hours)", "UTC", "2026-03-01T07:15:00+00:00"),
            *("2026-03-01T07:14:59+00:00", 3),
        ),
        ["2026-03-01T07:15:00+00:00", "2026-03-01T19:15:00+00:00", "2026-03-02T07:15:00+00:00"],
    ),
    "once, at a time of Madrid": (
        (
            *("at(2026-07-01T12:00:00)", "Europe/Madrid", "2026-03-01T00:00:00+00:00"),
            *("2026-03-01T00:00:00+00:00", 2),
        ),
        ["2026-07-01T10:00:00+00:00"],
    ),
}


@pytest.fixture(scope="module")
def turns() -> dict[str, list[str]]:
    """The turns of every case, by one process of the cloud's Python."""
    asked = json.dumps([case for case, _ in CASES.values()])
    done = subprocess.run(
        [str(cloud_python()), "-c", TURNS],
        input=asked,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(CASES, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_a_schedule_has_its_turns(turns: dict[str, list[str]], name: str) -> None:
    assert turns[name] == CASES[name][1]


@pytest.mark.parametrize(
    ("expression", "zone", "words"),
    [
        ("cron(0 10 * * * *)", "UTC", "Invalid Schedule Expression"),  # a day and a weekday
        ("cron(0 10 * * ?)", "UTC", "Invalid Schedule Expression"),  # no year
        ("rate(0 minutes)", "UTC", "Invalid Schedule Expression"),
        ("at(2026-07-01)", "UTC", "Invalid Schedule Expression"),
        ("0 10 * * *", "UTC", "Invalid Schedule Expression"),
        ("rate(1 hour)", "Europe/Albufera", "Invalid ScheduleExpressionTimezone"),
    ],
)
def test_what_would_never_have_a_turn_is_refused(
    clients: Clients, expression: str, zone: str, words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        clients("scheduler").create_schedule(
            Name="never",
            ScheduleExpression=expression,
            ScheduleExpressionTimezone=zone,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:sqs:eu-west-1:000000000000:any", "RoleArn": ROLE},
        )


def test_a_schedule_tells_its_machine_the_time_of_its_turn(clients: Clients) -> None:
    states, scheduler = clients("stepfunctions"), clients("scheduler")
    machine = states.create_state_machine(
        name="scheduled",
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
        roleArn=ROLE,
    )["stateMachineArn"]
    turn = datetime.now(ZoneInfo("Asia/Kolkata")).replace(microsecond=0, tzinfo=None)
    scheduler.create_schedule(
        Name="now",
        ScheduleExpression=f"at({turn.isoformat()})",
        ScheduleExpressionTimezone="Asia/Kolkata",  # five hours and a half ahead
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": machine,
            "RoleArn": ROLE,
            "Input": '{"date": "<aws.scheduler.scheduled-time>", "full": false}',
        },
    )

    (started,) = until(lambda: states.list_executions(stateMachineArn=machine)["executions"], 90)

    given = states.describe_execution(executionArn=started["executionArn"])["input"]
    assert given == json.dumps(
        {"date": f"{turn - timedelta(hours=5.5):%Y-%m-%dT%H:%M:%SZ}", "full": False}
    )


def test_a_schedule_that_is_off_and_one_whose_time_is_over_start_nothing(clients: Clients) -> None:
    """The third, made after them, shows that the clock has gone by."""
    sqs, scheduler = clients("sqs"), clients("scheduler")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("off", "over", "on")}
    past = datetime.now(UTC) - timedelta(days=1)
    schedules: dict[str, dict[str, Any]] = {
        "off": {"ScheduleExpression": "rate(1 minute)", "State": "DISABLED"},
        "over": {"ScheduleExpression": "rate(1 minute)", "EndDate": past},
        "on": {"ScheduleExpression": "rate(1 minute)"},
    }
    for name, words in schedules.items():
        arn = f"arn:aws:sqs:{REGION}:000000000000:{name}"
        scheduler.create_schedule(
            Name=name,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": ROLE, "Input": f'{{"of": "{name}"}}'},
            **words,
        )

    def received(name: str) -> list[str]:
        answer = sqs.receive_message(QueueUrl=urls[name], VisibilityTimeout=0)
        return [message["Body"] for message in answer.get("Messages", [])]

    assert until(lambda: received("on")) == ['{"of": "on"}']
    assert (received("off"), received("over")) == ([], [])
