"""Firehose to Iceberg on the laptop: AWS's buffers, retries, error objects and promises."""

from __future__ import annotations

import json
import os
import signal
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

from local.iam import journal
from local.lifecycle import LaptopCloud
from local.processes import alive, wait
from tests.local.conftest import client, policy, until
from tests.local.mortal_cloud import EFFECTS, LOST, Mortal
from tests.local.streams import ACCOUNT, DATABASE, ERRORS, FUNCTION, STREAM, TABLE, StreamLake, raw
from tests.weather import record

Make = Callable[..., LaptopCloud]


@pytest.fixture
def lake(make_cloud: Make) -> StreamLake:
    cloud = make_cloud()
    cloud.up()
    return StreamLake(cloud)


def read_to(cloud: LaptopCloud) -> dict[str, str]:
    """How far the delivery stream has read, where no delivery is under way."""
    progress = [
        json.loads(path.read_text()) for path in cloud.state_dir.rglob(f"*_{STREAM}_*.json")
    ]
    return dict(progress[0]["positions"]) if progress and not progress[0]["plan"] else {}


def kill(cloud: LaptopCloud) -> None:
    """kill -9, as a laptop that is switched off."""
    pid = int(cloud.status()["pid"])
    os.kill(pid, signal.SIGKILL)
    assert wait(lambda: not alive(pid), 10)


def test_records_become_rows_and_the_bad_ones_wait_with_what_was_sent(lake: StreamLake) -> None:
    lake.make(seconds=1)

    lake.put([*(record(number) for number in range(20)), b"{half", record(20)])

    lake.settled(21, 1)
    ((first, last, source),) = lake.ask(
        f"select min(obs_ts), max(obs_ts), max(source) from {TABLE.name}"
    )
    assert (first, last, source) == (
        *("2025-08-29 08:00:00.000000", "2025-08-29 18:00:00.000000", "stream"),
    )
    (line,) = lake.errors("processing-failed/")
    assert raw(line) == b"{half"
    assert line["errorCode"] == "Lambda.FunctionError"
    assert line["errorMessage"] == "ProcessingFailed status set for record"
    assert line["attemptsMade"] == 1
    assert line["lambdaArn"].endswith(f":function:{FUNCTION}:$LATEST")
    assert 0 <= line["attemptEndingTimestamp"] - line["arrivalTimestamp"] < 60_000


def test_a_buffer_waits_for_its_time_or_its_size(lake: StreamLake) -> None:
    lake.make(seconds=900, megabytes=1)
    lake.put([record()])
    time.sleep(3)
    assert lake.count() == 0

    lake.put(record(number) for number in range(1, 1501))

    until(lambda: lake.count() > 0)
    delivered = lake.count()
    # A megabyte of them went; what came after waits for its own.
    assert 1_000_000 / len(record()) <= delivered < 1501

    lake.buffer(seconds=0, megabytes=1)
    lake.settled(1501, 0)


def test_a_broken_transform_sets_its_whole_batch_aside_after_four_tries(lake: StreamLake) -> None:
    lake.make(seconds=0)
    lake.crash(broken=True)

    lake.put(record(number) for number in range(10))

    lake.settled(0, 10)
    for line in lake.errors("processing-failed/"):
        assert line["attemptsMade"] == 4
        assert line["errorCode"] == "Lambda.FunctionError"
        assert "the transform is broken" in line["errorMessage"]
    lake.crash(broken=False)
    lake.put([record(10)])
    lake.settled(1, 10)


def test_rows_that_the_table_does_not_fit_wait_under_iceberg_failed(lake: StreamLake) -> None:
    lake.make(seconds=0)
    lake.ask(f"ALTER TABLE {TABLE.name} ADD COLUMNS (visitors bigint)")

    lake.put([record()])

    lake.settled(0, 1)
    (line,) = lake.errors("iceberg-failed/")
    assert line["errorCode"] == "Iceberg.MissingColumnWithinRecord"
    assert "visitors" in line["errorMessage"]
    assert raw(line) == record()


