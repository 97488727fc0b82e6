"""Runs of pipelines, and what their checks said of the rows that they were about to show. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lake.catalog import Pipeline
from lake.state.words import short, whole_second

RUNNING: Final = "running"
_CUT_OFF: Final = "it took longer than its file allows"
Row = dict[str, Any]


@dataclass(frozen=True)
class Execution:
    """One run of a pipeline, as Step Functions tells it."""

    name: str
    status: str  # running, succeeded, failed, timed_out, aborted
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Execution:
        """An execution of a list, or of a description, which alone says why one failed."""
        return cls(
            name=str(found["name"]),
            status=str(found["status"]).lower(),
            started_at=found.get("startDate"),
            ended_at=found.get("stopDate"),
            reason=why(found.get("error"), found.get("cause")),
        )


@dataclass(frozen=True)
class Result:
    """What one job of one run has written about itself."""

    run: str
    job: str
    ended_at: datetime | None
    said: Mapping[str, Any]


def pipeline_row(pipeline: Pipeline, latest: Execution | None, now: datetime) -> Row:
    """One pipeline with its latest run."""
    schedule = pipeline.schedule
    row: Row = {
        "pipeline": pipeline.id,
        "about": pipeline.about,
        "schedule": f"{schedule.cron} {schedule.zone}" if schedule else None,
        **dict.fromkeys(("run", "started_at", "ended_at", "seconds", "reason", "ended_as")),
        "status": "never",
    }
    if latest is None:
        return row
    good = latest.status in (RUNNING, "succeeded")
    cut_off = _CUT_OFF if latest.status == "timed_out" else None
    started, ended = latest.started_at, latest.ended_at
    return row | {
        "run": latest.name,
        "status": latest.status if good else "failed",
        "ended_as": None if latest.status == RUNNING else latest.status,
        "started_at": None if started is None else whole_second(started),
        "ended_at": None if ended is None else whole_second(ended),
        "seconds": None if started is None else round(((ended or now) - started).total_seconds()),
        "reason": None if good else short(latest.reason or cut_off),
    }


def unseen_row(pipeline: Pipeline, reason: str, now: datetime) -> Row:
    """A pipeline whose runs could not be looked at."""
    return pipeline_row(pipeline, None, now) | {"status": "unknown", "reason": reason}


def quality_rows(results: Sequence[Result]) -> list[Row]:
    """The latest verdict of each check; results come newest first."""
    found: dict[tuple[str, str, str], Row] = {}
    for result in results:
        for said in result.said.get("quality") or []:
            key = (said["table_id"], said["check_name"], said.get("column_name") or "")
            found.setdefault(
                key,
                {
                    "table": key[0],
                    "check": key[1],
                    "column": key[2] or None,
                    "severity": said["severity"],
                    "expected": said["expected"],
                    "actual": said["actual"],
                    "passed": said["passed"],
                    "reason": short(said.get("reason")),
                    "run": result.run,
                    "at": None if result.ended_at is None else whole_second(result.ended_at),
                },
            )
    return [found[key] for key in sorted(found)]


def why(error: str | None, cause: str | None) -> str | None:
    """What went wrong in a run, out of everything that the service says of it."""
    return ": ".join(part for part in (error, _plain(cause)) if part) or None


def reason(cause: str) -> str:
    """What went wrong in a job: EMR's cause is the whole job run, pages of it."""
    said = parsed(cause)
    if isinstance(said, dict):
        inner = said.get("JobRun", said)
        return str(inner.get("StateDetails") or inner.get("stateDetails") or cause)
    return cause


def parsed(text: Any) -> Any:
    """The JSON of a text, or None where it is none."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None


def _plain(cause: str | None) -> str | None:
    """A failed stage names its jobs before their causes; each cause is cut to what it means."""
    if cause is None:
        return None
    head, brace, tail = cause.partition("{")
    whole = parsed(brace + tail) if brace else None
    return head + reason(brace + tail) if isinstance(whole, dict) else cause
