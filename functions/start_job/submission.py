"""What a job is told: its token, its batch and its arguments. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from lake.catalog import Catalog
from lake.names import physical_database
from lake.records import FileRecord


@dataclass(frozen=True)
class Deployment:
    """Where jobs run and where their things lie."""

    application_id: str
    role_arn: str
    jobs_bucket: str
    silver_bucket: str
    bronze_bucket: str
    logs_bucket: str
    database_prefix: str
    timeout_minutes: int
    kms_key_arn: str
    code_version: str
    spark_parameters: str  # the same as the pipelines': terraform/pipelines.tf declares them


def batch_token(files: Sequence[FileRecord], code_version: str) -> str:
    """One batch, one token: the same files at the same attempt by the same code.

    A run that failed for want of room made no attempt, and yet its token is used up.
    """
    loads = sorted((file.load_id, file.attempts, file.waits) for file in files)
    return sha256(json.dumps([loads, code_version]).encode()).hexdigest()[:32]


def batch_key(token: str) -> str:
    """Where the job finds its files."""
    return f"batches/{token}.json"


def result_key(token: str) -> str:
    """Where the job says what became of them."""
    return f"runs/{token}.json"


def manifest(token: str, job: str, files: Sequence[FileRecord], bronze: str) -> dict[str, Any]:
    """The batch as the job reads it."""
    return {
        "token": token,
        "job": job,
        "files": [
            {
                "uri": f"s3://{bronze}/{file.bronze_key}",
                "source": file.source,
                "sha256": file.sha256,
                "load_id": file.load_id,
                "received_at": file.received_at,
                "file_name": file.file_name,
            }
            for file in files
        ],
    }


def request(token: str, source_id: str, catalog: Catalog, where: Deployment) -> dict[str, Any]:
    """The whole StartJobRun call for a batch of one source."""
    source = catalog.source(source_id)
    database = catalog.table(source.feeds[0]).database
    jobs = f"s3://{where.jobs_bucket}"
    return {
        "applicationId": where.application_id,
        "clientToken": token,
        "executionRoleArn": where.role_arn,
        "name": source.job,
        "executionTimeoutMinutes": where.timeout_minutes,
        # Attempts are counted in the ledger, where a person can see them.
        "retryPolicy": {"maxAttempts": 1},
        "jobDriver": {
            "sparkSubmit": {
                "entryPoint": f"{jobs}/spark/{source.job}.py",
                "entryPointArguments": [
                    *("--batch", f"{jobs}/{batch_key(token)}"),
                    *("--result", f"{jobs}/{result_key(token)}"),
                    *("--warehouse", f"s3://{where.silver_bucket}"),
                    *("--db", physical_database(where.database_prefix, database)),
                ],
                "sparkSubmitParameters": where.spark_parameters,
            }
        },
        "configurationOverrides": {
            "monitoringConfiguration": {
                "s3MonitoringConfiguration": {
                    "logUri": f"s3://{where.logs_bucket}/spark/",
                    "encryptionKeyArn": where.kms_key_arn,
                }
            }
        },
    }