def test_a_table_that_is_gone_sets_records_aside_and_says_so(lake: StreamLake) -> None:
    lake.make(seconds=0)
    lake.glue.delete_table(DatabaseName=DATABASE, Name=TABLE.name)

    lake.put([record()])

    (line,) = until(lambda: list(lake.errors("iceberg-failed/")))
    assert line["errorCode"] == "Iceberg.NoSuchTable"


def test_a_stream_reads_back_as_it_was_made(lake: StreamLake) -> None:
    lake.make(seconds=60, megabytes=5)

    described = lake.firehose.describe_delivery_stream(DeliveryStreamName=STREAM)

    stream = described["DeliveryStreamDescription"]
    assert stream["DeliveryStreamStatus"] == "ACTIVE"
    source = stream["Source"]["KinesisStreamSourceDescription"]
    assert source["KinesisStreamARN"].endswith(f":{ACCOUNT}:stream/{STREAM}")
    found = stream["Destinations"][0]["IcebergDestinationDescription"]
    asked = lake.destination(60, 5)
    backup = asked.pop("S3Configuration")
    assert {name: found[name] for name in asked} == asked
    assert {name: found["S3DestinationDescription"][name] for name in backup} == backup
    assert found["S3DestinationDescription"]["CompressionFormat"] == "UNCOMPRESSED"


