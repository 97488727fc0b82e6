"""Ask an API for what people would otherwise upload, and land its workbook in raw.

Trigger:     EventBridge Scheduler and `lake poll` ({"source": "emt/arrivals"}, "at" plays another
             moment); a clock's "Lake Sweep", which asks again whoever failed
Environment: LEDGER_TABLE RAW_BUCKET QUARANTINE_BUCKET KMS_KEY_ARN SECRET_PREFIX
             APIS (optional: base URLs by API, in JSON, in place of the catalogue's)
Writes:      raw {domain}/{source}/{file}, the ledger's poll#..., what nobody could read to
             quarantine {domain}/{source}/{hash}/answer; answers how each poll went
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.ingest.clock import Clock
from functions.ingest.landing import Landing
from functions.ingest.polling import Polling
from functions.ingest.secrets import StoredSecrets
from lake.catalog import Catalog
from lake.errors import LakeError
from lake.events import is_sweep
from lake.polls import Polls, PollState
from lake.settings import Settings

# Seconds kept to land what has come and to write down how it went.
RESERVE_S: Final = 15.0

logger = Logger(service="ingest")
metrics = Metrics(service="ingest")


@dataclass(frozen=True)
class IngestSettings(Settings):
    """What the function is told by its environment."""

    ledger_table: str
    raw_bucket: str
    quarantine_bucket: str
    kms_key_arn: str
    secret_prefix: str
    apis: str = "{}"


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One poll, or those that failed before; an API's failure is told, not raised."""
    polling = connect(IngestSettings.from_env())
    clock = Clock.until(
        lambda: context.get_remaining_time_in_millis() / 1000 - RESERVE_S, moment_of(event)
    )
    states = polling.again(clock) if is_sweep(event) else [polling.poll(source_of(event), clock)]
    say(states)
    return {"polls": [state.as_dict() for state in states]}


def say(states: Sequence[PollState]) -> None:
    """The metrics, and one line of log for each poll."""
    failed = sum(state.failing for state in states)
    metrics.add_metric(name="PollsSucceeded", unit=MetricUnit.Count, value=len(states) - failed)
    metrics.add_metric(name="PollsFailed", unit=MetricUnit.Count, value=failed)
    metrics.add_metadata(key="source", value=", ".join(state.source for state in states))
    for state in states:
        log = logger.warning if state.failing else logger.info
        log("polled", extra={"poll": state.as_dict()})


def source_of(event: Mapping[str, Any]) -> str:
    """The source that an event asks for."""
    source = event.get("source")
    if not isinstance(source, str):
        raise LakeError('an event for ingest says {"source": "DOMAIN/SOURCE"}')
    return source


def moment_of(event: Mapping[str, Any]) -> datetime | None:
    """The moment that an event wants to play, if any."""
    if not event.get("at"):
        return None
    moment = datetime.fromisoformat(str(event["at"]))
    if moment.tzinfo is None:
        raise LakeError(f"'{event['at']}' has no zone: say 2025-08-29T10:00:00Z")
    return moment


def connect(settings: IngestSettings) -> Polling:
    """The polling with its clients; what a warm function remembers stays."""
    polling = _polling(settings)
    polling.upstreams = json.loads(settings.apis)
    return polling


@cache
def _polling(settings: IngestSettings) -> Polling:
    s3, dynamodb = boto3.client("s3"), boto3.resource("dynamodb")
    return Polling(
        catalog=Catalog.bundled(),
        polls=Polls(dynamodb.Table(settings.ledger_table)),
        landing=Landing(s3, settings.raw_bucket, settings.quarantine_bucket, settings.kms_key_arn),
        secrets=StoredSecrets(boto3.client("secretsmanager"), settings.secret_prefix),
    )
