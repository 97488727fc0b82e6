"""Records of streams as the rows that their tables declare: for the transform and for replays."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NoReturn

from lake.catalog import Catalog, Source, Table
from lake.conform import Conformer, Refused, Rejection, rejection
from lake.errors import CatalogError
from lake.mapping import cell, read

# What the poller wraps around what it was given: whose it is, when it came, and the thing itself.
SOURCE, RECEIVED_AT, OBSERVATION = "source", "received_at", "observation"
# What a replay sends where only the row that a table did not take is left.
ROW: Final = "row"
INGESTED: Final = "ingest_ts"
_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the lake keeps UTC without a zone
_MAX_DEPTH: Final = 16


@dataclass(frozen=True)
class Row:
    """A row as Firehose takes it, and the table that it belongs to."""

    database: str
    table: str
    values: Mapping[str, Any]


class Streams:
    """Every stream of a catalogue, made ready once for many records."""

    def __init__(self, catalog: Catalog) -> None:
        self._streams = {
            source.id: _Stream(source, catalog)
            for source in catalog.sources.values()
            if source.kind == "stream"
        }

    def row(self, data: bytes) -> Row | Rejection:
        """The row of one record, or why there can be none; never raises for what a record holds."""
        try:
            envelope = json.loads(data, parse_constant=_no_number, parse_int=_number)
        except (ValueError, RecursionError) as error:
            return rejection("", None, "json", f"is no JSON: {error}")
        if not isinstance(envelope, dict):
            return rejection("", None, "envelope", "is no JSON object")
        stream = self._streams.get(str(envelope.get(SOURCE)))
        if stream is None:
            said = envelope.get(SOURCE)
            return rejection(SOURCE, said, "envelope", "names no stream of the catalogue")
        return stream.row(envelope)


class _Stream:
    def __init__(self, source: Source, catalog: Catalog) -> None:
        if len(source.feeds) != 1:
            raise CatalogError(f"stream {source.id} must feed one table, not {len(source.feeds)}")
        self._table = catalog.table(source.feeds[0])
        check_shape(source, self._table)
        self._mapping = tuple(source.columns.items())
        self._conformer = Conformer(self._table)
        self._writers = [(column.name, WRITERS[column.type]) for column in self._table.columns]

    def row(self, envelope: Mapping[str, Any]) -> Row | Rejection:
        if isinstance(envelope.get(ROW), dict):
            return self._typed(_read_back(envelope[ROW], self._table))
        observation = envelope.get(OBSERVATION)
        if not isinstance(observation, dict):
            return rejection(OBSERVATION, None, "envelope", f"{OBSERVATION} is no JSON object")
        cells: dict[str, Any] = {}
        if not _flatten(observation, "", cells, _MAX_DEPTH):
            return rejection(OBSERVATION, None, "envelope", f"is nested deeper than {_MAX_DEPTH}")
        values: dict[str, object] = {INGESTED: envelope.get(RECEIVED_AT)}
        for target, mapped in self._mapping:
            said = cell(mapped, target, cells)
            try:
                values[target] = read(said, mapped)
            except Refused as refused:
                return rejection(target, said, refused.rule, refused.reason)
        return self._typed(values)

    def _typed(self, values: Mapping[str, object]) -> Row | Rejection:
        typed = self._conformer.row(values)
        if isinstance(typed, Rejection):
            return typed
        written = {
            name: None if value is None else write(value)
            for (name, write), value in zip(self._writers, typed, strict=True)
        }
        return Row(self._table.database, self._table.name, written)


def check_shape(source: Source, table: Table) -> None:
    """Refuse a stream that would not write exactly the names and types that its table declares."""
    written = {*source.columns, INGESTED}
    declared = {column.name for column in table.columns}
    if written != declared:
        more, less = sorted(written - declared), sorted(declared - written)
        raise CatalogError(
            f"stream {source.id} and table {table.id} differ: "
            f"not in the table: {more or 'none'}; not written: {less or 'none'}"
        )
    untyped = sorted({column.type for column in table.columns} - set(WRITERS))
    if untyped:
        raise CatalogError(f"stream {source.id} cannot write {', '.join(untyped)}")


def sent_again(data: bytes, source: Source, table: Table) -> bytes:
    """A record as it may be put again: what was put before, or the row that was made of it."""
    try:
        row = json.loads(data)
    except (ValueError, RecursionError):
        return data
    if not isinstance(row, dict) or row.keys() != {column.name for column in table.columns}:
        return data
    return json.dumps({SOURCE: source.id, ROW: row}, separators=(",", ":")).encode()


def _read_back(row: Mapping[str, Any], table: Table) -> dict[str, object]:
    """A written row's values as the conformer takes them: moments are microseconds there."""
    moments = {column.name for column in table.columns if column.type == "timestamp"}
    return {
        name: _EPOCH + value * _MICROSECOND
        if name in moments and type(value) is int and abs(value) < 2**57
        else value
        for name, value in row.items()
    }


def _flatten(tree: Mapping[str, Any], path: str, into: dict[str, Any], depth: int) -> bool:
    """`{"current": {"temp_c": 1}}` as `{"current.temp_c": 1}`; False where it is too deep."""
    for name, value in tree.items():
        if isinstance(value, dict):
            if not depth or not _flatten(value, f"{path}{name}.", into, depth - 1):
                return False
        else:
            into[path + name] = value
    return True


def _number(digits: str) -> int | float:
    # Thousands of digits are no measurement, and Python takes its time to read them.
    return int(digits) if len(digits) <= 40 else math.inf


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _microseconds(value: Any) -> int:
    return int((value - _EPOCH) / _MICROSECOND) if isinstance(value, datetime) else _fail(value)


def _day(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else _fail(value)


def _fail(value: Any) -> NoReturn:
    raise TypeError(f"{value!r} did not come from the conformer")


# How Firehose wants each type of the catalogue inside JSON. A moment is microseconds: text would
# be refused by the timestamp column.
WRITERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "string": str,
    "int": int,
    "long": int,
    "double": float,
    "boolean": bool,
    "timestamp": _microseconds,
    "date": _day,
    "array<string>": list,
}
