"""What tables hold and how old their newest answer is, by their own Iceberg metadata. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lake.catalog import Table
from lake.state.words import minutes_since, of_millis

SNAPSHOTS: Final = 10
# What our jobs write into the summary of each snapshot; a stream's own have none of it.
_SIGNED: Final = frozenset({"lake.token", "lake.loads", "lake.run", "lake.deduped"})
Row = dict[str, Any]
Metadata = Mapping[str, Any]


@dataclass(frozen=True)
class Freshness:
    """What readers of a table see now."""

    minutes: float | None  # none: nobody has written to it yet
    rows: int


def freshness(metadata: Metadata, now: datetime) -> Freshness:
    """Age and rows by an Iceberg table's metadata; joining files makes no table fresher."""
    written = written_at(metadata)
    rows = int(_summary(_current(metadata)).get("total-records") or 0)
    return Freshness(None if written is None else minutes_since(written, now), rows)


def written_at(metadata: Metadata) -> str | None:
    """When rows last changed; where only compaction is left, the oldest that is kept."""
    for snapshot in _line(metadata):
        if _summary(snapshot).get("operation") != "replace":
            return of_millis(snapshot["timestamp-ms"])
    oldest = min((one["timestamp-ms"] for one in _snapshots(metadata)), default=None)
    return None if oldest is None else of_millis(oldest)


def streamed_at(metadata: Metadata) -> str | None:
    """When a stream last wrote to a table that loads write to as well: the newest unsigned append.

    Where the history was cut before that, the oldest snapshot that is kept: it is older at best.
    """
    oldest = None
    for snapshot in _line(metadata):
        oldest, summary = snapshot, _summary(snapshot)
        if summary.get("operation") == "append" and not _SIGNED & summary.keys():
            return of_millis(snapshot["timestamp-ms"])
    cut = oldest is not None and oldest.get("parent-snapshot-id") not in (None, -1)
    return of_millis(oldest["timestamp-ms"]) if oldest is not None and cut else None


def table_row(table: Table, metadata: Metadata, now: datetime) -> Row:
    """One table of the lake's state."""
    current, written = _current(metadata), written_at(metadata)
    said = _summary(current)
    age = None if written is None else minutes_since(written, now)
    promise = table.fresh_within_minutes
    return {
        "table": table.id,
        "layer": table.layer,
        "about": table.about,
        "rows": int(said.get("total-records") or 0),
        "bytes": int(said.get("total-files-size") or 0),
        "files": int(said.get("total-data-files") or 0),
        "snapshot": None if current is None else str(current["snapshot-id"]),
        "updated_at": written,
        "age_minutes": age,
        "promise_minutes": promise,
        "late": promise is not None and age is not None and age > promise,
        "snapshots": [_snapshot_row(one) for one in _newest(metadata)],
        "error": None,
    }


def unread_row(table: Table, reason: str) -> Row:
    """A table that could not be looked at: nothing is known, and it says why."""
    blank = dict.fromkeys(("rows", "bytes", "files", "snapshot", "updated_at", "age_minutes"))
    return {
        "table": table.id,
        "layer": table.layer,
        "about": table.about,
        **blank,
        "promise_minutes": table.fresh_within_minutes,
        "late": False,
        "snapshots": [],
        "error": reason,
    }


def _snapshot_row(snapshot: Mapping[str, Any]) -> Row:
    said = _summary(snapshot)
    return {
        # A number of 64 bits; JavaScript keeps 53 of them.
        "id": str(snapshot["snapshot-id"]),
        "at": of_millis(snapshot["timestamp-ms"]),
        "operation": said.get("operation"),
        "added": int(said.get("added-records") or 0),
        "deleted": int(said.get("deleted-records") or 0),
    }


def _newest(metadata: Metadata) -> list[Mapping[str, Any]]:
    """What readers have seen lately; what waits on a branch for its checks is not among it."""
    found: list[Mapping[str, Any]] = []
    for snapshot in _line(metadata):
        found.append(snapshot)
        if len(found) == SNAPSHOTS:
            break
    return found


def _line(metadata: Metadata) -> Iterator[Mapping[str, Any]]:
    """The current snapshot and its forebears, as far as they are kept."""
    known = {one["snapshot-id"]: one for one in _snapshots(metadata)}
    found = known.get(metadata.get("current-snapshot-id"))
    while found is not None:
        yield found
        found = known.get(found.get("parent-snapshot-id"))


def _current(metadata: Metadata) -> Mapping[str, Any] | None:
    return next(_line(metadata), None)


def _snapshots(metadata: Metadata) -> list[Mapping[str, Any]]:
    return list(metadata.get("snapshots") or [])


def _summary(snapshot: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {} if snapshot is None else snapshot.get("summary") or {}
