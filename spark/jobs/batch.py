"""What a job is asked to do: its arguments and the files of its batch."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lake.errors import LakeError


@dataclass(frozen=True)
class Arguments:
    """The documented arguments of every silver job."""

    warehouse: str
    db: str
    input: str | None = None
    batch: str | None = None
    result: str | None = None


@dataclass(frozen=True)
class File:
    """One file to load."""

    uri: str
    source: str
    sha256: str
    load_id: str
    received_at: datetime  # UTC, no zone
    file_name: str


@dataclass(frozen=True)
class Batch:
    """Up to ten files of one source, oldest first: one commit a table."""

    token: str
    files: tuple[File, ...]


def arguments(job: str, about: str | None, argv: Sequence[str]) -> Arguments:
    """The arguments of a job; an unknown one ends it."""
    parser = argparse.ArgumentParser(prog=job, description=about, allow_abbrev=False)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--input", metavar="URI", help="one workbook in bronze")
    what.add_argument(
        "--batch", metavar="URI", help="a manifest of several workbooks of one source"
    )
    parser.add_argument(
        "--warehouse", metavar="URI", required=True, help="root of the silver tables"
    )
    parser.add_argument("--db", metavar="NAME", required=True, help="database of the tables")
    parser.add_argument("--result", metavar="URI", help="where to write what became of the rows")
    return Arguments(**vars(parser.parse_args(list(argv))))


def from_manifest(text: bytes) -> Batch:
    """The batch of a manifest; a load that stands in it twice is one load."""
    data: Mapping[str, Any] = json.loads(text)
    files = {entry["load_id"]: _file(entry) for entry in data["files"]}
    if not files:
        raise LakeError("the batch names no file")
    if len({file.source for file in files.values()}) > 1:
        raise LakeError("a batch is of one source")
    return Batch(data["token"], _ordered(files.values()))


def of_files(files: Iterable[File]) -> Batch:
    """The batch of some files of one source, named by their loads."""
    ordered = _ordered(files)
    loads = ",".join(sorted(file.load_id for file in ordered))
    return Batch(hashlib.sha256(loads.encode()).hexdigest()[:32], ordered)


def _file(entry: Mapping[str, str]) -> File:
    return File(
        uri=entry["uri"],
        source=entry["source"],
        sha256=entry["sha256"],
        load_id=entry["load_id"],
        received_at=utc(entry["received_at"]),
        file_name=entry["file_name"],
    )


def utc(said: str) -> datetime:
    """An ISO moment in UTC, without a zone."""
    at = datetime.fromisoformat(said)
    return at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)


def _ordered(files: Iterable[File]) -> tuple[File, ...]:
    return tuple(sorted(files, key=lambda file: (file.received_at, file.load_id)))
