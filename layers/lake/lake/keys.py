"""Object keys: one grammar for raw, bronze and quarantine.

A path is built from declared ids only. The file name that somebody chose is kept as it was,
byte for byte, and never decides where a thing is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from lake.catalog import Catalog, Source
from lake.errors import KeyRefused
from lake.names import nearest

MAX_KEY_BYTES = 1024  # S3's own limit


@dataclass(frozen=True)
class RawKey:
    """`emt/arrivals/arrivals-2025-08-29.xlsx`: a source and the name that the sender gave."""

    source: Source
    file_name: str


def raw(source_id: str, file_name: str) -> str:
    """Where a file of a source lands."""
    return f"{source_id}/{file_name}"


def parse_raw(key: str, catalog: Catalog) -> RawKey:
    """The source and file name of a landed key, or why it belongs to nobody."""
    domain, _, rest = key.partition("/")
    name, _, file_name = rest.partition("/")
    source_id = f"{domain}/{name}"
    if not file_name or file_name.endswith("/"):
        raise KeyRefused(f"'{key}' names no file: expected DOMAIN/SOURCE/FILE")
    if source_id not in catalog.sources:
        hint = nearest(source_id, catalog.sources)
        raise KeyRefused(f"no source is called '{source_id}'{hint}")
    return RawKey(catalog.sources[source_id], file_name)


def bronze(source_id: str, file_name: str, sha256: str | None = None) -> str:
    """The same relative key as raw; with a hash, the name for other bytes of a taken name."""
    if sha256 is None:
        return raw(source_id, file_name)
    folder, _, last = file_name.rpartition("/")
    path = PurePosixPath(last or file_name)
    suffix = path.suffix if path.stem else ""
    stem = last[: len(last) - len(suffix)] if suffix else last
    renamed = f"{stem}~{sha256[:8]}{suffix}"
    key = raw(source_id, f"{folder}/{renamed}" if folder else renamed)
    if len(key.encode()) <= MAX_KEY_BYTES:
        return key
    return raw(source_id, f"{sha256}{suffix if len(suffix) < 16 else ''}")


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
