"""`lake replay --stream`: what Firehose set aside is put again, once, and poison is told."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lake.catalog import Catalog
from lake.streams import Row, Streams
from lake_cli import stream_replays
from lake_cli.deployment import Deployment
from lake_cli.exits import Stop
from tests.weather import SOURCE, record

ERRORS, MARKS = "stream-errors/meteorology-stream/", "stream-replayed/meteorology-stream/"
PLACE = "processing-failed/2025/08/29/08/lake-1-0001"
VALUES = {
    "region": "eu-west-1",
    "buckets": {"ops": "lake-ops"},
    "streams": {SOURCE: {"name": "lake-weather", "errors": ERRORS, "replayed": MARKS}},
}


class Deployed(Deployment):
    """A lake on moto, with the catalogue of this checkout."""

    @property
    def catalog(self) -> Catalog:
        return Catalog.bundled()

    def client(self, service: str, read_timeout: float = 60) -> Any:  # noqa: ARG002
        return boto3.client(service, region_name="eu-west-1")


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        deployed = Deployed("test", VALUES)
        where = {"LocationConstraint": "eu-west-1"}
        deployed.client("s3").create_bucket(Bucket="lake-ops", CreateBucketConfiguration=where)
        deployed.client("kinesis").create_stream(StreamName="lake-weather", ShardCount=1)
        yield deployed


def set_aside(lake: Deployed, *data: bytes, place: str = PLACE) -> None:
    """An error object as Firehose writes it."""
    lines = [
        json.dumps(
            {
                "attemptsMade": 4,
                "arrivalTimestamp": 1_756_454_587_000,
                "errorCode": "Lambda.FunctionError",
                "errorMessage": "The Lambda function returned an error",
                "attemptEndingTimestamp": 1_756_454_590_000,
                "rawData": base64.b64encode(each).decode(),
                "lambdaArn": "arn:aws:lambda:eu-west-1:123456789012:function:transform:$LATEST",
            }
        )
        for each in data
    ]
    body = ("\n".join(lines) + "\n").encode()
    lake.client("s3").put_object(Bucket="lake-ops", Key=ERRORS + place, Body=body)


def sent(lake: Deployed) -> list[bytes]:
    kinesis = lake.client("kinesis")
    shard = kinesis.list_shards(StreamName="lake-weather")["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(
        StreamName="lake-weather", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = kinesis.get_records(ShardIterator=iterator, Limit=10_000)["Records"]
    return [found["Data"] for found in records]


def keys(lake: Deployed, prefix: str) -> list[str]:
    found = lake.client("s3").list_objects_v2(Bucket="lake-ops", Prefix=prefix)
    return [item["Key"] for item in found.get("Contents", [])]


def test_a_batch_that_a_crash_set_aside_is_put_again_and_its_object_stays(lake: Deployed) -> None:
    batch = [record(number) for number in range(1200)]
    set_aside(lake, *batch)

    (row,) = stream_replays.replay(lake, SOURCE)

    assert sorted(sent(lake)) == sorted(batch)
    assert (row["object"], row["status"], row["sent"]) == (PLACE, "sent", 1200)
    assert keys(lake, ERRORS) == [ERRORS + PLACE]


def test_what_was_sent_is_never_sent_again(lake: Deployed) -> None:
    set_aside(lake, record(0), record(1))
    stream_replays.replay(lake, SOURCE)

    again = stream_replays.replay(lake, SOURCE)

    assert again == []
    assert len(sent(lake)) == 2


def test_poison_is_told_with_its_reason_and_not_sent(lake: Deployed) -> None:
    hot = record(1).replace(b'"temp_c": 20.1', b'"temp_c": 400')
    set_aside(lake, record(0), b"{half", hot)

    (row,) = stream_replays.replay(lake, SOURCE)

    assert sent(lake) == [record(0)]
    assert (row["status"], row["sent"], row["refused"]) == ("partly refused", 1, 2)
    assert "is no JSON" in row["reason"]
    assert "temp_c must lie between -60 and 60" in row["reason"]
    body = lake.client("s3").get_object(Bucket="lake-ops", Key=f"{MARKS}{PLACE}.json")["Body"]
    mark = json.loads(body.read())
    assert mark["sent"] == [0]
    assert set(mark["refused"]) == {"1", "2"}


def test_poison_that_a_fix_has_cured_is_sent_then(
    lake: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    cured = record(1)
    set_aside(lake, record(0), b"{half")
    stream_replays.replay(lake, SOURCE)
    # The fix of a test: what the line holds is read better now.
    set_aside(lake, record(0), cured)

    (row,) = stream_replays.replay(lake, SOURCE)

    assert sent(lake) == [record(0), cured]
    assert (row["status"], row["sent"], row["sent_before"]) == ("sent", 1, 1)


def test_looking_sends_nothing_and_marks_nothing(lake: Deployed) -> None:
    set_aside(lake, record(0), b"{half")

    (row,) = stream_replays.replay(lake, SOURCE, look=True)

    assert (row["sent"], row["refused"]) == (1, 1)
    assert sent(lake) == []
    assert keys(lake, MARKS) == []


def test_a_row_that_its_table_refused_goes_through_the_stream_again(lake: Deployed) -> None:
    made = Streams(Catalog.bundled()).row(record(7))
    assert isinstance(made, Row)
    set_aside(lake, json.dumps(made.values).encode(), place="iceberg-failed/2025/08/29/08/x")

    (row,) = stream_replays.replay(lake, SOURCE)

    assert row["status"] == "sent"
    (again,) = sent(lake)
    assert Streams(Catalog.bundled()).row(again) == made


def test_a_line_that_is_no_error_record_is_told(lake: Deployed) -> None:
    lake.client("s3").put_object(
        Bucket="lake-ops", Key=f"{ERRORS}{PLACE}", Body=b'no json\n{"rawData": 7}\n'
    )

    (row,) = stream_replays.replay(lake, SOURCE)

    assert (row["status"], row["records"], row["refused"]) == ("refused", 2, 2)


def test_a_source_that_is_no_stream_is_refused(lake: Deployed) -> None:
    with pytest.raises(Stop, match="no stream"):
        stream_replays.replay(lake, "emt/arrivals")


def test_a_stream_that_is_switched_off_is_said_to_be() -> None:
    off = Deployed("test", VALUES | {"streams": {}})

    with pytest.raises(Stop, match="switched off") as stop:
        stream_replays.replay(off, SOURCE)

    assert "stream_enabled = true" in str(stop.value.hint)
