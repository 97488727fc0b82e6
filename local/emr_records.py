"""What EMR Serverless shows of its records, and how it says no."""

from __future__ import annotations

import secrets
import string
from typing import Any

Record = dict[str, Any]

ACTIVE = ("SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "CANCELLING")
SETTINGS = (
    "releaseLabel",
    "architecture",
    "initialCapacity",
    "maximumCapacity",
    "autoStartConfiguration",
    "autoStopConfiguration",
    "networkConfiguration",
    "imageConfiguration",
    "workerTypeSpecifications",
    "runtimeConfiguration",
    "monitoringConfiguration",
    "diskEncryptionConfiguration",
    "interactiveConfiguration",
    "schedulerConfiguration",
)
DEFAULTS: Record = {
    "architecture": "X86_64",
    "autoStartConfiguration": {"enabled": True},
    "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": 15},
}
COMMON = ("name", "arn", "releaseLabel", "state", "stateDetails", "createdAt", "updatedAt")
RUN_ONLY = ("applicationId", "createdBy", "executionRole", "mode", "attempt", "attemptCreatedAt")


class ApiError(Exception):
    """An error answer of the service."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def application_summary(application: Record) -> Record:
    """An application as a list shows it."""
    names = (*COMMON, "type", "architecture")
    return {"id": application["applicationId"], **{name: application.get(name) for name in names}}


def run_summary(run: Record) -> Record:
    """A job run as a list shows it."""
    return {"id": run["jobRunId"], **{name: run.get(name) for name in (*COMMON, *RUN_ONLY)}}


def shown(record: Record) -> Record:
    """A record without what only this engine needs."""
    return {k: v for k, v in record.items() if not k.startswith("_") and v is not None}


def new_id() -> str:
    """An identifier like those of the service: sixteen lower-case letters and digits."""
    alphabet = string.ascii_lowercase + string.digits
    return "00" + "".join(secrets.choice(alphabet) for _ in range(14))
