"""Turn the records of a stream into rows of its table; a bad record fails alone.

Trigger:     Firehose, before it writes to Iceberg: a batch of records in base64
Environment: DATABASE_PREFIX
Writes:      nothing; answers each record once, Ok with its row and its table, or ProcessingFailed
             (Firehose then keeps it in the error prefix, and its reason stands in this log)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.transform_stream.answers import Batch
from lake.catalog import Catalog
from lake.names import physical_database
from lake.settings import Settings
from lake.streams import Streams

METRICS: Final = ("RecordsTransformed", "RecordsRefused")

logger = Logger(service="transform_stream")
metrics = Metrics(service="transform_stream")


@dataclass(frozen=True)
class TransformStreamSettings(Settings):
    """What the function is told by its environment."""

    database_prefix: str


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """One batch; raises where the catalogue or the environment is wrong, never for a record."""
    settings = TransformStreamSettings.from_env()
    batch = Batch(streams(), lambda name: physical_database(settings.database_prefix, name))
    answers = batch.answer(event["records"])
    for refusal in batch.refusals:
        why = refusal.rejection
        logger.warning(
            "record refused",
            extra={
                "record_id": refusal.record_id,
                "column": why.column,
                "value": why.value and why.value[:100],
                "rule": why.rule,
                "reason": why.reason,
            },
        )
    refused = len(batch.refusals)
    for name, count in zip(METRICS, (len(answers) - refused, refused), strict=True):
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    return {"records": answers}


@cache
def streams() -> Streams:
    """The catalogue's streams, once a process: a cold start refuses one that fits no table."""
    return Streams(Catalog.bundled())
