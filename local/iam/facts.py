"""What the cloud knows of the resources that requests name: keys, versions, tags, work groups."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

KEY_ARN = re.compile(r"arn:aws:kms:[\w-]+:\d{12}:(?:key|alias)/[\w/-]+")


class Facts(Protocol):
    """Questions that a request alone does not answer."""

    def bucket_key(self, bucket: str) -> tuple[str | None, bool]:
        """The customer's key that a bucket encrypts with, and whether it uses a bucket key."""

    def has_object(self, bucket: str, key: str) -> bool:
        """Whether there is such an object now; true for a bucket that is not known."""

    def is_tagged(self, bucket: str, key: str, version: str) -> bool:
        """Whether an object carries tags."""

    def queue_key(self, arn: str) -> str | None:
        """The key of a queue."""

    def topic_key(self, arn: str) -> str | None:
        """The key of a topic."""

    def stream_key(self, name: str) -> str | None:
        """The key of a Kinesis stream."""

    def secret_key(self, secret: str) -> str | None:
        """The key of a secret."""

    def table_key(self, table: str) -> str | None:
        """The key of a DynamoDB table."""

    def partition_key(self, table: str, index: str | None) -> str | None:
        """The attribute by which a table, or its index, is divided."""

    def work_group(self, execution: str) -> str:
        """The work group of an Athena query."""

    def output_location(self, group: str) -> str | None:
        """Where a work group has its answers written."""


class CloudFacts:
    """The answers of ministack's own state, within the request's account and region."""

    def bucket_key(self, bucket: str) -> tuple[str | None, bool]:
        from ministack.services import s3

        rules = str(s3._bucket_encryption.get(bucket) or "")
        named = KEY_ARN.search(rules)
        return named and _key_arn(named[0]), "<BucketKeyEnabled>true" in rules

    def has_object(self, bucket: str, key: str) -> bool:
        from ministack.services import s3

        known = s3._buckets.get(bucket)
        return known is None or key in known["objects"]

    def is_tagged(self, bucket: str, key: str, version: str) -> bool:
        from ministack.services import s3

        query = {"versionId": [version]} if version else {}
        return bool(s3.object_tags_for_condition(bucket, key, query))

    def queue_key(self, arn: str) -> str | None:
        from ministack.services import sqs

        return _key_of(sqs._queue_by_arn(arn), lambda queue: queue["attributes"]["KmsMasterKeyId"])

    def topic_key(self, arn: str) -> str | None:
        from ministack.services import sns

        topic = sns._topic_by_arn_any_scope(arn)
        return _key_of(topic, lambda topic: topic["attributes"]["KmsMasterKeyId"])

    def stream_key(self, name: str) -> str | None:
        from ministack.services import kinesis

        return _key_of(kinesis._streams.get(name), lambda stream: stream["KeyId"])

    def secret_key(self, secret: str) -> str | None:
        from ministack.services import secretsmanager

        return _key_of(secretsmanager._resolve(secret)[1], lambda record: record["KmsKeyId"])

    def table_key(self, table: str) -> str | None:
        from ministack.services import dynamodb

        record = dynamodb._tables.get(table)
        return _key_of(record, lambda known: known["SSEDescription"]["KMSMasterKeyArn"])

    def partition_key(self, table: str, index: str | None) -> str | None:
        from ministack.services import dynamodb

        record = dynamodb._tables.get(table)
        if record is None or index is None:
            return None if record is None else str(record["pk_name"])
        every = [*record["GlobalSecondaryIndexes"], *record["LocalSecondaryIndexes"]]
        for schema in (known["KeySchema"] for known in every if known["IndexName"] == index):
            return next(str(k["AttributeName"]) for k in schema if k["KeyType"] == "HASH")
        return None

    def work_group(self, execution: str) -> str:
        from ministack.services import athena

        return str((athena._executions.get(execution) or {}).get("WorkGroup", "primary"))

    def output_location(self, group: str) -> str | None:
        from ministack.services import athena

        settings = (athena._workgroups.get(group) or {}).get("Configuration") or {}
        location = (settings.get("ResultConfiguration") or {}).get("OutputLocation")
        return str(location) if location else None


def _key_of(record: Any, read: Callable[[Any], Any]) -> str | None:
    """The ARN of the key that a record names; AWS's own keys are everybody's and count as none."""
    try:
        key = read(record)
    except (KeyError, TypeError):
        return None
    return _key_arn(str(key)) if key else None


def _key_arn(key: str) -> str | None:
    from ministack.services import kms

    if "alias/aws/" in key:
        return None
    record = kms._resolve_key(key)
    return str(record["Arn"]) if record else key
