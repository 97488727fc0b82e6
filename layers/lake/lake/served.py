"""Results as they lie in the served bucket: their keys, the pointer, the manifest.

served/<result>/current.json               which snapshot people see; written last
served/<result>/<snapshot>/manifest.json   what a snapshot is; never changed
served/<result>/<snapshot>/*.parquet       its rows in the key's order, as the manifest lists them
served/_lake/state.json                    the lake's own state
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final, Self

from lake.catalog import Column, Result
from lake.errors import LakeError

PREFIX: Final = "served/"
STATE_KEY: Final = f"{PREFIX}_lake/state.json"
# Some records below have a field `bytes`, which hides the type from their methods.
_Bytes = bytes
Content = _Bytes | str
_MOMENT: Final = "%Y%m%dT%H%M%SZ"
_SNAPSHOT: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}")


class ServedError(LakeError):
    """A served object that is not what its name says."""


def folder(result_id: str) -> str:
    """All that is served of a result."""
    return f"{PREFIX}{result_id}/"


def pointer_key(result_id: str) -> str:
    """Where it stands which snapshot people see."""
    return f"{folder(result_id)}current.json"


def snapshot_folder(result_id: str, snapshot: str) -> str:
    """All that belongs to one snapshot."""
    return f"{folder(result_id)}{snapshot}/"


def manifest_key(result_id: str, snapshot: str) -> str:
    """Where a snapshot says what it is; one without is unfinished."""
    return f"{snapshot_folder(result_id, snapshot)}manifest.json"


def snapshot_of(key: str) -> str | None:
    """The snapshot that an object belongs to; none for the pointer."""
    parts = key.removeprefix(PREFIX).split("/")
    return parts[1] if len(parts) > 2 and is_snapshot(parts[1]) else None


def is_snapshot(text: str) -> bool:
    """Whether a text is written as snapshots are named; it may come from anybody."""
    return _SNAPSHOT.fullmatch(text) is not None


def snapshot_name(at: datetime, sources: Mapping[str, int], definition: str) -> str:
    """`20260830T101500Z-1a2b3c4d`: sorts by time, and says from what it was made."""
    made_from = json.dumps([sorted(sources.items()), definition])
    digest = hashlib.sha256(made_from.encode()).hexdigest()[:8]
    return f"{at.astimezone(UTC).strftime(_MOMENT)}-{digest}"


def published_at(snapshot: str) -> str:
    """`2026-08-30T10:15:00Z`: when a snapshot was made, by its name."""
    return datetime.strptime(snapshot[:16], _MOMENT).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007


def age_minutes(moment: str, now: datetime) -> int:
    """How long ago a moment of JSON was, in whole minutes."""
    return max(0, int((now - datetime.fromisoformat(moment)).total_seconds() // 60))


def definition(result: Result) -> str:
    """Another one means that a result is to be made anew from the same tables."""
    columns = [column_dict(column) for column in result.columns]
    said = json.dumps([result.query, columns, result.key], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def column_dict(column: Column) -> dict[str, Any]:
    """A column as manifests write it."""
    return {"name": column.name, "type": column.type, "unit": column.unit, "about": column.about}


@dataclass(frozen=True)
class Pointer:
    """Which snapshot people see; `rolled_back`: a person chose it, and there is a newer one."""

    result: str
    snapshot: str
    published_at: str
    rolled_back: bool = False

    def dumps(self) -> _Bytes:
        """As it lies in the bucket."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def parse(cls, content: Content) -> Self:
        """The pointer in an object."""
        found = _known(cls, _object(content, "pointer"), "pointer")
        if not is_snapshot(str(found["snapshot"])):
            raise ServedError(f"a pointer names '{found['snapshot']}', which is no snapshot")
        return cls(**found)


@dataclass(frozen=True)
class ServedFile:
    """One Parquet file of a snapshot."""

    key: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What one snapshot of a result is, and from what it was made."""

    result: str
    snapshot: str
    published_at: str
    run: str
    job: str
    rows: int
    bytes: int
    files: tuple[ServedFile, ...]  # in the key's order
    sources: Mapping[str, int]  # table id -> the Iceberg snapshot that was read
    definition: str
    columns: tuple[Mapping[str, Any], ...]
    key: tuple[str, ...]

    @classmethod
    def of(
        cls,
        result: Result,
        snapshot: str,
        run: str,
        files: Sequence[ServedFile],
        sources: Mapping[str, int],
    ) -> Self:
        """The manifest of files that were written."""
        return cls(
            result=result.id,
            snapshot=snapshot,
            published_at=published_at(snapshot),
            run=run,
            job=result.job,
            rows=sum(file.rows for file in files),
            bytes=sum(file.bytes for file in files),
            files=tuple(files),
            sources=dict(sources),
            definition=definition(result),
            columns=tuple(column_dict(column) for column in result.columns),
            key=result.key,
        )

    def dumps(self) -> _Bytes:
        """As it lies in the bucket."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()

    @classmethod
    def parse(cls, content: Content) -> Self:
        """The manifest in an object."""
        found = _known(cls, _object(content, "manifest"), "manifest")
        folder_ = snapshot_folder(str(found["result"]), str(found["snapshot"]))
        files = tuple(ServedFile(**_known(ServedFile, one, "file")) for one in found["files"])
        if not all(file.key.startswith(folder_) for file in files):
            raise ServedError(f"the manifest of {folder_} names files that lie elsewhere")
        return cls(
            **{**found, "files": files, **{name: tuple(found[name]) for name in ("columns", "key")}}
        )


def _object(content: Content, what: str) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise ServedError(f"a {what} that is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ServedError(f"a {what} that is no JSON object")
    return found


def _known(kind: type[Any], found: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The fields of a record, whatever else is there; a later version may say more."""
    names = [field.name for field in fields(kind)]
    missing = [name for name in names if name not in found]
    if missing:
        raise ServedError(f"a {what} without {', '.join(missing)}")
    return {name: found[name] for name in names}
