"""What the ledger holds, as frozen records: files, receipts, leases and runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Self

from lake.accounting import Counts

WAITING: Final = "waiting"
LOADING: Final = "loading"
LOADED: Final = "loaded"
FAILED: Final = "failed"
QUARANTINED: Final = "quarantined"
STATES: Final = (WAITING, LOADING, LOADED, FAILED, QUARANTINED)

ACCEPTED: Final = "accepted"
UNCHANGED: Final = "unchanged"

UNROUTED: Final = "_unrouted"


def iso(moment: datetime) -> str:
    """`2025-08-29T10:00:00.123Z`: sorts as text, and everybody reads it."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def receipt_id(raw_key: str, version: str) -> str:
    """One upload: a key and the version of it that somebody wrote."""
    return f"{raw_key}#{version}"


def plain(value: Any) -> Any:
    """DynamoDB's decimals as the integers that were written."""
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value


@dataclass(frozen=True)
class _Item:
    """A record that is stored as it is; what is None or empty is not stored."""

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """The record in an item, whatever else the item carries."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: plain(value) for name, value in item.items() if name in names})

    def attributes(self) -> dict[str, Any]:
        """The record as attributes of an item."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, "", {}, [])}


@dataclass(frozen=True)
class FileRecord(_Item):
    """One content of one source: wherever it came from and however often, it is one file."""

    source: str
    sha256: str
    file_name: str
    raw_key: str
    size: int
    received_at: str
    first_seen: str
    last_seen: str
    state: str
    first_receipt: str
    lane: str = ""
    job: str = ""
    load_id: str = ""
    bronze_key: str = ""
    quarantine_key: str = ""
    reason: str = ""
    seen: int = 1
    generation: int = 0
    attempts: int = 0
    waits: int = 0  # how often Spark had no room for it; no attempt was made
    not_before: str = ""
    token: str = ""
    job_run_id: str = ""
    sheet_rows: int | None = None
    counts: dict[str, int] | None = None
    tables: dict[str, dict[str, Any]] | None = None

    @property
    def totals(self) -> Counts:
        """What became of its rows; zeros before it is loaded."""
        return Counts.of(self.counts or {})


@dataclass(frozen=True)
class Receipt(_Item):
    """What became of one upload (one version of one raw key)."""

    raw_key: str
    version: str
    status: str
    source: str
    sha256: str
    at: str
    reason: str = ""


@dataclass(frozen=True)
class Load:
    """One file in one batch."""

    source: str
    sha256: str
    load_id: str


@dataclass(frozen=True)
class Lease(_Item):
    """A lane that is taken: by which batch, started by which request, since when."""

    lane: str
    job: str
    token: str
    loads: list[dict[str, str]]
    request: str
    since: str
    job_run_id: str = ""

    @property
    def batch(self) -> tuple[Load, ...]:
        """The files of the batch."""
        return tuple(Load(**load) for load in self.loads)
