"""The laptop cloud's life: it starts once, stops whole, and keeps what it was given."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.lifecycle import REGION, LaptopCloud, LaptopError
from tests.local.conftest import ROLE, client, make_role, queue_of_events, until, zipped

Make = Callable[..., LaptopCloud]
SLEEPER = "import time\ntime.sleep(600)\n"
COPIER = """
import boto3

def handler(event, context):
    for record in event["Records"]:
        boto3.client("s3").put_object(Bucket="kept", Key="seen/" + record["body"], Body=b"seen")
"""


def processes_of(cloud: LaptopCloud) -> list[str]:
    """Every process whose command line or folder is of this cloud."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = str((folder / "cwd").resolve())
        except OSError:
            continue
        if str(cloud.state_dir) in command + place and "pytest" not in command:
            found.append(command)
    return found


def start_sleeper(cloud: LaptopCloud) -> tuple[str, str]:
    """Start a job that would run for ten minutes, and wait until it runs."""
    make_role(cloud)
    s3, emr = client(cloud, "s3"), client(cloud, "emr-serverless")
    s3.put_object(Bucket="kept", Key="sleeper.py", Body=SLEEPER)
    application = emr.create_application(name="a", releaseLabel="emr-7.13.0", type="SPARK")
    started = emr.start_job_run(
        applicationId=application["applicationId"],
        executionRoleArn=ROLE,
        jobDriver={"sparkSubmit": {"entryPoint": "s3://kept/sleeper.py"}},
    )
    ids = {name: started[name] for name in ("applicationId", "jobRunId")}
    until(lambda: emr.get_job_run(**ids)["jobRun"]["state"] == "RUNNING")
    return ids["applicationId"], ids["jobRunId"]


