"""A pipeline on the laptop cloud: Step Functions starts real job runs, follows and cancels them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.lifecycle import REGION
from tests.local.conftest import ROLE, Clients, until
from tests.local.state_machine import definition, variables

JOB = """
import sys, time
day = sys.argv[sys.argv.index("--date") + 1]
if day == "2025-01-01":
    raise SystemExit("tiny: boom")
if day == "2025-01-02":
    time.sleep(600)
print(sys.argv[1:])
"""
PAUSE = "60 + $floor($random() * 61)"
MACHINE = f"arn:aws:states:{REGION}:000000000000:stateMachine:tfm-dgv-mbdde-laptop-emt-tiny"


class Pipeline:
    """The machine of a pipeline with one job, and all that it needs."""

    def __init__(self, clients: Clients, folder: Path) -> None:
        self.states, self.emr = clients("stepfunctions"), clients("emr-serverless")
        self.sqs, s3 = clients("sqs"), clients("s3")
        where = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket="pipe-jobs", CreateBucketConfiguration=where)
        s3.put_object(Bucket="pipe-jobs", Key="spark/tiny.py", Body=JOB)
        kinds = [("pk", "HASH"), ("sk", "RANGE")]
        clients("dynamodb").create_table(
            TableName="pipe-ledger",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in kinds],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n, _ in kinds],
            BillingMode="PAY_PER_REQUEST",
        )
        self.application = self.emr.create_application(
            name="pipe", releaseLabel="emr-7.13.0", type="SPARK"
        )["applicationId"]
        topic = clients("sns").create_topic(Name="pipe-notices")["TopicArn"]
        self.notices = self.sqs.create_queue(QueueName="pipe-notices")["QueueUrl"]
        queue = f"arn:aws:sqs:{REGION}:000000000000:pipe-notices"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
        }
        allowed = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.notices, Attributes={"Policy": allowed})
        clients("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        told = variables(application=self.application, ledger="pipe-ledger", topic=topic)
        told["spark"]["role_arn"] = ROLE
        self.states.create_state_machine(
            name=MACHINE.rpartition(":")[2],
            # How long a pause is, test_pipelines tells; here it is as short as can be.
            definition=definition(folder / "terraform", told).replace(PAUSE, "1"),
            roleArn=ROLE,
        )

    def start(self, day: str) -> str:
        started = self.states.start_execution(
            stateMachineArn=MACHINE, name=f"run-{day}", input=json.dumps({"date": day})
        )
        return str(started["executionArn"])

    def ended(self, execution: str) -> Mapping[str, Any]:
        def found() -> Any:
            now = self.states.describe_execution(executionArn=execution)
            return now if now["status"] != "RUNNING" else None

        return dict(until(found, timeout=120))

    def runs(self, day: str) -> list[Mapping[str, Any]]:
        """The job runs of a day, the newest first."""
        listed = self.emr.list_job_runs(applicationId=self.application)["jobRuns"]
        every = [
            self.emr.get_job_run(applicationId=self.application, jobRunId=run["id"])["jobRun"]
            for run in listed
        ]
        return [
            run
            for run in every
            if f"run-{day}" in run["jobDriver"]["sparkSubmit"]["entryPointArguments"]
        ]


@pytest.fixture(scope="module")
def pipeline(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    from tests.local.conftest import client

    return Pipeline(lambda service: client(cloud, service), tmp_path_factory.mktemp("pipe"))


def test_a_run_follows_its_job_to_the_end(pipeline: Pipeline) -> None:
    end = pipeline.ended(pipeline.start("2025-08-30"))

    assert (end["status"], end.get("cause")) == ("SUCCEEDED", None)
    (run,) = pipeline.runs("2025-08-30")
    assert (run["state"], run["name"]) == ("SUCCESS", "tiny")
    assert run["jobDriver"]["sparkSubmit"]["entryPointArguments"] == [
        *("--served", "s3://pipe-served", "--date", "2025-08-30", "--run", "run-2025-08-30"),
        *("--result", "s3://pipe-jobs/runs/pipelines/run-2025-08-30/tiny.json"),
    ]


def test_a_job_that_fails_is_tried_twice_and_people_are_told(pipeline: Pipeline) -> None:
    end = pipeline.ended(pipeline.start("2025-01-01"))

    assert (end["status"], end["error"]) == ("FAILED", "JobFailed")
    assert "boom" in end["cause"]
    assert [run["state"] for run in pipeline.runs("2025-01-01")] == ["FAILED", "FAILED"]
    received: Callable[[], Any] = lambda: pipeline.sqs.receive_message(  # noqa: E731
        QueueUrl=pipeline.notices
    ).get("Messages")
    (message,) = until(received)
    assert "emt/tiny for 2025-01-01 failed" in json.loads(message["Body"])["Message"]


def test_a_run_that_is_stopped_cancels_its_job(pipeline: Pipeline) -> None:
    execution = pipeline.start("2025-01-02")
    until(lambda: [run for run in pipeline.runs("2025-01-02") if run["state"] == "RUNNING"], 120)

    pipeline.states.stop_execution(executionArn=execution, cause="by hand")

    until(lambda: pipeline.runs("2025-01-02")[0]["state"] == "CANCELLED")
    end = pipeline.states.describe_execution(executionArn=execution)
    assert (end["status"], end["cause"]) == ("ABORTED", "by hand")
