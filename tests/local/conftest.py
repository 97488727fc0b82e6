"""A real laptop cloud on a free port, and clients that talk to nothing else."""

from __future__ import annotations

import io
import json
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest

from local.lifecycle import REGION, LaptopCloud

ROLE = "arn:aws:iam::000000000000:role/test"
ROLE_SERVICES = ("ecs-tasks", "emr-serverless", "firehose", "lambda", "scheduler", "states")
T = TypeVar("T")
Clients = Callable[[str], Any]


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def client(cloud: LaptopCloud, service: str) -> Any:
    """A client of one service of this cloud."""
    return boto3.client(
        service,
        endpoint_url=cloud.endpoint,
        region_name=REGION,
        aws_access_key_id="laptop",
        aws_secret_access_key="laptop",
    )


def make_role(cloud: LaptopCloud) -> None:
    """The role `test`: every service of the lake may take it, and it may do everything."""
    iam = client(cloud, "iam")
    services = [f"{name}.amazonaws.com" for name in ROLE_SERVICES]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    every = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="test", AssumeRolePolicyDocument=policy(trust))
    iam.put_role_policy(RoleName="test", PolicyName="all", PolicyDocument=policy(every))


def policy(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def until(found: Callable[[], T], timeout: float = 30, every_s: float = 0.1) -> T:
    """Ask again and again until the answer is true, and give it back."""
    deadline = time.monotonic() + timeout
    while not (answer := found()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(every_s)
    return answer


def zipped(name: str, source: str) -> bytes:
    """A Lambda's zip with one module."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, source)
    return packed.getvalue()


def queue_of_events(
    clients: Clients, name: str, pattern: dict[str, Any]
) -> Callable[[], list[Any]]:
    """Send the matching events to a queue; gives the function that takes what has arrived."""
    sqs, events = clients("sqs"), clients("events")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:000000000000:{name}"
    sender = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
    allowed = policy(sender | {"Action": "sqs:SendMessage", "Resource": arn})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allowed})
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])

    def taken() -> list[Any]:
        found = []
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(found, key=lambda event: str(event["detail"].get("updatedAt", "")))

    return taken


@pytest.fixture
def make_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., LaptopCloud]]:
    """Start clouds that this test alone uses; all are stopped at its end."""
    monkeypatch.setenv("LAKE_CLASS_ARCHIVE", "off")
    made: list[LaptopCloud] = []

    def make(name: str = "state", port: int | None = None) -> LaptopCloud:
        made.append(LaptopCloud(tmp_path / name, port or free_port()))
        return made[-1]

    yield make
    for cloud in made:
        cloud.down()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaptopCloud]:
    """One laptop cloud for all tests that don't stop it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKE_CLASS_ARCHIVE", "off")
        shared = LaptopCloud(tmp_path_factory.mktemp("laptop"), free_port())
        shared.up()
        make_role(shared)
    yield shared
    shared.down()


@pytest.fixture
def clients(cloud: LaptopCloud) -> Clients:
    """Clients of the shared cloud, by service."""
    return lambda service: client(cloud, service)
