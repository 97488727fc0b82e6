"""AWS changes and deletes no application that is started: deploying brings it to rest before."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.deployment.runs import DeployError
from scripts.deployment.spark_application import ADDRESS, SparkApplication, is_changed


class ResourceNotFoundException(Exception):
    pass


class Emr:
    """An application that answers as AWS does; `ends_after` looks a cancelled run has ended."""

    exceptions = type("E", (), {"ResourceNotFoundException": ResourceNotFoundException})

    def __init__(self, *states: str, runs: list[str] | None = None, ends_after: int = 2) -> None:
        self.states, self.runs, self.ends_after = list(states), runs or [], ends_after
        self.calls: list[str] = []

    def get_application(self, **_ids: str) -> dict[str, Any]:
        if not self.states:
            raise ResourceNotFoundException
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"application": {"state": state}}

    def get_paginator(self, _name: str) -> Emr:
        return self

    def paginate(self, states: list[str], **_ids: str) -> list[dict[str, Any]]:
        assert {"SUBMITTED", "PENDING", "QUEUED", "RUNNING", "CANCELLING"} <= set(states)
        if "cancelled" in self.calls:
            self.ends_after -= 1
        return [{"jobRuns": [{"id": run} for run in self.runs if self.ends_after > 0]}]

    def cancel_job_run(self, **ids: str) -> None:
        self.calls += ["cancelled", ids["jobRunId"]]

    def stop_application(self, **_ids: str) -> None:
        assert not self.runs or self.ends_after <= 0, "AWS refuses while jobs run"
        self.calls.append("stopped")
        self.states = ["STOPPING", "STOPPING", "STOPPED"]


def application(emr: Emr, clock: Callable[[], float] = lambda: 0) -> SparkApplication:
    return SparkApplication(emr, "00app", look_s=0, clock=clock)


def test_one_that_is_started_is_stopped_and_waited_for() -> None:
    emr = Emr("STARTED")

    application(emr).stop()

    assert emr.calls == ["stopped"]
    assert emr.states == ["STOPPED"]


def test_one_that_is_on_its_way_up_is_stopped_when_it_is_there() -> None:
    emr = Emr("STARTING", "STARTING", "STARTED")

    application(emr).stop()

    assert emr.states == ["STOPPED"]


@pytest.mark.parametrize("states", [["CREATED"], ["STOPPED"], []])
def test_one_that_is_at_rest_or_gone_is_left_alone(states: list[str]) -> None:
    emr = Emr(*states)

    application(emr).stop()

    assert not application(emr).up
    assert emr.calls == []


def test_no_work_is_cut_off_unless_that_is_asked_for() -> None:
    emr = Emr("STARTED", runs=["a", "b"])

    with pytest.raises(DeployError, match="2 Spark jobs run, and AWS stops no application at work"):
        application(emr).stop()

    assert emr.calls == []


def test_an_end_cancels_what_runs_and_waits_for_it_before_it_stops() -> None:
    emr = Emr("STARTED", runs=["a", "b"])

    assert application(emr).end() == 2

    assert sorted(emr.calls[:4]) == ["a", "b", "cancelled", "cancelled"]
    assert emr.calls[4:] == ["stopped"]
    assert emr.states == ["STOPPED"]


def test_a_run_that_comes_while_it_ends_is_cancelled_too() -> None:
    class Busy(Emr):
        def stop_application(self, **ids: str) -> None:
            if "late" not in self.calls:
                self.runs, self.ends_after = ["late"], 2
                answer = {"Error": {"Code": "ConflictException", "Message": "active job runs"}}
                raise ClientError(answer, "StopApplication")
            super().stop_application(**ids)

    emr = Busy("STARTED", runs=["a"])

    assert application(emr).end() == 2

    assert emr.calls == ["cancelled", "a", "cancelled", "late", "stopped"]


def test_an_end_is_waited_for_in_vain_only_so_long() -> None:
    emr = Emr("STARTED", runs=["a"], ends_after=10**6)

    with pytest.raises(DeployError, match="00app: it has not come to rest; try again later"):
        application(emr, itertools.count(step=200).__next__).end()


def test_one_that_never_stops_is_told_of() -> None:
    emr = Emr("STOPPING")

    with pytest.raises(DeployError, match="00app: it has not stopped"):
        application(emr, itertools.count(step=200).__next__).stop()


@pytest.mark.parametrize(
    ("address", "actions", "changed"),
    [
        (ADDRESS, ["update"], True),
        (ADDRESS, ["delete", "create"], True),
        (ADDRESS, ["no-op"], False),
        (ADDRESS, ["create"], False),
        ("aws_s3_object.spark", ["update"], False),
    ],
)
def test_only_a_change_of_the_application_asks_for_its_rest(
    address: str, actions: list[str], changed: bool
) -> None:
    plan = {"resource_changes": [{"address": address, "change": {"actions": actions}}]}

    assert is_changed(plan) is changed
