"""Moments, spans and texts as the lake says them to people, in the command and on the page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

LONGEST: Final = 500  # more of a reason nobody reads at a glance


def span(seconds: float) -> str:
    """A length of time in one unit."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def moment(text: str) -> datetime:
    """A moment as the ledger and S3 write it; one without a zone is UTC."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def minutes_since(text: str, now: datetime) -> float:
    """How old a moment is; a clock that is ahead makes nothing younger than new."""
    return round(max(0.0, (now - moment(text)).total_seconds()) / 60, 1)


def whole_second(found: datetime) -> str:
    """`2025-08-30T08:00:00Z`."""
    return found.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def of_millis(millis: int) -> str:
    """A moment as Iceberg counts them."""
    return whole_second(datetime.fromtimestamp(millis / 1000, UTC))


def short(text: str | None) -> str | None:
    """A reason as long as people read it; nothing stays nothing."""
    if not text:
        return None
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def counted(count: int, one: str, many: str) -> str:
    """`1 file`, `3 files`."""
    return f"{count:,} {one if count == 1 else many}"
