"""What functions ask of AWS, word by word: moto takes an argument that is missing or wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from functions.promote.handler import handler as promote
from functions.promote.handler import sweep
from functions.start_job.handler import handler as start_job
from lake import quarantine
from tests.factories import (
    LambdaContext,
    arrivals,
    eventbridge,
    failed_ids,
    job_ended,
    sqs_event,
)
from tests.functions.asking import Asking, asking
from tests.functions.asking_results import call
from tests.functions.lake import ACCOUNT, APPLICATION, PREFIX, REGION, Lake
from tests.functions.served_results import KEYS, Served
from tests.functions.waiting import loaded, message, waiting_file, write_result
from tests.functions.wire import Wire, wired

LAKE_KEY = {
    "ServerSideEncryption": "aws:kms",
    "SSEKMSKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0000",
    "BucketKeyEnabled": True,
}
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KEY = "emt/arrivals/a.xlsx"
PAGE = b"<!doctype html><script>alert(1)</script>"
PAGE_HASH = sha256(PAGE).hexdigest()
BRONZE, QUARANTINE, JOBS = (
    f"{PREFIX}-{role}-{ACCOUNT}" for role in ("bronze", "quarantine", "jobs")
)
RAW = f"{PREFIX}-raw-{ACCOUNT}"


@pytest.fixture
def ask(lake: Lake) -> Iterator[Asking]:
    with asking(lake) as made:
        yield made


def landed(lake: Lake, body: bytes) -> tuple[str, str]:
    """Upload a file and let promote handle it; gives its version, and when it landed."""
    version = lake.upload(KEY, body)
    at = lake.s3.head_object(Bucket=RAW, Key=KEY)["LastModified"]
    event = sqs_event(eventbridge(RAW, KEY, version))
    assert failed_ids(promote(event, LambdaContext())) == []
    return version, f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def puts(wire: Wire, bucket: str) -> list[dict[str, Any]]:
    """The puts into a bucket, each without its body."""
    return [
        {name: value for name, value in request.items() if name != "Body"}
        for request in wire.named("PutObject")
        if request["Bucket"] == bucket
    ]


def test_promote_copies_that_very_version_under_the_lakes_key_and_tells_its_lane(
    lake: Lake, wire: Wire
) -> None:
    body = arrivals()
    digest = sha256(body).hexdigest()

    version, at = landed(lake, body)

    origin = {"Bucket": RAW, "Key": KEY, "VersionId": version}
    assert wire.named("GetObject") == [origin]
    assert wire.named("CopyObject") == [
        {
            "CopySource": origin,
            "Bucket": BRONZE,
            "Key": KEY,
            "MetadataDirective": "REPLACE",
            "Metadata": {"sha256": digest, "received-at": at},
            "ContentType": WORKBOOK,
            **LAKE_KEY,
        }
    ]
    (sent,) = wire.named("SendMessage")
    assert json.loads(sent.pop("MessageBody"))["load_id"] == f"{digest[:16]}-0"
    assert sent == {
        "QueueUrl": lake.jobs,
        "MessageGroupId": "emt-arrivals",
        "MessageDeduplicationId": f"{digest[:16]}-0",
    }
    assert wire.named("DeleteObject") == [origin]


@pytest.mark.parametrize("copied_whole", [True, False])
def test_what_is_refused_is_kept_as_bytes_that_no_browser_opens(
    lake: Lake, wire: Wire, monkeypatch: pytest.MonkeyPatch, copied_whole: bool
) -> None:
    """Above 5 GB a copy goes another way, with the same words."""
    without_bucket_key = {**LAKE_KEY}
    del without_bucket_key["BucketKeyEnabled"]  # boto3 refuses it there
    most = len(PAGE) if copied_whole else len(PAGE) - 1
    monkeypatch.setattr(quarantine, "_SINGLE_COPY_BYTES", most)

    version, at = landed(lake, PAGE)

    place = f"emt/arrivals/{PAGE_HASH[:16]}"
    (copied,) = wire.named("CopyObject")
    copied.pop("ChecksumAlgorithm", None)
    assert copied == {
        "CopySource": {"Bucket": RAW, "Key": KEY, "VersionId": version},
        "Bucket": QUARANTINE,
        "Key": f"{place}/a.xlsx",
        "MetadataDirective": "REPLACE",
        "Metadata": {"sha256": PAGE_HASH, "received-at": at},
        "ContentType": "application/octet-stream",
        **(LAKE_KEY if copied_whole else without_bucket_key),
    }
    # boto3's own way asks for the size first.
    own = [request for request in wire.named("HeadObject") if request["Bucket"] == RAW]
    assert len(own) == (1 if copied_whole else 2)
    assert puts(wire, QUARANTINE) == [
        {
            "Bucket": QUARANTINE,
            "Key": f"{place}/reason.json",
            "ContentType": "application/json; charset=utf-8",
            **LAKE_KEY,
        }
    ]
    reason = json.loads(lake.objects("quarantine")[f"{place}/reason.json"])
    assert (reason["code"], reason["sha256"], reason["size"]) == ("not_a_workbook", PAGE_HASH, 40)


@pytest.mark.parametrize(("seconds", "late"), [(300, False), (301, True)])
def test_an_upload_is_late_from_five_minutes_on_and_its_event_is_made_anew(
    lake: Lake, wire: Wire, seconds: int, late: bool
) -> None:
    from functions.promote.handler import PromoteSettings, connect

    version = lake.upload(KEY, b"1234")
    lake.upload("emt/arrivals/folder/", b"")
    at = lake.s3.head_object(Bucket=RAW, Key=KEY)["LastModified"]

    sweep(connect(PromoteSettings.from_env()), lake.uploads, at + timedelta(seconds=seconds))

    sent = [json.loads(request["MessageBody"]) for request in wire.named("SendMessage")]
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": RAW},
            "object": {"key": KEY, "version-id": version, "size": 4},
        },
    }
    assert sent == ([event] if late else [])
    assert all(request["QueueUrl"] == lake.uploads for request in wire.named("SendMessage"))


def test_a_job_is_started_as_its_role_with_logs_under_the_lakes_key(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)

    start_job(sqs_event(message(record), fifo=True), LambdaContext())

    (request,) = wire.named("StartJobRun")
    token = request["clientToken"]
    driver = request.pop("jobDriver")
    assert driver["sparkSubmit"]["sparkSubmitParameters"] == lake.environment["SPARK_PARAMETERS"]
    assert request == {
        "applicationId": APPLICATION,
        "clientToken": token,
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/spark",
        "name": "emt_arrivals",
        "executionTimeoutMinutes": 60,
        "retryPolicy": {"maxAttempts": 1},
        "configurationOverrides": {
            "monitoringConfiguration": {
                "s3MonitoringConfiguration": {
                    "logUri": f"s3://{PREFIX}-logs-{ACCOUNT}/spark/",
                    "encryptionKeyArn": LAKE_KEY["SSEKMSKeyId"],
                }
            }
        },
    }
    assert puts(wire, JOBS) == [
        {"Bucket": JOBS, "Key": f"batches/{token}.json", "ContentType": "application/json"}
    ]


def test_a_file_that_a_job_refused_is_copied_out_of_bronze_as_bytes(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    start_job(sqs_event(message(record), fifo=True), LambdaContext())
    token = wire.emr.runs["run000"]["request"]["clientToken"]
    write_result(lake, token, loaded(record, status="refused", reason="31 of 100 rows are bad"))
    wire.emr.end("run000")

    start_job(sqs_event(job_ended(APPLICATION, "run000"), fifo=True), LambdaContext())

    assert wire.named("CopyObject") == [
        {
            "CopySource": {"Bucket": BRONZE, "Key": record.bronze_key},
            "Bucket": QUARANTINE,
            "Key": f"emt/arrivals/{record.sha256[:16]}/a.xlsx",
            "MetadataDirective": "REPLACE",
            "Metadata": {"sha256": record.sha256, "received-at": record.received_at},
            "ContentType": "application/octet-stream",
            **LAKE_KEY,
        }
    ]


def test_a_notice_goes_to_the_topic_with_a_subject_that_sns_takes(lake: Lake, wire: Wire) -> None:
    """100 characters, and no line break among them."""
    record = waiting_file(lake)
    start_job(sqs_event(message(record), fifo=True), LambdaContext())
    for number in range(3):
        wire.emr.end(f"run{number:03}", "FAILED")
        event = job_ended(APPLICATION, f"run{number:03}", "FAILED")
        start_job(sqs_event(event, fifo=True), LambdaContext())

    (notice,) = wire.named("Publish")

    assert notice["TopicArn"] == lake.topic
    assert notice["Subject"] == "Albufera: a file of emt/arrivals could not be loaded"
    assert f"lake replay {record.sha256[:16]}\n" in notice["Message"]


def test_the_ledger_is_read_as_it_is_and_not_as_it_was(lake: Lake, wire: Wire) -> None:
    landed(lake, arrivals())
    start_job(sqs_event({"kind": "pump", "lane": "emt-arrivals"}, fifo=True), LambdaContext())

    read = wire.named("GetItem")

    assert len(read) >= 5
    assert all(request["ConsistentRead"] is True for request in read)
    assert {request["TableName"] for request in read} == {f"{PREFIX}-ledger"}


def test_a_poll_lands_its_workbook_and_a_bad_answer_under_the_lakes_key(
    ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask.trouble("html")
    with wired(monkeypatch) as wire:
        state = ask.poll("meteorology/workbook")

    assert puts(wire, RAW) == [
        {"Bucket": RAW, "Key": state.raw_key, "ContentType": WORKBOOK, **LAKE_KEY}
    ]
    answer, reason = puts(wire, QUARANTINE)
    assert answer["Key"].rpartition("/")[0] == reason["Key"].rpartition("/")[0]
    kinds = ("application/octet-stream", "application/json; charset=utf-8")
    for put, kind, name in zip((answer, reason), kinds, ("answer", "reason.json"), strict=True):
        assert put.pop("Key").endswith(f"/{name}")
        assert put == {"Bucket": QUARANTINE, "ContentType": kind, **LAKE_KEY}
    assert wire.named("GetSecretValue") == [{"SecretId": f"{PREFIX}-meteorology-secret"}]


def test_a_key_that_was_just_revoked_is_not_read_from_a_copy_that_lags(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wired(monkeypatch) as wire:
        assert call("/v1/results").status == 200

    (read,) = wire.named("GetItem")
    assert (read["TableName"], read["ConsistentRead"]) == (KEYS, True)
