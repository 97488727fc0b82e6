"""What arrives on the queues, in the two shapes that S3 may speak."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

SWEEP = "Lake Sweep"
JOB_STATE = "EMR Serverless Job Run State Change"


@dataclass(frozen=True)
class LandedObject:
    """One object that was created: the key is as the sender wrote it."""

    bucket: str
    key: str
    version_id: str | None
    sequencer: str


def landed_objects(message: Mapping[str, Any]) -> Iterator[LandedObject]:
    """The objects of one S3 message: by EventBridge keys are raw, by notification encoded."""
    if message.get("source") == "aws.s3":
        detail = message["detail"]
        if message["detail-type"] == "Object Created":
            item = detail["object"]
            yield LandedObject(
                detail["bucket"]["name"],
                item["key"],
                item.get("version-id"),
                item.get("sequencer", "0"),
            )
        return
    for record in message.get("Records", []):
        if record.get("eventSource") == "aws:s3" and "s3" in record:
            item = record["s3"]["object"]
            yield LandedObject(
                record["s3"]["bucket"]["name"],
                unquote_plus(item["key"]),
                item.get("versionId"),
                item.get("sequencer", "0"),
            )


def body_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object that an SQS record carries."""
    body = json.loads(record["body"])
    if not isinstance(body, dict):
        raise ValueError("the message is no JSON object")
    return body


def is_sweep(message: Mapping[str, Any]) -> bool:
    """The clock's message: look for what an event should have told and did not."""
    return message.get("detail-type") == SWEEP
