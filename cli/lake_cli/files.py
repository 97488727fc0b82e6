"""What the ledger says about files, in the shapes that people and programs read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from lake.records import QUARANTINED, STATES, UNROUTED, FileRecord

if TYPE_CHECKING:
    from lake.ledger import Ledger

Row = dict[str, Any]
SCANNED = 5_000  # how far back one command looks; a busier lake is asked with SQL (ops.loads)


def loads(ledger: Ledger, source: str | None, limit: int) -> list[Row]:
    """The latest files in any state, newest first: also those that no job has seen yet."""
    found: list[FileRecord] = []
    for state in STATES:
        found += islice(of_source(ledger.files(state), source), limit)
    found.sort(key=lambda file: file.received_at, reverse=True)
    return [load_row(file) for file in found[:limit]]


def of_source(files: Iterator[FileRecord], source: str | None) -> Iterator[FileRecord]:
    """The files of one source, or all, as far back as a command looks."""
    return (file for file in islice(files, SCANNED) if source in (None, file.source))


def load_row(file: FileRecord) -> Row:
    """One load; the names are a promise."""
    return {
        "load_id": file.load_id or None,
        "file": file.file_name,
        "source": file.source,
        "status": file.state,
        "reason": file.reason or None,
        "sha256": file.sha256,
        "sheet_rows": file.sheet_rows or 0,
        **file.totals.as_dict(),
        "tables": file.tables or {},
        "received_at": file.received_at,
        "last_seen": file.last_seen,
        "seen": file.seen,
        "attempts": file.attempts,
        "job": file.job or None,
        "job_run_id": file.job_run_id or None,
    }


def quarantined(ledger: Ledger, source: str | None, limit: int) -> list[Row]:
    """The refused files, the last first."""
    found = islice(of_source(ledger.files(QUARANTINED), source), limit)
    return [
        {
            "id": file_id(file),
            "file": file.file_name,
            "source": None if file.source == UNROUTED else file.source,
            "reason": file.reason,
            "when": file.last_seen,
            "size": file.size,
            "key": file.quarantine_key,
            "sha256": file.sha256,
            "load_id": file.load_id or None,
            "seen": file.seen,
        }
        for file in found
    ]


def file_id(file: FileRecord) -> str:
    """What people type: the start of the content's hash, as in the quarantine's folders."""
    return file.sha256[:16]


def matching(files: Iterable[FileRecord], wanted: str) -> list[FileRecord]:
    """The files that an id means: a load id, or the start of a hash (eight characters or more)."""
    start = wanted.partition("-")[0].lower()
    if len(start) < 8:
        return []
    return [
        file
        for file in files
        if file.sha256.startswith(start) and ("-" not in wanted or file.load_id == wanted)
    ]


def rejects_sql(load_id: str | None, source: str | None, limit: int) -> str:
    """The rejected rows of a load, of a source, or the latest of all."""
    conditions = [
        f"{column} = '{value.replace(chr(39), chr(39) * 2)}'"
        for column, value in (("load_id", load_id), ("source", source))
        if value
    ]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    latest = "" if load_id else "received_at DESC, "
    # The values are quoted above, and who asks may ask anything anyhow.
    return (
        f"SELECT * FROM ops.rejected_rows{where}"  # noqa: S608
        f" ORDER BY {latest}load_id, table_id, seq LIMIT {limit}"
    )
