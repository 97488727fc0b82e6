"""Uploads against S3 and the ledger's table; what promote would write is written by the test."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lake.catalog import Catalog
from lake.records import Receipt
from lake_cli import uploads
from lake_cli.deployment import Deployment
from lake_cli.exits import Exit, Stop
from lake_cli.outcomes import Outcome
from lake_cli.uploads import Uploads
from tests.cli.test_outcomes import FILE

ARRIVALS = Catalog.bundled().source("emt/arrivals")


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    values = {"region": "eu-west-1", "buckets": {"raw": "raw"}, "ledger_table": "ledger"}
    with mock_aws():
        s3 = boto3.client("s3", region_name="eu-west-1")
        s3.create_bucket(
            Bucket="raw", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
        boto3.resource("dynamodb", region_name="eu-west-1").create_table(
            TableName="ledger",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Deployment("test", values)


class Promote:
    """Answers each version that it finds in raw, once, as the lake would."""

    def __init__(self, deployment: Deployment, status: str = "accepted") -> None:
        self.s3 = deployment.client("s3")
        self.ledger = deployment.ledger
        self.status = status
        self.answered: set[str] = set()

    def __call__(self, _: Sequence[Outcome]) -> None:
        for found in self.s3.list_object_versions(Bucket="raw").get("Versions", []):
            if found["VersionId"] not in self.answered:
                self.answered.add(found["VersionId"])
                self._answer(found["Key"], found["VersionId"])

    def _answer(self, key: str, version: str) -> None:
        body = self.s3.get_object(Bucket="raw", Key=key, VersionId=version)["Body"].read()
        sha256 = f"{len(body):064d}"
        self.ledger.admit(replace(FILE, sha256=sha256, file_name=key.split("/")[-1]))
        self.ledger.close(
            Receipt(key, version, self.status, "emt/arrivals", sha256, "now", "so it is")
        )


def run(deployment: Deployment, paths: Sequence[Path], watch: Any, **options: Any) -> list[Outcome]:
    batch = Uploads(deployment, [(ARRIVALS, path) for path in paths])
    return batch.run(**({"wait": True, "timeout_s": 20} | options), watch=watch)


def test_each_file_is_followed_to_its_end_in_the_order_given(
    deployment: Deployment, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{n}.xlsx" for n in range(6)]
    for n, path in enumerate(paths):
        path.write_bytes(b"x" * n)

    found = run(deployment, paths, Promote(deployment))

    assert [outcome.file for outcome in found] == [str(path) for path in paths]
    assert {outcome.status for outcome in found} == {"accepted"}
    assert [outcome.counts.accepted for outcome in found] == [5] * 6


@pytest.mark.parametrize(
    "name", ["a b+c%20d%.xlsx", "línea ñ.v1..xlsx", "日本 🚌.xlsx", "#?&=.xlsx"]
)
def test_a_file_keeps_its_name(deployment: Deployment, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"x")

    run(deployment, [path], Promote(deployment))

    listed = deployment.client("s3").list_objects_v2(Bucket="raw")["Contents"]
    assert [entry["Key"] for entry in listed] == [f"emt/arrivals/{name}"]


def test_two_files_of_one_name_each_get_their_own_answer(
    deployment: Deployment, tmp_path: Path
) -> None:
    paths = [tmp_path / folder / "a.xlsx" for folder in ("x", "y")]
    for n, path in enumerate(paths, start=1):
        path.parent.mkdir()
        path.write_bytes(b"x" * n)

    found = run(deployment, paths, Promote(deployment))

    assert {outcome.status for outcome in found} == {"accepted"}
    assert len({outcome.sha256 for outcome in found}) == 2


def test_without_wait_it_ends_when_the_files_are_sent(
    deployment: Deployment, tmp_path: Path
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"x")

    found = run(deployment, [path], lambda _: None, wait=False)

    assert [outcome.status for outcome in found] == ["uploaded"]
    assert len(deployment.client("s3").list_objects_v2(Bucket="raw")["Contents"]) == 1


def test_when_time_is_up_the_file_is_still_waiting(deployment: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"x")
    began = time.monotonic()

    found = run(deployment, [path], lambda _: None, timeout_s=1)

    assert [outcome.status for outcome in found] == ["waiting"]
    assert time.monotonic() - began < 5


def test_a_refusal_is_told_with_its_reason(deployment: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"x")

    found = run(deployment, [path], Promote(deployment, "quarantined"))

    assert [(outcome.status, outcome.reason) for outcome in found] == [("quarantined", "so it is")]


def test_what_cannot_be_sent_stops_the_command(deployment: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"x")
    deployment.client("s3").delete_bucket(Bucket="raw")

    with pytest.raises(deployment.client("s3").exceptions.NoSuchBucket):
        run(deployment, [path], lambda _: None)


def test_a_link_to_nothing_is_no_file(tmp_path: Path) -> None:
    link = tmp_path / "a.xlsx"
    link.symlink_to(tmp_path / "gone")

    with pytest.raises(Stop, match="there is no file") as stop:
        uploads.check([link])

    assert stop.value.code is Exit.USAGE
