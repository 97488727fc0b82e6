"""Check what landed in raw and move it to bronze, or to quarantine with the reason.

Trigger:     S3 Object Created in raw -> EventBridge -> SQS, partial failures reported; and a
             clock's "Lake Sweep" on the same queue, which finds what no event told of
Environment: LEDGER_TABLE RAW_BUCKET BRONZE_BUCKET QUARANTINE_BUCKET UPLOADS_QUEUE_URL
             JOBS_QUEUE_URL KMS_KEY_ARN
Writes:      bronze {domain}/{source}/{file}, quarantine {domain}/{source}/{hash}/{file} with
             reason.json, the ledger, one message a new file on the jobs queue
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.promote.bronze import Bronze
from functions.promote.inbox import Inbox, Landed
from functions.promote.promotion import Promotion
from lake.catalog import Catalog
from lake.events import body_of, is_sweep, landed_objects
from lake.ledger import Ledger
from lake.quarantine import Quarantine
from lake.records import ACCEPTED, QUARANTINED, UNCHANGED, Receipt
from lake.settings import Settings

METRICS: Final = {
    ACCEPTED: "FilesAccepted",
    UNCHANGED: "FilesUnchanged",
    QUARANTINED: "FilesQuarantined",
}
# An event that is this late is taken for lost.
LOST_AFTER: Final = timedelta(minutes=5)

logger = Logger(service="promote")
metrics = Metrics(service="promote")


@dataclass(frozen=True)
class PromoteSettings(Settings):
    """What the function is told by its environment."""

    ledger_table: str
    raw_bucket: str
    bronze_bucket: str
    quarantine_bucket: str
    uploads_queue_url: str
    jobs_queue_url: str
    kms_key_arn: str


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """One batch of messages; those that met an error of AWS are given back to the queue."""
    settings = PromoteSettings.from_env()
    promotion = connect(settings)
    outcomes: Counter[str] = Counter(dict.fromkeys(METRICS, 0))

    def record_handler(record: Mapping[str, Any]) -> None:
        try:
            message = body_of(record)
            if is_sweep(message):
                sweep(promotion, settings.uploads_queue_url, datetime.now(UTC))
                return
            for receipt in promote_message(promotion, message):
                outcomes[receipt.status] += 1
        except Exception:
            logger.exception("not handled, goes back to the queue")
            raise

    try:
        return process_partial_response(
            event=event,
            record_handler=record_handler,
            processor=BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
            context=context,
        )
    finally:
        for status, name in METRICS.items():
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=outcomes[status])


def connect(settings: PromoteSettings) -> Promotion:
    """The promotion with its clients."""
    s3, dynamodb, sqs = clients()
    return Promotion(
        catalog=Catalog.bundled(),
        ledger=Ledger(dynamodb.Table(settings.ledger_table)),
        inbox=Inbox(s3, settings.raw_bucket),
        bronze=Bronze(s3, settings.bronze_bucket, settings.kms_key_arn),
        quarantine=Quarantine(s3, settings.quarantine_bucket, settings.kms_key_arn),
        sqs=sqs,
        jobs_queue_url=settings.jobs_queue_url,
    )


@cache
def clients() -> tuple[Any, Any, Any]:
    """S3, DynamoDB and SQS, once a process: making them costs more than using them."""
    return boto3.client("s3"), boto3.resource("dynamodb"), boto3.client("sqs")


def promote_message(promotion: Promotion, message: Mapping[str, Any]) -> list[Receipt]:
    """Handle all that lies under the keys of one message: the event of another version of the
    key may be late, or lost, or have no version at all."""
    receipts = []
    for told in landed_objects(message):
        if told.bucket != promotion.inbox.bucket:
            continue
        for landed in promotion.inbox.versions(told.key):
            if receipt := promotion.promote(landed):
                logger.info("promoted", extra=receipt.attributes())
                receipts.append(receipt)
    return receipts


def sweep(promotion: Promotion, uploads_queue_url: str, now: datetime) -> int:
    """Send a message for each key in raw that should have been handled long ago."""
    late = {
        landed.key: landed
        for landed in promotion.inbox.all()
        if landed.landed_at < now - LOST_AFTER and not landed.is_folder
    }
    for landed in late.values():
        promotion.sqs.send_message(
            QueueUrl=uploads_queue_url,
            MessageBody=json.dumps(event_of(promotion.inbox.bucket, landed)),
        )
    if late:
        logger.warning("no event came for some uploads", extra={"keys": sorted(late)})
    return len(late)


def event_of(bucket: str, landed: Landed) -> dict[str, Any]:
    """The event that should have come."""
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": bucket},
            "object": {"key": landed.key, "version-id": landed.version, "size": landed.size},
        },
    }
