"""Turn files that wait into Spark jobs, one running job a lane, and settle those that ended.

Trigger:     the jobs queue (FIFO): a file that waits, a run that ended (EventBridge), a replay's
             "pump", a clock's "Lake Sweep"; partial failures reported
Environment: LEDGER_TABLE BRONZE_BUCKET QUARANTINE_BUCKET JOBS_BUCKET SILVER_BUCKET LOGS_BUCKET
             DATABASE_PREFIX SPARK_APPLICATION_ID SPARK_ROLE_ARN NOTICES_TOPIC_ARN
             JOB_TIMEOUT_MINUTES KMS_KEY_ARN CODE_VERSION SPARK_PARAMETERS
Writes:      jobs batches/{token}.json, the ledger, quarantine, a notice for a final failure
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    SqsFifoPartialProcessor,
    process_partial_response,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.start_job.pump import Pump
from functions.start_job.submission import Deployment
from functions.start_job.verdict import Run
from lake.catalog import Catalog
from lake.errors import LakeError
from lake.events import JOB_STATE, body_of, is_sweep
from lake.ledger import Ledger
from lake.quarantine import Quarantine
from lake.records import WAITING, Load
from lake.settings import Settings

METRICS: Final = ("JobsStarted", "JobsFailed", "RowsAccepted", "RowsRejected")
_SWEPT_FILES: Final = 200

logger = Logger(service="start_job")
metrics = Metrics(service="start_job")


@dataclass(frozen=True)
class StartJobSettings(Settings):
    """What the function is told by its environment."""

    ledger_table: str
    bronze_bucket: str
    quarantine_bucket: str
    jobs_bucket: str
    silver_bucket: str
    logs_bucket: str
    database_prefix: str
    spark_application_id: str
    spark_role_arn: str
    notices_topic_arn: str
    job_timeout_minutes: int
    kms_key_arn: str
    code_version: str
    spark_parameters: str


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """One batch of messages; from the first that fails on, a group is given back in its order."""
    pump = connect(StartJobSettings.from_env())

    def record_handler(record: Mapping[str, Any]) -> None:
        try:
            take(pump, body_of(record))
        except Exception:
            logger.exception("not handled, goes back to the queue")
            raise

    processor = SqsFifoPartialProcessor(skip_group_on_error=True)
    processor.raise_on_entire_batch_failure = False
    try:
        return process_partial_response(
            event=event, record_handler=record_handler, processor=processor, context=context
        )
    finally:
        for name in METRICS:
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=pump.happened[name])


def connect(settings: StartJobSettings) -> Pump:
    """The pump with its clients."""
    s3, dynamodb, emr, sns = clients()
    return Pump(
        catalog=Catalog.bundled(),
        ledger=Ledger(dynamodb.Table(settings.ledger_table)),
        emr=emr,
        s3=s3,
        sns=sns,
        quarantine=Quarantine(s3, settings.quarantine_bucket, settings.kms_key_arn),
        where=Deployment(
            application_id=settings.spark_application_id,
            role_arn=settings.spark_role_arn,
            jobs_bucket=settings.jobs_bucket,
            silver_bucket=settings.silver_bucket,
            bronze_bucket=settings.bronze_bucket,
            logs_bucket=settings.logs_bucket,
            database_prefix=settings.database_prefix,
            timeout_minutes=settings.job_timeout_minutes,
            kms_key_arn=settings.kms_key_arn,
            code_version=settings.code_version,
            spark_parameters=settings.spark_parameters,
        ),
        notices_topic_arn=settings.notices_topic_arn,
    )


@cache
def clients() -> tuple[Any, Any, Any, Any]:
    """S3, DynamoDB, EMR Serverless and SNS, once a process."""
    return (
        boto3.client("s3"),
        boto3.resource("dynamodb"),
        boto3.client("emr-serverless"),
        boto3.client("sns"),
    )


def take(pump: Pump, message: Mapping[str, Any]) -> None:
    """Wake the lanes that a message is about."""
    if is_sweep(message):
        sweep(pump)
    elif message.get("detail-type") == JOB_STATE:
        settle(pump, message["detail"])
    elif message.get("kind") == "file":
        load = Load(message["source"], message["sha256"], message["load_id"])
        _pump(pump, message["lane"], load)
    elif message.get("kind") == "pump":
        _pump(pump, message["lane"])
    else:
        raise LakeError(f"nobody knows this message: {sorted(message)}")


def settle(pump: Pump, detail: Mapping[str, Any]) -> None:
    """A run changed its state: when it ended, its lane moves on."""
    run = Run(detail["jobRunId"], detail["state"])
    if not run.ended or detail["applicationId"] != pump.where.application_id:
        return
    pump = replace(pump, told={run.id: run})
    if lane := pump.ledger.lane_of_run(run.id):
        _pump(pump, lane)
    else:
        sweep(pump)  # ended before it was written down: its lane will find it by its token


def sweep(pump: Pump) -> None:
    """Move every lane: whatever message was lost, its file still waits and its run still ended."""
    waiting = {file.lane for file in pump.ledger.files(WAITING, limit=_SWEPT_FILES)}
    errors = []
    for lane in sorted(waiting | set(pump.catalog.lanes)):
        try:
            _pump(pump, lane)
        except Exception as error:  # noqa: BLE001 - one lane's trouble is not another's
            errors.append(error)
    if errors:
        raise ExceptionGroup("some lanes could not be moved", errors)


def _pump(pump: Pump, lane: str, *hints: Load) -> None:
    logger.info("pumped", extra={"lane": lane, "outcome": pump.pump(lane, hints)})
