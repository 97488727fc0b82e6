"""A statement is taken out of a role of the running lake: whoever needs it is refused, and we see.

What a journey would do next is done here in short; after a journey such a denial is an error.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from lake.events import SWEEP
from local.iam import journal
from tests.laptop.journey import Lake, eventually
from tests.laptop.rights import policies

pytestmark = [pytest.mark.laptop, pytest.mark.timeout(300)]

Act = Callable[[Lake], object]


@contextmanager
def without(lake: Lake, role: str, statement: str) -> Iterator[None]:
    """The lake while a role lacks one of its statements."""
    iam = lake.client("iam")
    (policy,) = (
        policy
        for policy in policies(lake)[role]
        if statement in {each["Sid"] for each in policy["document"]["Statement"]}
    )

    def put(document: dict[str, Any]) -> None:
        iam.put_role_policy(
            RoleName=role, PolicyName=policy["name"], PolicyDocument=json.dumps(document)
        )

    kept = [each for each in policy["document"]["Statement"] if each["Sid"] != statement]
    put({**policy["document"], "Statement": kept})
    try:
        yield
    finally:
        put(policy["document"])


def sweep(queue: str) -> Act:
    """What the clock sends."""

    def send(lake: Lake) -> None:
        url = str(lake.deployment[queue])
        group = {"MessageGroupId": str(uuid.uuid4()), "MessageDeduplicationId": str(uuid.uuid4())}
        lake.client("sqs").send_message(
            QueueUrl=url, MessageBody=json.dumps({"detail-type": SWEEP}),
            **(group if url.endswith(".fifo") else {}),
        )  # fmt: skip

    return send


def call(function: str) -> Act:
    """A function by itself."""
    return lambda lake: lake.client("lambda").invoke(
        FunctionName=lake.deployment["functions"][function], Payload=b"{}"
    )


def ask_the_api(lake: Lake) -> None:
    """A question with a key."""
    api = json.loads(lake.run("api", "--json"))
    requests.get(f"{api['url']}v1/results", headers={"x-api-key": api["key"]}, timeout=30)


def run_gold(lake: Lake) -> None:
    """The pipeline of a day."""
    moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    lake.client("stepfunctions").start_execution(
        stateMachineArn=lake.deployment["pipelines"]["emt/gold"],
        input=json.dumps({"date": moment}),
    )


def take_a_turn(lake: Lake) -> None:
    """A schedule like the pipeline's own, whose one turn is now."""
    scheduler, machine = lake.client("scheduler"), lake.deployment["pipelines"]["emt/gold"]
    (own,) = (
        schedule
        for listed in scheduler.list_schedules()["Schedules"]
        for schedule in [scheduler.get_schedule(Name=listed["Name"], GroupName=listed["GroupName"])]
        if schedule["Target"]["Arn"] == machine
    )
    scheduler.create_schedule(
        Name="loss", GroupName=own["GroupName"], Target=own["Target"],
        FlexibleTimeWindow={"Mode": "OFF"}, ActionAfterCompletion="DELETE",
        ScheduleExpression=f"at({datetime.now(UTC) + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S})",
    )  # fmt: skip


def put_a_record(lake: Lake) -> None:
    """A record that no table can take: it leaves nothing but an error object."""
    (stream,) = lake.deployment["streams"].values()
    lake.client("kinesis").put_record(StreamName=stream["name"], Data=b"{half", PartitionKey="a")


LOSSES: list[tuple[str, str, str, str, Act]] = [
    (
        "promote",
        "TakeUploads",
        "sqs:ReceiveMessage",
        "messages",
        sweep("uploads_queue_url"),
    ),
    ("promote", "UseTheKey", "kms:Decrypt", "a key, by a service", sweep("uploads_queue_url")),
    ("promote", "ListRaw", "s3:ListBucketVersions", "a listing", sweep("uploads_queue_url")),
    ("start-job", "FindWhatWaits", "dynamodb:Query", "items", sweep("jobs_queue_url")),
    ("create-tables", "WriteLogs", "logs:CreateLogStream", "a log", call("create_tables")),
    ("create-tables", "Trace", "xray:PutTraceSegments", "traces", call("create_tables")),
    ("create-tables", "KeepTables", "glue:GetTable", "the catalogue", call("create_tables")),
    ("watch", "WriteTheState", "s3:PutObject", "a write", call("watch")),
    ("watch", "SeeTheRuns", "states:ListExecutions", "executions", call("watch")),
    ("results-api", "CheckKeys", "dynamodb:GetItem", "keys", ask_the_api),
    ("emt-gold-pipeline", "KeepTheLease", "dynamodb:PutItem", "a machine's task", run_gold),
    ("emt-gold-pipeline", "HandOverTheRole", "iam:PassRole", "a role handed over", run_gold),
    ("pipeline-scheduler", "StartPipelines", "states:StartExecution", "a turn", take_a_turn),
    ("firehose", "ReadTheStream", "kinesis:DescribeStream", "a stream's records", put_a_record),
]


@pytest.mark.parametrize(
    ("role", "statement", "action", "act"),
    [pytest.param(*loss[:3], loss[4], id=f"{loss[0]}-{loss[1]}-{loss[3]}") for loss in LOSSES],
)
def test_a_statement_that_is_gone_is_missed(
    lake: Lake, prefix: str, judged: list[int], role: str, statement: str, action: str, act: Act
) -> None:
    names = [name for name in policies(lake) if name.startswith(prefix)]
    (name,) = (name for name in names if name.endswith(f"-{role}"))
    seen = len(journal.read(lake.state_dir))

    def denied() -> list[str]:
        return [
            each.reason
            for each in journal.read(lake.state_dir, since=seen)
            if (each.verdict, each.role, each.action) == (journal.DENY, name, action)
        ]

    with without(lake, name, statement):
        with suppress(ClientError):
            act(lake)
        (reason, *_) = eventually(denied, seconds=60)

    assert f"{name}/" in reason
    assert f"is not authorized to perform: {action} on resource: " in reason
    # These were asked for: what comes after them is judged again.
    judged[0] = len(journal.read(lake.state_dir))
