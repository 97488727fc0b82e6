"""Results as a pipeline would have published them: Parquet files, manifest, pointer."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

from lake import served
from lake.api_keys import ApiKey
from lake.catalog import Catalog, Result
from lake.served import Manifest, Pointer, ServedFile

REGION = "eu-south-2"
BUCKET = "lake-served"
KEYS = "lake-api-keys"
KEY = "lake_0123456789abcdefghijklmnopqrstuv"
ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "long": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
FIRST = datetime(2026, 8, 30, 10, 15, tzinfo=UTC)


def parquet(result: Result, rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows as a Parquet file with the result's columns."""
    schema = pa.schema([(column.name, ARROW[column.type]) for column in result.columns])
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)]
    target = io.BytesIO()
    pq.write_table(pa.table(arrays, schema=schema), target)
    return target.getvalue()


class Served:
    """The served bucket and the table of keys."""

    def __init__(self, folder: Path, s3: Any, dynamodb: Any) -> None:
        self.folder, self.s3, self.dynamodb = folder, s3, dynamodb
        self.catalog = Catalog.bundled()

    @classmethod
    def of_moto(cls, folder: Path) -> Served:
        s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        where = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        dynamodb.create_table(
            TableName=KEYS,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "hash", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "hash", "AttributeType": "S"}],
        )
        made = cls(folder, s3, dynamodb)
        made.let_in(KEY, "tests", rate=10_000, burst=10_000)
        return made

    def let_in(self, key: str, name: str, rate: float = 50, burst: int = 100) -> None:
        """Give somebody a key."""
        item = ApiKey.of(key, name, rate, burst).item()
        self.dynamodb.put_item(TableName=KEYS, Item=item)

    def publish(
        self, name: str, *files: Sequence[Sequence[Any]], minutes: int = 0, at: datetime = FIRST
    ) -> str:
        """Publish rows, a Parquet file for each list of them; gives the snapshot."""
        result = self.catalog.results[name]
        contents = [(len(rows), parquet(result, rows)) for rows in files]
        return self.publish_files(name, contents, at + timedelta(minutes=minutes))

    def publish_files(self, name: str, contents: Sequence[tuple[int, bytes]], at: datetime) -> str:
        """Publish Parquet files that are there: how many rows, and the bytes."""
        result = self.catalog.results[name]
        sources = dict.fromkeys(result.reads, int(at.timestamp()))
        snapshot = served.snapshot_name(at, sources, served.definition(result))
        folder, written = served.snapshot_folder(name, snapshot), []
        for number, (rows, content) in enumerate(contents):
            key = f"{folder}part-{number:05}.parquet"
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
            written.append(ServedFile(key, rows, len(content)))
        manifest = Manifest.of(result, snapshot, "run-1", written, sources)
        key = served.manifest_key(name, snapshot)
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=manifest.dumps())
        self.point(name, snapshot)
        return snapshot

    def point(self, name: str, snapshot: str, rolled_back: bool = False) -> None:
        """Let people see a snapshot."""
        pointer = Pointer(name, snapshot, served.published_at(snapshot), rolled_back)
        key = served.pointer_key(name)
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=pointer.dumps())

    def forget(self, name: str, snapshot: str) -> None:
        """Remove a snapshot, as time does."""
        prefix = served.snapshot_folder(name, snapshot)
        for item in self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", []):
            self.s3.delete_object(Bucket=BUCKET, Key=item["Key"])
