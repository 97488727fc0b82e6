"""Object keys: one grammar for raw, bronze and quarantine.

A path is built from declared ids only. The file name that somebody chose is kept as it was,
byte for byte, and never decides where a thing is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePosixPath

from lake.catalog import Catalog, Source
from lake.errors import KeyRefused
from lake.names import nearest

MAX_KEY_BYTES = 1024  # S3's own limit


@dataclass(frozen=True)
class RawKey:
    """`emt/arrivals/arrivals-2025-08-29.xlsx`: a source's path and the name that the sender gave.

    A name may hold folders: a source with a folder for each day has them there.
    """

    source: Source
    file_name: str


def raw(source: Source, file_name: str) -> str:
    """Where a file of a source lands."""
    return f"{source.path}/{file_name}"


def landing(source: Source, file_name: str, at: datetime) -> str:
    """Where a file that comes now lands: its source may have a folder for each day."""
    folder = folder_of(source, at.astimezone(UTC).date())
    return raw(source, f"{folder}/{file_name}" if folder else file_name)


def folder_of(source: Source, day: date) -> str:
    """The folder of what comes on a day, in UTC; nothing for a source without such folders."""
    return source.folder.format(
        year=f"{day:%Y}", month=f"{day:%m}", day=f"{day:%d}", date=day.isoformat()
    )


def parse_raw(key: str, catalog: Catalog) -> RawKey:
    """The source and file name of a landed key, or why it belongs to nobody."""
    if source := _owner(key, catalog):
        file_name = key[len(source.path) + 1 :]
        if not file_name or file_name.endswith("/"):
            raise KeyRefused(f"'{key}' names no file: expected {source.path}/FILE")
        return RawKey(source, file_name)
    folder = "/".join(key.split("/")[:-1][:2])
    if "/" not in folder:
        raise KeyRefused(f"'{key}' names no file: expected DOMAIN/SOURCE/FILE")
    hint = nearest(folder, [source.path for source in catalog.sources.values()])
    raise KeyRefused(f"no source is called '{folder}'{hint}")


def _owner(key: str, catalog: Catalog) -> Source | None:
    """The source with the longest path that the key lies below."""
    found = [one for one in catalog.sources.values() if key.startswith(f"{one.path}/")]
    return max(found, key=lambda one: len(one.path), default=None)


def bronze(source: Source, file_name: str, sha256: str | None = None) -> str:
    """The same relative key as raw; with a hash, the name for other bytes of a taken name."""
    if sha256 is None:
        return raw(source, file_name)
    folder, _, last = file_name.rpartition("/")
    path = PurePosixPath(last or file_name)
    suffix = path.suffix if path.stem else ""
    stem = last[: len(last) - len(suffix)] if suffix else last
    renamed = f"{stem}~{sha256[:8]}{suffix}"
    key = raw(source, f"{folder}/{renamed}" if folder else renamed)
    if len(key.encode()) <= MAX_KEY_BYTES:
        return key
    return raw(source, f"{sha256}{suffix if len(suffix) < 16 else ''}")


def quarantine(source_id: str | None, sha256: str, file_name: str) -> str:
    """Where a refused file waits for a person; `reason.json` lies beside it."""
    folder = f"{source_id or '_unrouted'}/{sha256[:16]}"
    key = f"{folder}/{file_name}"
    return key if len(key.encode()) <= MAX_KEY_BYTES else f"{folder}/{sha256}"


def quarantine_reason(source_id: str | None, sha256: str) -> str:
    """Where the reason of a refusal lies."""
    return f"{source_id or '_unrouted'}/{sha256[:16]}/reason.json"


def load_id(sha256: str, generation: int = 0) -> str:
    """One load of one content; a replay is the next generation."""
    return f"{sha256[:16]}-{generation}"
