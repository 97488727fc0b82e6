"""A lake of moto: what Terraform would have made for the functions."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

import boto3

from lake.ledger import Ledger
from lake.records import FileRecord, Receipt
from tests.factories import ledger_schema

REGION = "eu-south-2"
ACCOUNT = "123456789012"
PREFIX = "tfm-dgv-mbdde-test"
APPLICATION = "00fabc123"


class Lake:
    """Buckets, queues and the ledger, and short ways to look into them."""

    def __init__(self) -> None:
        self.s3 = boto3.client("s3")
        self.sqs = boto3.client("sqs")
        self.sns = boto3.client("sns")
        dynamodb = boto3.resource("dynamodb")
        for role in ("raw", "bronze", "quarantine", "jobs", "silver", "logs"):
            self.s3.create_bucket(
                Bucket=self.bucket(role),
                CreateBucketConfiguration={"LocationConstraint": REGION},
            )
            self.s3.put_bucket_versioning(
                Bucket=self.bucket(role), VersioningConfiguration={"Status": "Enabled"}
            )
        self.table = dynamodb.create_table(**ledger_schema(f"{PREFIX}-ledger"))
        self.ledger = Ledger(self.table)
        self.uploads = self.sqs.create_queue(QueueName="uploads")["QueueUrl"]
        self.jobs = self.sqs.create_queue(QueueName="jobs.fifo", Attributes={"FifoQueue": "true"})[
            "QueueUrl"
        ]
        self.topic = self.sns.create_topic(Name="notices")["TopicArn"]
        self.sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self._notices.rsplit('/', 1)[-1]}",
        )

    def bucket(self, role: str) -> str:
        return f"{PREFIX}-{role}-{ACCOUNT}"

    @cached_property
    def _notices(self) -> str:
        url: str = self.sqs.create_queue(QueueName="notices")["QueueUrl"]
        return url

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LEDGER_TABLE": f"{PREFIX}-ledger",
            "RAW_BUCKET": self.bucket("raw"),
            "BRONZE_BUCKET": self.bucket("bronze"),
            "QUARANTINE_BUCKET": self.bucket("quarantine"),
            "JOBS_BUCKET": self.bucket("jobs"),
            "SILVER_BUCKET": self.bucket("silver"),
            "LOGS_BUCKET": self.bucket("logs"),
            "UPLOADS_QUEUE_URL": self.uploads,
            "JOBS_QUEUE_URL": self.jobs,
            "KMS_KEY_ARN": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0000",
            "DATABASE_PREFIX": "tfm_dgv_mbdde_",
            "SPARK_APPLICATION_ID": APPLICATION,
            "SPARK_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/spark",
            "NOTICES_TOPIC_ARN": self.topic,
            "JOB_TIMEOUT_MINUTES": "60",
            "CODE_VERSION": "abc",
            "SPARK_PARAMETERS": f"--py-files s3://{self.bucket('jobs')}/spark/lake.zip --conf a=b",
        }

    def upload(self, key: str, body: bytes) -> str:
        """Put a file into raw; gives its version."""
        answer = self.s3.put_object(Bucket=self.bucket("raw"), Key=key, Body=body)
        return str(answer["VersionId"])

    def objects(self, role: str) -> dict[str, bytes]:
        """All current objects of a bucket."""
        found = {}
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket(role)):
            for item in page.get("Contents", []):
                body = self.s3.get_object(Bucket=self.bucket(role), Key=item["Key"])["Body"]
                found[item["Key"]] = body.read()
        return found

    def versions(self, role: str) -> list[tuple[str, str]]:
        """All versions and delete markers of a bucket."""
        answer = self.s3.list_object_versions(Bucket=self.bucket(role))
        entries = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
        return [(entry["Key"], entry["VersionId"]) for entry in entries]

    def messages(self, queue_url: str) -> list[dict[str, Any]]:
        """The messages of a queue, taken out of it."""
        found: list[dict[str, Any]] = []
        while batch := self.sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        ).get("Messages"):
            for message in batch:
                self.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def notices(self) -> list[dict[str, Any]]:
        """The notices that were published."""
        return self.messages(self._notices)

    def items(self) -> list[dict[str, Any]]:
        """All items of the ledger."""
        items: list[dict[str, Any]] = self.table.scan(ConsistentRead=True)["Items"]
        return items

    def files(self) -> list[FileRecord]:
        """All files of the ledger."""
        return [
            FileRecord.from_item(item) for item in self.items() if item["pk"].startswith("file#")
        ]

    def receipts(self) -> list[Receipt]:
        """All receipts of the ledger."""
        return [
            Receipt.from_item(item) for item in self.items() if item["pk"].startswith("receipt#")
        ]

    def state(self) -> dict[str, Any]:
        """Everything that lasts, without clocks: two histories are equal when these are."""
        clocks = {"first_seen", "last_seen", "at", "expires", "since", "received_at"}
        items = [
            {name: value for name, value in item.items() if name not in clocks}
            for item in self.items()
        ]
        roles = ("raw", "bronze", "quarantine", "jobs")
        return {
            "ledger": sorted(items, key=lambda item: (item["pk"], item["sk"])),
            "objects": {role: self.objects(role) for role in roles},
            "raw versions": len(self.versions("raw")),
            "bronze versions": len(self.versions("bronze")),
        }
