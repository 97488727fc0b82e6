"""A delivery stream that writes to Iceberg, as its API request describes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Data = Mapping[str, Any]
ICEBERG, KINESIS = "Iceberg", "KinesisStreamAsSource"
MEGABYTE = 1024 * 1024
# AWS's own defaults: what a request leaves out.
DEFAULT_BUFFER = {"SizeInMBs": 5, "IntervalInSeconds": 300}
TRANSFORM_MB, TRANSFORM_RETRIES, RETRY_SECONDS = 1, 3, 300


class NotUnderstood(ValueError):
    """A request that AWS, or this engine, refuses; the text says why."""


@dataclass(frozen=True)
class Settings:
    """What the engine needs to know of one delivery stream."""

    name: str
    arn: str
    role_arn: str
    account: str
    region: str
    version: int
    created: float
    source_arn: str
    buffer_bytes: int
    buffer_seconds: float
    error_bucket: str
    error_prefix: str
    lambda_arn: str | None
    transform_bytes: int
    transform_retries: int
    retry_seconds: float
    tables: tuple[tuple[str, str], ...]
    log: tuple[str, str] | None

    @classmethod
    def of(cls, stream: Data, account: str, region: str) -> Settings:
        """The settings of one of ministack's streams."""
        config = stream["destinations"][0]["config"]
        buffer = {**DEFAULT_BUFFER, **(config.get("BufferingHints") or {})}
        backup = config["S3Configuration"]
        processor = _lambda_parameters(config)
        retry = (config.get("RetryOptions") or {}).get("DurationInSeconds", RETRY_SECONDS)
        logging = config.get("CloudWatchLoggingOptions") or {}
        group, place = logging.get("LogGroupName"), logging.get("LogStreamName")
        return cls(
            name=stream["name"],
            arn=stream["arn"],
            role_arn=str(config.get("RoleARN", "")),
            account=account,
            region=region,
            version=int(stream["version"]),
            created=float(stream["created_at"]),
            source_arn=stream["kinesis_source"]["KinesisStreamARN"],
            buffer_bytes=int(buffer["SizeInMBs"]) * MEGABYTE,
            buffer_seconds=float(buffer["IntervalInSeconds"]),
            error_bucket=backup["BucketARN"].rpartition(":")[2],
            error_prefix=backup.get("ErrorOutputPrefix") or "",
            lambda_arn=processor.get("LambdaArn"),
            transform_bytes=int(float(processor.get("BufferSizeInMBs", TRANSFORM_MB)) * MEGABYTE),
            transform_retries=int(processor.get("NumberOfRetries", TRANSFORM_RETRIES)),
            retry_seconds=float(retry),
            tables=tuple(
                (table["DestinationDatabaseName"], table["DestinationTableName"])
                for table in config.get("DestinationTableConfigurationList") or []
            ),
            log=(group, place) if logging.get("Enabled") and group and place else None,
        )


def is_ours(stream: Data) -> bool:
    """Whether a stream of ministack's is one that this engine delivers."""
    destinations = stream.get("destinations") or [{}]
    return stream.get("type") == KINESIS and destinations[0].get("type") == ICEBERG


def check(config: Data, kind: str) -> None:
    """Refuse what AWS refuses, and what this engine can't do, before the stream is there."""
    if kind != KINESIS:
        raise NotUnderstood("the laptop's Firehose takes records for Iceberg from Kinesis only")
    backup = config.get("S3Configuration") or {}
    if not backup.get("BucketARN"):
        raise NotUnderstood("S3Configuration with a BucketARN is required")
    if not config.get("RoleARN"):
        raise NotUnderstood("RoleARN is required")
    if not re.fullmatch(r"arn:[\w-]+:glue:[\w-]*:\d*:catalog.*", _catalog_arn(config)):
        raise NotUnderstood("CatalogConfiguration.CatalogARN must name a Glue catalogue")
    buffer = {**DEFAULT_BUFFER, **(config.get("BufferingHints") or {})}
    if not 1 <= buffer["SizeInMBs"] <= 128 or not 0 <= buffer["IntervalInSeconds"] <= 900:
        raise NotUnderstood("BufferingHints: 1 to 128 MB, 0 to 900 seconds")


def _catalog_arn(config: Data) -> str:
    return str((config.get("CatalogConfiguration") or {}).get("CatalogARN", ""))


def _lambda_parameters(config: Data) -> dict[str, str]:
    processing = config.get("ProcessingConfiguration") or {}
    if processing.get("Enabled"):
        for processor in processing.get("Processors") or []:
            if processor.get("Type") == "Lambda":
                return {
                    parameter["ParameterName"]: parameter["ParameterValue"]
                    for parameter in processor.get("Parameters") or []
                }
    return {}
