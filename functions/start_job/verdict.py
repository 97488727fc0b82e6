"""What a run that ended means for each file of its batch. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from lake.accounting import Counts
from lake.errors import AccountingError

SUCCESS: Final = "SUCCESS"
ENDED: Final = frozenset({SUCCESS, "FAILED", "CANCELLED"})
MAX_ATTEMPTS: Final = 3
# A lane that finds no room this often counts an attempt: it may never find any.
MAX_WAITS: Final = 50
_REASON_CHARS: Final = 2_000
# How EMR says that the application, or the account, is full: when it submits the job, or when the
# job's driver has waited for an executor in vain.
_NO_ROOM: Final = re.compile(
    r"maximumCapacity|MaxCapacityExceeded|ServiceQuotaExceeded|maximum vCPU"
    r"|no executor being launched",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Run:
    """A job run as EMR tells of it."""

    id: str
    state: str
    details: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ENDED

    @property
    def had_no_room(self) -> bool:
        """Whether EMR gave it no workers: that says nothing about its files."""
        return self.state == "FAILED" and bool(_NO_ROOM.search(self.details))


@dataclass(frozen=True)
class Verdict:
    """What becomes of one file."""

    fate: Literal["loaded", "refused", "later", "again", "failed"]
    reason: str = ""
    attempts: int = 0
    result: Mapping[str, Any] | None = None


def judge(
    load_id: str, attempts: int, run: Run, result: Mapping[str, Any] | None, waits: int = 0
) -> Verdict:
    """The verdict on one load of a run that ended; `waits` counts the runs that had no room."""
    if run.had_no_room and waits < MAX_WAITS:
        return Verdict("later", reason=cut(f"no room for the job run {run.id}: {run.details}"))
    if run.state != SUCCESS:
        return _failed(attempts, f"the job run {run.id} ended {run.state}: {run.details}")
    if result is None:
        return _failed(attempts, f"the job run {run.id} ended without saying what it loaded")
    try:
        return _read(load_id, result)
    except AccountingError as error:
        return _failed(attempts, f"the job run {run.id} lost rows: {error}")
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        return _failed(attempts, f"the job run {run.id} wrote no readable result: {error!r}")


def _read(load_id: str, result: Mapping[str, Any]) -> Verdict:
    told = next(load for load in result["loads"] if load["load_id"] == load_id)
    Counts.of(told["counts"]).balanced(load_id)
    kept = {
        "counts": {name: int(value) for name, value in told["counts"].items()},
        "sheet_rows": int(told["sheet_rows"]),
        "tables": dict(told["tables"]),
    }
    if told["status"] == "refused":
        return Verdict("refused", reason=cut(str(told["reason"])), result=kept)
    return Verdict("loaded", result=kept)


def cut(reason: str) -> str:
    """A reason that fits a ledger item and a person's patience."""
    reason = reason.strip()
    return reason if len(reason) <= _REASON_CHARS else f"{reason[: _REASON_CHARS - 3]}..."


def _failed(attempts: int, reason: str) -> Verdict:
    attempts += 1
    fate: Literal["again", "failed"] = "again" if attempts < MAX_ATTEMPTS else "failed"
    return Verdict(fate, reason=cut(reason), attempts=attempts)
