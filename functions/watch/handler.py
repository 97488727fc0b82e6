"""Look at the whole lake: write its state where people read it, and measure how fresh it is.

Trigger:     the queue `looks`: the clock, and whatever ended, was refused or began a moment ago
Environment: LEDGER_TABLE DATABASE_PREFIX JOBS_BUCKET SERVED_BUCKET KMS_KEY_ARN PIPELINES QUEUES
Writes:      served/_lake/state.json, where a part that cannot be seen says so and hides no other;
             the metrics FreshnessMinutes and TableRows of each table that promises to be fresh
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from lake import served
from lake.catalog import Catalog
from lake.quarantine import encrypted_by
from lake.settings import Settings
from lake.state import Seen, compose
from lake.state.gathering import Look, Places
from lake.state.holdings import Freshness, freshness

METRICS: Final = ("FreshnessMinutes", "TableRows")
# What an event tells of is in the ledger, at the latest, when its message comes out of the queue.
SETTLES_S: Final = 15
PATIENCE_S: Final = 40
_QUICK: Final = {"connect_timeout": 3, "read_timeout": 8}

logger = Logger(service="watch")


@dataclass(frozen=True)
class WatchSettings(Settings):
    """What the function is told by its environment."""

    ledger_table: str
    database_prefix: str
    jobs_bucket: str
    served_bucket: str
    kms_key_arn: str
    pipelines: str  # JSON: pipeline -> ARN of its state machine
    queues: str  # JSON: name -> URL

    @property
    def places(self) -> Places:
        """Where to look."""
        return Places(
            self.database_prefix,
            self.jobs_bucket,
            machines=json.loads(self.pipelines),
            queues=json.loads(self.queues),
        )


@dataclass
class Last:
    """When the last look of this process began, and which version of the state it wrote."""

    began: float = 0.0
    version: str | None = None


_last = Last()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """One look, however many messages asked for it."""
    if covered(event, _last.began):
        return {"batchItemFailures": []}
    settings, catalog = WatchSettings.from_env(), Catalog.bundled()
    began = datetime.now(UTC).timestamp()
    seen = looked(settings, catalog)
    for part, reason in seen.errors.items():
        logger.error("not seen", extra={"part": part, "reason": reason})
    measure(catalog, seen)
    document = compose(catalog, seen)
    version = write(settings, document, _last.version)
    _last.began, _last.version = began, version
    told = {name: len(document[name]) for name in ("sources", "tables", "advice", "errors")}
    logger.info("looked at the lake", extra=told)
    return {"batchItemFailures": []}


def covered(event: Mapping[str, Any], began: float) -> bool:
    """Whether a look that began then has seen all that these messages tell of."""
    records = event.get("Records", [])
    settled = (int(one["attributes"]["SentTimestamp"]) / 1000 + SETTLES_S for one in records)
    return bool(records) and max(settled) <= began


def looked(settings: WatchSettings, catalog: Catalog) -> Seen:
    """Everything that can be seen in time."""
    config = Config(**_QUICK, retries={"total_max_attempts": 2, "mode": "standard"})
    glue, s3, sfn, sqs = (
        boto3.client(service, config=config) for service in ("glue", "s3", "stepfunctions", "sqs")
    )
    table = boto3.resource("dynamodb", config=config).Table(settings.ledger_table)
    return Look(catalog, settings.places, table, glue, s3, sfn, sqs).gather(PATIENCE_S)


def write(settings: WatchSettings, document: Mapping[str, Any], before: str | None) -> str | None:
    """The document, where `results_api` reads it; the one before it is not worth keeping."""
    s3, place = boto3.client("s3"), {"Bucket": settings.served_bucket, "Key": served.STATE_KEY}
    written = s3.put_object(
        **place,
        Body=json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(),
        ContentType="application/json; charset=utf-8",
        **encrypted_by(settings.kms_key_arn),
    )
    if before is not None:
        s3.delete_object(**place, VersionId=before)
    version: str | None = written.get("VersionId")
    return version


def measure(catalog: Catalog, seen: Seen) -> None:
    """Both metrics of each table with a promise; none for one that was not seen."""
    for name, table in catalog.tables.items():
        if table.fresh_within_minutes is not None and name in seen.metadata:
            send(name, freshness(seen.metadata[name], seen.at))


def send(table_id: str, found: Freshness) -> None:
    """Both metrics; a table that nobody wrote to sends no age, and missing is breaching."""
    sent = [("TableRows", MetricUnit.Count, float(found.rows))]
    if found.minutes is not None:
        # CloudWatch knows no minutes.
        sent.append(("FreshnessMinutes", MetricUnit.NoUnit, found.minutes))
    for name, unit, value in sent:
        service = {"service": "watch"}
        with single_metric(name=name, unit=unit, value=value, default_dimensions=service) as metric:
            metric.add_dimension(name="table", value=table_id)
