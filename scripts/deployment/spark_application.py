"""The lake's Spark application at rest: AWS changes and deletes none that is started."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from scripts.deployment.runs import DeployError

ADDRESS = "aws_emrserverless_application.spark"
ACTIVE = ("SUBMITTED", "QUEUED", "PENDING", "SCHEDULED", "RUNNING", "CANCELLING")
UP = ("STARTING", "STARTED", "STOPPING")
STOP_S = 600


class SparkApplication:
    """The application of a deployment, asked by a client of EMR Serverless."""

    def __init__(
        self,
        emr: Any,
        identifier: str,
        *,
        look_s: float = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._emr, self._id = emr, identifier
        self._look_s, self._clock = look_s, clock

    @property
    def up(self) -> bool:
        """Whether it is anything but at rest; one that is gone is at rest."""
        return self._state() in UP

    def cancel_runs(self) -> int:
        """Cancel what runs, and wait until it has ended; gives how many there were."""
        runs = self._active()
        for run in runs:
            self._emr.cancel_job_run(applicationId=self._id, jobRunId=run)
        self._await(lambda: not self._active(), "its jobs were cancelled and have not ended")
        return len(runs)

    def stop(self) -> None:
        """Stop it, unless it is at rest, and wait until AWS has done so."""
        if runs := self._active():
            jobs = "1 Spark job runs" if len(runs) == 1 else f"{len(runs)} Spark jobs run"
            raise DeployError(f"{jobs}, and AWS stops no application at work: wait, then try again")
        self._await(lambda: self._state() != "STARTING", "it has not started")
        if self._state() == "STARTED":
            self._emr.stop_application(applicationId=self._id)
        self._await(lambda: not self.up, "it has not stopped")

    def _state(self) -> str:
        try:
            answer = self._emr.get_application(applicationId=self._id)
        except self._emr.exceptions.ResourceNotFoundException:
            return "TERMINATED"
        return str(answer["application"]["state"])

    def _active(self) -> list[str]:
        if self._state() == "TERMINATED":
            return []
        pages = self._emr.get_paginator("list_job_runs").paginate(
            applicationId=self._id, states=list(ACTIVE)
        )
        return [run["id"] for page in pages for run in page["jobRuns"]]

    def _await(self, done: Callable[[], bool], otherwise: str) -> None:
        deadline = self._clock() + STOP_S
        while not done():
            if self._clock() > deadline:
                raise DeployError(f"the Spark application {self._id}: {otherwise}; try again later")
            time.sleep(self._look_s)


def is_changed(plan: Mapping[str, Any]) -> bool:
    """Whether a plan (`terraform show -json`) changes or replaces the application."""
    changes = plan.get("resource_changes", [])
    actions = [c["change"]["actions"] for c in changes if c["address"] == ADDRESS]
    return any({"update", "delete"} & set(action) for action in actions)
