"""What became of one uploaded file: read from its receipt and the ledger, decided here alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lake.accounting import Counts
from lake.records import QUARANTINED, UNCHANGED, FileRecord, Receipt

UPLOADED = "uploaded"  # nobody waited for more
WAITING = "waiting"  # somebody waited, and time was up
NOTHING = Counts()
SETTLED = frozenset({"accepted", "unchanged", "quarantined", "failed"})
STEPS = {
    "sending": "being sent to raw",
    "raw": "in raw, to be checked",
    "bronze": "in bronze, waiting for its job",
    "job": "the job is running",
}


@dataclass(frozen=True)
class Outcome:
    """One line of `lake upload`'s answer; `step` is where the file is while it is on its way."""

    file: str
    source: str
    status: str = UPLOADED
    step: str = "sending"
    reason: str | None = None
    sha256: str | None = None
    load_id: str | None = None
    sheet_rows: int = 0
    counts: Counts = NOTHING
    tables: Mapping[str, Any] | None = None
    first_load: Mapping[str, Any] | None = None
    seconds: float = 0.0

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen to this upload by itself."""
        return self.status in SETTLED

    @property
    def bad(self) -> bool:
        """Whether a person has to do something about it."""
        return self.status in {"quarantined", "failed"}

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the names are a promise."""
        shown: dict[str, Any] = {
            "file": self.file,
            "source": self.source,
            "status": self.status,
            "reason": self.reason,
            "sha256": self.sha256,
            "load_id": self.load_id,
            "sheet_rows": self.sheet_rows,
            **self.counts.as_dict(),
            "tables": dict(self.tables or {}),
            "seconds": round(self.seconds, 2),
        }
        if self.first_load is not None:
            shown["first_load"] = dict(self.first_load)
        return shown


def after(known: Outcome, receipt: Receipt | None, file: FileRecord | None) -> Outcome:
    """The outcome as the ledger tells it now: of this very upload, not of an earlier one."""
    if receipt is None:
        return replace(known, step="raw")
    if receipt.status == QUARANTINED:
        return replace(known, status="quarantined", reason=receipt.reason)
    if file is None:
        return replace(known, step="bronze")
    known = replace(known, load_id=file.load_id or None)
    match file.state:
        case "quarantined" | "failed" as state:
            return replace(known, status=state, reason=file.reason, **_numbers(file))
        case "loaded" if receipt.status == UNCHANGED:
            return replace(known, status="unchanged", first_load=_first(file))
        case "loaded":
            return replace(known, status="accepted", **_numbers(file))
        case "loading":
            return replace(known, step="job")
        case _:
            return replace(known, step="bronze")


def _numbers(file: FileRecord) -> dict[str, Any]:
    return {
        "counts": file.totals,
        "sheet_rows": file.sheet_rows or 0,
        "tables": file.tables or {},
    }


def _first(file: FileRecord) -> dict[str, Any]:
    """What the same bytes came to when they came first; this time nothing was loaded."""
    return {
        "file": file.file_name,
        "load_id": file.load_id,
        "received_at": file.received_at,
        "sheet_rows": file.sheet_rows or 0,
        **file.totals.as_dict(),
        "tables": file.tables or {},
    }