def make_bucket(cloud: LaptopCloud, name: str = "kept") -> None:
    where = {"LocationConstraint": REGION}
    client(cloud, "s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)


def keys(cloud: LaptopCloud) -> list[str]:
    found = client(cloud, "s3").list_objects_v2(Bucket="kept").get("Contents", [])
    return [item["Key"] for item in found]


def test_up_twice_is_one_cloud_and_down_twice_is_none(make_cloud: Make) -> None:
    cloud = make_cloud()

    cloud.up()
    first = cloud.status()["pid"]
    cloud.up()

    assert cloud.status()["pid"] == first
    cloud.down()
    cloud.down()
    assert cloud.status()["running"] is False
    assert processes_of(cloud) == []


def test_a_port_of_another_program_is_named_with_what_to_do(make_cloud: Make) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        cloud = make_cloud(port=other.getsockname()[1])

        with pytest.raises(LaptopError, match=rf"Port {cloud.port} .*LAKE_PORT"):
            cloud.up()


def test_a_port_of_another_laptop_cloud_is_named_with_what_to_do(make_cloud: Make) -> None:
    first = make_cloud("first")
    first.up()
    second = make_cloud("second", first.port)

    with pytest.raises(LaptopError, match=rf"Port {first.port} .*first.*LAKE_PORT"):
        second.up()

    second.down()
    assert first.status()["running"] is True


def test_only_this_machine_can_reach_it(cloud: LaptopCloud) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a documentation address: no packet is sent
        address = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.fail("this machine has no address but its own loopback")

    with pytest.raises(OSError, match="refused"):
        socket.create_connection((address, cloud.port), timeout=2)


def test_a_users_profile_and_keys_never_matter(
    cloud: LaptopCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-real-one")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)

    session = boto3.Session()

    credentials = session.get_credentials()
    assert credentials is not None
    assert credentials.access_key == "laptop"
    assert session.client("sts").get_caller_identity()["Account"] == "000000000000"


def test_everything_is_there_after_down_and_up(make_cloud: Make) -> None:
    cloud = make_cloud()
    cloud.up()
    make_bucket(cloud)
    client(cloud, "s3").put_object(Bucket="kept", Key="a b+%ñ.txt", Body=b"1")
    keep_a_ledger(cloud)
    queue = watch_a_queue(cloud)
    glue = client(cloud, "glue")
    glue.create_database(DatabaseInput={"Name": "silver"})
    emr = client(cloud, "emr-serverless")
    made = emr.create_application(name="a", releaseLabel="emr-7.13.0", type="SPARK")

    cloud.down()
    cloud.up()

    assert keys(cloud) == ["a b+%ñ.txt"]
    assert ledger(cloud) == {"pk": {"S": "a"}, "n": {"N": "7"}}
    assert glue.get_database(Name="silver")["Database"]["Name"] == "silver"
    kept = emr.get_application(applicationId=made["applicationId"])["application"]
    assert kept["state"] == "CREATED"
    client(cloud, "sqs").send_message(QueueUrl=queue, MessageBody="after")
    until(lambda: "seen/after" in keys(cloud))
    cloud.down()
    assert processes_of(cloud) == []


def test_a_killed_cloud_loses_seconds_and_leaves_no_process(make_cloud: Make) -> None:
    cloud = make_cloud()
    cloud.up()
    make_bucket(cloud)
    keep_a_ledger(cloud)
    queue = watch_a_queue(cloud)
    client(cloud, "sqs").send_message(QueueUrl=queue, MessageBody="before")
    until(lambda: "seen/before" in keys(cloud))
    application, _ = start_sleeper(cloud)
    state = cloud.state_dir / "state"
    until(lambda: any(application in path.read_text() for path in state.glob("*.json")))

    os.kill(cloud.status()["pid"], signal.SIGKILL)
    until(lambda: not cloud.status()["running"])
    cloud.up()

    assert ledger(cloud) == {"pk": {"S": "a"}, "n": {"N": "7"}}
    assert not [command for command in processes_of(cloud) if "SparkSubmit" in command]
    client(cloud, "sqs").send_message(QueueUrl=queue, MessageBody="after")
    until(lambda: "seen/after" in keys(cloud))
    cloud.down()
    assert processes_of(cloud) == []


def test_a_run_that_a_stop_interrupts_has_failed_at_the_next_start(make_cloud: Make) -> None:
    cloud = make_cloud()
    cloud.up()
    make_bucket(cloud)
    application, run = start_sleeper(cloud)
    pattern = {"source": ["aws.emr-serverless"], "detail": {"state": ["FAILED"]}}
    taken = queue_of_events(lambda service: client(cloud, service), "failed", pattern)

    cloud.down()
    assert processes_of(cloud) == []
    cloud.up()

    emr = client(cloud, "emr-serverless")
    failed = emr.get_job_run(applicationId=application, jobRunId=run)["jobRun"]
    assert (failed["state"], failed["stateDetails"]) == (
        "FAILED",
        "The laptop cloud was stopped during this run.",
    )
    events = until(taken)
    assert [event["detail"]["jobRunId"] for event in events] == [run]


def keep_a_ledger(cloud: LaptopCloud) -> None:
    dynamodb = client(cloud, "dynamodb")
    dynamodb.create_table(
        TableName="ledger",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="ledger", Item={"pk": {"S": "a"}, "n": {"N": "7"}})


def ledger(cloud: LaptopCloud) -> dict[str, Any]:
    found = client(cloud, "dynamodb").get_item(TableName="ledger", Key={"pk": {"S": "a"}})
    item: dict[str, Any] = found["Item"]
    return item


def watch_a_queue(cloud: LaptopCloud) -> str:
    """A queue whose messages a Lambda notes in the bucket."""
    make_role(cloud)
    sqs, functions = client(cloud, "sqs"), client(cloud, "lambda")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    functions.create_function(
        FunctionName="copier",
        Runtime="python3.11",
        Role=ROLE,
        Handler="copier.handler",
        Code={"ZipFile": zipped("copier.py", COPIER)},
    )
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    functions.create_event_source_mapping(
        FunctionName="copier",
        EventSourceArn=json.loads(json.dumps(attributes))["Attributes"]["QueueArn"],
    )
    return str(url)
