"""The endless source: the container of the lake's own task asks, and its observations are rows."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from tests.laptop.journey import Lake, eventually

pytestmark = [pytest.mark.laptop, pytest.mark.timeout(600)]

STREAM = "meteorology/stream"


@pytest.fixture
def container(lake: Lake) -> Iterator[str]:
    """The poller, as its service would run it, in more of a hurry."""
    ecs, known = lake.client("ecs"), lake.deployment["streams"][STREAM]
    hurry = [{"name": "EVERY_SECONDS", "value": "1"}]
    started = ecs.run_task(
        cluster=known["cluster"], taskDefinition=known["poller"], launchType="FARGATE",
        overrides={"containerOverrides": [{"name": "weather-poller", "environment": hurry}]},
    )  # fmt: skip
    arn = str(started["tasks"][0]["taskArn"])
    yield arn
    ecs.stop_task(cluster=known["cluster"], task=arn)


def test_what_the_container_observes_is_in_the_table(lake: Lake, container: str) -> None:
    ecs, known = lake.client("ecs"), lake.deployment["streams"][STREAM]

    def rows() -> int:
        (task,) = ecs.describe_tasks(cluster=known["cluster"], tasks=[container])["tasks"]
        assert task["lastStatus"] != "STOPPED", task.get("stoppedReason")
        return lake.count(known["table"], "source = 'stream'")

    assert eventually(rows, 180) > 0


def test_a_record_that_nobody_can_read_is_set_aside(lake: Lake) -> None:
    known, s3 = lake.deployment["streams"][STREAM], lake.client("s3")
    place = {"Bucket": lake.deployment.bucket("ops"), "Prefix": known["errors"]}
    assert s3.list_objects_v2(**place)["KeyCount"] == 0

    lake.client("kinesis").put_record(
        StreamName=known["name"], Data=b"{half a record", PartitionKey="a"
    )

    (error,) = eventually(lambda: s3.list_objects_v2(**place).get("Contents"))
    body = s3.get_object(Bucket=place["Bucket"], Key=error["Key"])["Body"].read()
    (line,) = map(json.loads, body.splitlines())
    assert base64.b64decode(line["rawData"]) == b"{half a record"
