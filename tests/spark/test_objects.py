"""Objects by URI: on S3 as AWS answers it, and as plain files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from jobs import lakeio

KEYS = ["emt/arrivals/a.xlsx", "emt/arrivals/a b+c%20ñ#?=&.xlsx", "emt/arrivals/.hidden", "x/y//z"]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    lakeio._s3.cache_clear()
    with mock_aws():
        place = {"LocationConstraint": "eu-west-1"}
        boto3.client("s3").create_bucket(Bucket="bronze", CreateBucketConfiguration=place)
        yield "bronze"
    lakeio._s3.cache_clear()


@pytest.mark.parametrize("key", KEYS)
def test_an_object_is_read_back_under_whatever_key_it_has(bucket: str, key: str) -> None:
    uri = f"s3://{bucket}/{key}"
    lakeio.write_bytes(uri, b"content")

    with lakeio.local_copy(uri) as path:
        assert Path(path).read_bytes() == b"content"
    assert not Path(path).exists()
    assert lakeio.read_bytes(uri) == b"content"


def test_an_object_is_known_by_its_hash_and_its_arrival(bucket: str) -> None:
    lakeio.write_bytes(f"s3://{bucket}/a", b"content")

    sha256, received_at = lakeio.identity(f"s3://{bucket}/a")

    assert sha256 == hashlib.sha256(b"content").hexdigest()
    now = datetime.now(UTC).replace(tzinfo=None)
    assert now - timedelta(minutes=1) < received_at <= now + timedelta(seconds=1)


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_plain_file_is_an_object_too(tmp_path: Path, scheme: str) -> None:
    uri = f"{scheme}{tmp_path}/results/r.json"
    lakeio.write_bytes(uri, b"{}")

    with lakeio.local_copy(uri) as path:
        assert Path(path).read_bytes() == b"{}"
    assert lakeio.read_bytes(uri) == b"{}"
    assert lakeio.identity(uri)[0] == hashlib.sha256(b"{}").hexdigest()
    assert (tmp_path / "results" / "r.json").exists()  # the copy is not ours to remove