@pytest.mark.parametrize(
    "wrong",
    [
        {"BufferingHints": {"SizeInMBs": 129, "IntervalInSeconds": 60}},
        {"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 901}},
        {"CatalogConfiguration": {"CatalogARN": "arn:aws:s3:::catalog"}},
    ],
    ids=["size", "interval", "catalogue"],
)
def test_a_stream_that_aws_refuses_is_refused(lake: StreamLake, wrong: dict[str, object]) -> None:
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        lake.make_delivery(60, 5, **wrong)


def test_a_deleted_stream_delivers_no_more_and_a_new_one_begins_anew(lake: StreamLake) -> None:
    lake.make(seconds=0)
    lake.put([record(0)])
    lake.settled(1, 0)
    lake.firehose.delete_delivery_stream(DeliveryStreamName=STREAM)
    until(lambda: not list(lake.cloud.state_dir.rglob(f"*_{STREAM}_*.json")))
    lake.put([record(1)])

    lake.make_delivery(0, 5)
    lake.put([record(2)])

    lake.settled(2, 0)


def test_what_kinesis_took_a_moment_before_a_kill_is_delivered_after_it(lake: StreamLake) -> None:
    lake.make(seconds=2)
    lake.saved("kinesis", lambda state: STREAM in state)
    lake.saved("firehose", lambda state: STREAM in state)
    lake.put(record(number) for number in range(500))

    kill(lake.cloud)
    lake.cloud.up()

    lake.settled(500, 0)


def many(name: str) -> list[bytes]:
    """Records of two hundred keys that no other name gives, and one that is none."""
    return [*(record(hour, f"{name} {place}") for hour in range(40) for place in range(5)), b"no"]


def test_a_kill_behind_any_effect_of_a_delivery_loses_nothing_and_doubles_nothing(
    make_cloud: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal = Mortal(tmp_path, monkeypatch)
    lake = StreamLake(make_cloud())
    lake.cloud.up()
    lake.make(seconds=0, megabytes=1)
    lake.put([record(0)])
    until(lambda: read_to(lake.cloud))  # everything is warm, and the stream itself is saved

    for number, effect in enumerate(EFFECTS, 1):
        pid = int(lake.cloud.status()["pid"])
        mortal.order(lake.cloud, effect)
        # In one call, which is on disk before a delivery sees it; the answer may die on its way.
        with suppress(EndpointConnectionError, HTTPClientError):
            lake.put(many(effect))
        assert mortal.dead(pid), f"{effect}: it lives on"
        lake.cloud.up()

        lake.settled(200 * number + 1, number)
        assert max(Counter(lake.keys()).values()) == 1, effect


def test_an_append_whose_answer_is_lost_is_not_done_twice(
    make_cloud: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal = Mortal(tmp_path, monkeypatch)
    lake = StreamLake(make_cloud())
    lake.cloud.up()
    mortal.order(lake.cloud, LOST)
    lake.make(seconds=0, megabytes=1)

    lake.put(record(number) for number in range(10))

    until(lambda: mortal.awaits_order(lake.cloud))
    until(lambda: read_to(lake.cloud))  # the delivery has ended, whatever it wrote
    assert sorted(Counter(lake.keys()).values()) == [1] * 10


def test_a_clean_stop_and_start_goes_on_where_it_was(lake: StreamLake) -> None:
    lake.make(seconds=2)
    lake.put(record(number) for number in range(50))
    lake.settled(50, 0)  # these are done with
    lake.put(record(number) for number in range(50, 100))

    lake.cloud.down()  # and these are on their way
    lake.cloud.up()
    lake.put(record(number) for number in range(100, 150))

    lake.settled(150, 0)
    assert max(Counter(lake.keys()).values()) == 1


def test_records_are_read_as_long_as_they_are_retained(lake: StreamLake) -> None:
    kinesis, shard = lake.kinesis, "shardId-000000000000"
    kinesis.create_stream(StreamName=STREAM, ShardCount=1)
    kinesis.increase_stream_retention_period(StreamName=STREAM, RetentionPeriodHours=48)

    def seen() -> list[bytes]:
        begin = {"StreamName": STREAM, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = kinesis.get_shard_iterator(**begin)["ShardIterator"]
        return [one["Data"] for one in kinesis.get_records(ShardIterator=iterator)["Records"]]

    lake.put([b"new"])
    lake.cloud.down()
    at = time.time() - 30 * 3600
    old = {"SequenceNumber": f"{at * 1000:020.0f}{0:010}", "ApproximateArrivalTimestamp": at}
    old |= {"Data": b64encode(b"old").decode(), "PartitionKey": "Madrid"}
    (journal,) = lake.cloud.state_dir.rglob(f"*_{STREAM}.jsonl")
    journal.write_text(json.dumps([shard, old]) + "\n" + journal.read_text())
    lake.cloud.up()
    assert seen() == [b"old", b"new"]

    kinesis.decrease_stream_retention_period(StreamName=STREAM, RetentionPeriodHours=24)
    lake.put([b"newest"])

    assert seen() == [b"new", b"newest"]


def test_error_objects_lie_where_aws_puts_them(lake: StreamLake) -> None:
    lake.make(seconds=0)

    lake.put([b"poison", b"more poison"])

    lake.settled(0, 2)
    (key,) = lake.error_objects()
    parts = key.removeprefix(ERRORS).split("/")
    assert parts[0] == "processing-failed"
    assert [len(part) for part in parts[1:5]] == [4, 2, 2, 2]
    assert parts[5].startswith(f"{STREAM}-1-")
    body = json.dumps([raw(line).decode() for line in lake.errors()])
    assert body == '["poison", "more poison"]'


def test_a_stream_whose_role_may_not_read_it_waits_and_loses_nothing(lake: StreamLake) -> None:
    lake.make(seconds=0)
    iam = client(lake.cloud, "iam")
    denied = {"Effect": "Deny", "Action": "kinesis:GetRecords", "Resource": "*"}
    iam.put_role_policy(RoleName="test", PolicyName="not", PolicyDocument=policy(denied))

    lake.put(record(number) for number in range(5))

    def denial() -> list[journal.Decision]:
        every = journal.read(lake.cloud.state_dir)
        return [each for each in every if each.verdict == journal.DENY and each.role == "test"]

    assert [each.action for each in until(denial)] == ["kinesis:GetRecords"]
    assert lake.count() == 0
    iam.delete_role_policy(RoleName="test", PolicyName="not")
    lake.settled(5, 0)
