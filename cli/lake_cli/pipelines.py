"""Runs of pipelines: started, followed by the history of their executions, told as one object."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from lake.errors import CatalogError
from lake.names import nearest
from lake.state.runs import parsed, reason, why
from lake_cli.deployment import Deployment
from lake_cli.exits import Exit, Stop

Row = dict[str, Any]
# The state machine names a job's state after its stage; other states are its own affair.
_STEP = re.compile(r"(\d+) (\w+)(: again)?")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.3, 2.0


@dataclass(frozen=True)
class Step:
    """One job of one stage, at its latest attempt."""

    stage: int
    job: str
    attempt: int
    state: str  # running, succeeded, failed
    started_at: datetime
    finished_at: datetime | None = None
    reason: str | None = None

    def seconds(self, now: datetime) -> float:
        """How long it took, or has taken so far."""
        return round(((self.finished_at or now) - self.started_at).total_seconds(), 1)


@dataclass(frozen=True)
class Run:
    """One execution of a pipeline."""

    pipeline: str
    name: str
    arn: str
    status: str = "running"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    reason: str | None = None
    steps: tuple[Step, ...] = field(default=())

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status != "running"

    def as_dict(self, results: Mapping[str, Any] | None = None) -> Row:
        """The run as `--json` shows it."""
        now = datetime.now(UTC)
        started = self.started_at or now
        return {
            "pipeline": self.pipeline,
            "run": self.name,
            "status": self.status,
            "started_at": _iso(self.started_at),
            "finished_at": _iso(self.finished_at),
            "seconds": round(((self.finished_at or now) - started).total_seconds(), 1),
            "reason": self.reason,
            "jobs": [
                {
                    "job": step.job,
                    "stage": step.stage,
                    "state": step.state,
                    "attempts": step.attempt,
                    "seconds": step.seconds(self.finished_at or now),
                    "reason": step.reason,
                    "result": (results or {}).get(step.job),
                }
                for step in self.steps
            ],
        }


def known(deployment: Deployment, pipeline: str) -> str:
    """The state machine of a pipeline; an unknown one is answered with the nearest known."""
    machines: dict[str, str] = deployment["pipelines"]
    if pipeline not in machines:
        hint = nearest(pipeline, machines)
        raise CatalogError(f"no pipeline is called '{pipeline}'{hint}")
    return machines[pipeline]


def day(text: str, option: str) -> date:
    """A day as people write it."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    # Python reads weeks and days without dashes as well; Step Functions' check does not.
    if found is not None and found.isoformat() == text:
        return found
    raise Stop(f"{option}: '{text}' is no day like 2025-08-30", code=Exit.USAGE)


def start(deployment: Deployment, pipeline: str, business: date, name: str, **more: Any) -> Run:
    """Starts an execution; a name that was used before gives that execution back."""
    machine, sfn = known(deployment, pipeline), deployment.client("stepfunctions")
    given = {"date": business.isoformat(), "full": False, "from": None, "to": None} | more
    with suppress(sfn.exceptions.ExecutionAlreadyExists):
        sfn.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given))
    found = described(deployment, pipeline, name)
    if found is None:
        raise Stop(f"the run {name} was started and cannot be found")
    return found


def described(deployment: Deployment, pipeline: str, name: str) -> Run | None:
    """How an execution is; None when there never was one of that name."""
    sfn = deployment.client("stepfunctions")
    arn = known(deployment, pipeline).replace(":stateMachine:", ":execution:") + f":{name}"
    try:
        found = sfn.describe_execution(executionArn=arn)
    except sfn.exceptions.ExecutionDoesNotExist:
        return None
    return _run(pipeline, found)


def running(deployment: Deployment, pipeline: str) -> list[Run]:
    """The executions of a pipeline that go on now."""
    found = deployment.client("stepfunctions").list_executions(
        stateMachineArn=known(deployment, pipeline), statusFilter="RUNNING"
    )
    return [_run(pipeline, one) for one in found["executions"]]


def recent(deployment: Deployment, wanted: Sequence[str], limit: int) -> list[Run]:
    """The latest runs of some pipelines, newest first."""
    sfn = deployment.client("stepfunctions")
    found = [
        _run(pipeline, one)
        for pipeline in wanted
        for one in sfn.list_executions(
            stateMachineArn=known(deployment, pipeline), maxResults=min(limit, 1000)
        )["executions"]
    ]
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda run: run.started_at or oldest, reverse=True)[:limit]


def follow(deployment: Deployment, run: Run, deadline: float, watch: Callable[[Run], None]) -> Run:
    """The run at its end, or as it is when time is up; each look is shown."""
    pause = FIRST_PAUSE_S
    while True:
        run = look(deployment, run)
        watch(run)
        if run.ended or time.monotonic() > deadline:
            return run
        time.sleep(pause)
        pause = min(pause * 1.3, LONGEST_PAUSE_S)


def look(deployment: Deployment, run: Run) -> Run:
    """The run as it is now, with its steps."""
    sfn = deployment.client("stepfunctions")
    now = _run(run.pipeline, sfn.describe_execution(executionArn=run.arn))
    pages = sfn.get_paginator("get_execution_history").paginate(
        executionArn=run.arn, includeExecutionData=True
    )
    return replace(now, steps=steps(event for page in pages for event in page["events"]))


def steps(events: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The jobs that a history tells of, each at its latest attempt."""
    found: dict[tuple[int, str], Step] = {}
    for event in events:
        entered, left = event.get("stateEnteredEventDetails"), event.get("stateExitedEventDetails")
        match = _STEP.fullmatch(str((entered or left or {}).get("name")))
        if match is None:
            continue
        stage, job = int(match[1]), match[2]
        if entered:
            attempt = 2 if match[3] else 1
            found[stage, job] = Step(stage, job, attempt, "running", event["timestamp"])
        elif (stage, job) in found:
            said = parsed((left or {}).get("output"))
            failed = isinstance(said, dict) and {"error", "cause"} <= said.keys()
            found[stage, job] = replace(
                found[stage, job],
                state="failed" if failed else "succeeded",
                finished_at=event["timestamp"],
                reason=reason(said["cause"]) if failed else None,
            )
    return tuple(found.values())


def results(deployment: Deployment, run: Run) -> dict[str, Any]:
    """What each job of a run has written about itself."""
    s3, bucket, found = deployment.client("s3"), deployment.bucket("jobs"), {}
    for job in dict.fromkeys(step.job for step in run.steps):
        try:
            answer = s3.get_object(Bucket=bucket, Key=f"runs/pipelines/{run.name}/{job}.json")
        except s3.exceptions.NoSuchKey:
            continue  # it ended before it could say anything
        found[job] = parsed(answer["Body"].read())
    return found


def _run(pipeline: str, found: Mapping[str, Any]) -> Run:
    return Run(
        pipeline=pipeline,
        name=found["name"],
        arn=found["executionArn"],
        status=str(found["status"]).lower(),
        started_at=_utc(found.get("startDate")),
        finished_at=_utc(found.get("stopDate")),
        reason=why(found.get("error"), found.get("cause")),
    )


def _utc(moment: Any) -> datetime | None:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else None


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
