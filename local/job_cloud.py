"""How a job, and the engine on its behalf, talks to the cloud that runs it."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

from local.emr_records import Record
from local.iam.sessions import Credentials

# No real credential: the laptop cloud takes twelve digits for the root of that account.
SECRET = "laptop"  # noqa: S105


class LogsNotWritten(RuntimeError):
    """The run's log URI can't be written to."""


def cloud_environment(
    account: str, region: str, credentials: Credentials | None = None
) -> dict[str, str]:
    """What makes every AWS SDK in a job talk to this cloud, as a role's session or as root."""
    return {
        "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
        **(credentials.environment() if credentials else {}),
    }


def cloud_client(
    service: str, account: str, region: str, credentials: Credentials | None = None
) -> Any:
    """A client of this cloud, as a role's session or as root.

    It talks HTTP to this process, so use it in a thread only.
    """
    import boto3
    from botocore.config import Config

    root = {"aws_access_key_id": account, "aws_secret_access_key": SECRET}
    return boto3.client(
        service,
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
        region_name=region,
        **(credentials.client_arguments() if credentials else root),
        config=Config(s3={"addressing_style": "path"}),
    )


def ship_logs(s3: Any, record: Record, stdout: Path, stderr: Path) -> None:
    """Put the driver's output where EMR Serverless puts it under the run's log URI."""
    from botocore.exceptions import BotoCoreError, ClientError

    overrides = record["configurationOverrides"] or {}
    monitoring = (overrides.get("monitoringConfiguration") or {}).get("s3MonitoringConfiguration")
    uri = (monitoring or {}).get("logUri")
    if not uri:
        return
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    run = f"applications/{record['applicationId']}/jobs/{record['jobRunId']}/SPARK_DRIVER"
    for log in (stdout, stderr):
        key = "/".join(part for part in (prefix.strip("/"), run, f"{log.name}.gz") if part)
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress(log.read_bytes()))
        except (BotoCoreError, ClientError) as error:
            raise LogsNotWritten(f"The logs can't be written to {uri}: {error}") from error
