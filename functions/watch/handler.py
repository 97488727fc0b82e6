"""Measure how fresh each table is that promises to be.

Trigger:     EventBridge Scheduler, every quarter of an hour; the event says nothing
Environment: DATABASE_PREFIX
Writes:      the metrics FreshnessMinutes and TableRows of each such table; answers what it saw
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.watch.freshness import Freshness, freshness
from lake.catalog import Catalog, Table
from lake.errors import LakeError
from lake.names import physical_database
from lake.settings import Settings

METRICS: Final = ("FreshnessMinutes", "TableRows")

logger = Logger(service="watch")


@dataclass(frozen=True)
class WatchSettings(Settings):
    """What the function is told by its environment."""

    database_prefix: str


class NotMeasured(LakeError):
    """Some tables could not be looked at."""


@logger.inject_lambda_context(clear_state=True)
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, dict[str, Any]]:
    """One look at every table with a promise; the others are measured when one cannot be."""
    settings, catalog = WatchSettings.from_env(), Catalog.bundled()
    glue, s3 = boto3.client("glue"), boto3.client("s3")
    seen, failed = {}, []
    for table in catalog.tables.values():
        if table.fresh_within_minutes is None:
            continue
        try:
            found = measure(table, settings.database_prefix, glue, s3, datetime.now(UTC))
        except Exception:
            logger.exception("not measured", extra={"table": table.id})
            failed.append(table.id)
            continue
        send(table.id, found)
        seen[table.id] = {"minutes": found.minutes, "rows": found.rows}
    logger.info("looked at the tables", extra={"tables": seen})
    if failed:
        raise NotMeasured(f"not measured: {', '.join(failed)}")
    return seen


def measure(table: Table, prefix: str, glue: Any, s3: Any, now: datetime) -> Freshness:
    """The table's metadata as Glue points at it."""
    database = physical_database(prefix, table.database)
    known = glue.get_table(DatabaseName=database, Name=table.name)["Table"]
    uri = str(known["Parameters"]["metadata_location"])
    bucket, _, key = uri.partition("://")[2].partition("/")
    return freshness(json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()), now)


def send(table_id: str, found: Freshness) -> None:
    """Both metrics; a table that nobody wrote to sends no age, and missing is breaching."""
    sent = [("TableRows", MetricUnit.Count, float(found.rows))]
    if found.minutes is not None:
        # CloudWatch knows no minutes.
        sent.append(("FreshnessMinutes", MetricUnit.NoUnit, found.minutes))
    for name, unit, value in sent:
        service = {"service": "watch"}
        with single_metric(
            name=name, unit=unit, value=value, namespace="Albufera", default_dimensions=service
        ) as metric:
            metric.add_dimension(name="table", value=table_id)
