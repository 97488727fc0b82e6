"""The lake's Spark application at rest: AWS changes and deletes none that is started."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
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

    def end(self) -> int:
        """Cancel what runs and stop it, and wait for both; gives how many runs were cancelled.

        A run that comes meanwhile is cancelled too: it would start the application again.
        """
        from botocore.exceptions import ClientError

        cancelled: set[str] = set()

        def at_rest() -> bool:
            runs = self._active()
            for run in set(runs) - cancelled:
                self._emr.cancel_job_run(applicationId=self._id, jobRunId=run)
                cancelled.add(run)
            if not runs and self._state() == "STARTED":
                with suppress(ClientError):  # a run came between the two: the next look sees it
                    self._emr.stop_application(applicationId=self._id)
            return not runs and not self.up

        self._await(at_rest, "it has not come to rest")
        return len(cancelled)

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
        try:
            return [run["id"] for page in pages for run in page["jobRuns"]]
        except self._emr.exceptions.ResourceNotFoundException:
            return []

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
