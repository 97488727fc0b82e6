"""How old a table's newest answer is, read off the table's own metadata. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Freshness:
    """What readers of a table see now."""

    minutes: float | None  # none: nobody has written to it yet
    rows: int


def freshness(metadata: Mapping[str, Any], now: datetime) -> Freshness:
    """Age and rows by an Iceberg table's metadata; joining files makes no table fresher."""
    snapshots = {one["snapshot-id"]: one for one in metadata.get("snapshots") or []}
    current = snapshots.get(metadata.get("current-snapshot-id"))
    rows = 0 if current is None else int(current["summary"].get("total-records", 0))
    while current is not None and current["summary"].get("operation") == "replace":
        current = snapshots.get(current.get("parent-snapshot-id"))
    if current is None:
        # All that is left is compaction: older than anything that is kept. Else: never written.
        oldest = min((one["timestamp-ms"] for one in snapshots.values()), default=None)
        return Freshness(None if oldest is None else _minutes(oldest, now), rows)
    return Freshness(_minutes(current["timestamp-ms"], now), rows)


def _minutes(millis: int, now: datetime) -> float:
    return round(max(0.0, now.timestamp() - millis / 1000) / 60, 1)
