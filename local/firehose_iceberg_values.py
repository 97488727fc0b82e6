"""JSON made into an Arrow table of exactly the names and types that an Iceberg table has."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.types import (
    BooleanType,
    DateType,
    DoubleType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
    TimestamptzType,
)

Check = Callable[[Any], bool]


class Misfit(ValueError):
    """A record that the table can't take."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Columns:
    """Collects records for one table; as on AWS nothing is converted and no column is guessed."""

    def __init__(self, schema: Schema) -> None:
        self._arrow = schema_to_pyarrow(schema, include_field_ids=False)
        self._fields = [(field.name, field.required, _check_of(field)) for field in schema.fields]
        self._names = {field.name for field in schema.fields}
        self._rows: list[dict[str, Any]] = []

    def add(self, data: bytes) -> None:
        """Take one record, or say why the table can't."""
        try:
            row = json.loads(data)
        except ValueError as error:
            raise Misfit("Iceberg.InvalidJson", f"The record is no JSON: {error}") from None
        if not isinstance(row, dict):
            raise Misfit("Iceberg.InvalidJson", "The record is no JSON object.")
        if row.keys() != self._names:
            if missing := sorted(self._names - row.keys()):
                said = f"The record lacks the columns {', '.join(missing)}."
                raise Misfit("Iceberg.MissingColumnWithinRecord", said)
            more = ", ".join(sorted(row.keys() - self._names))
            raise Misfit("Iceberg.UnknownColumn", f"The table has no column {more}.")
        for name, required, fits in self._fields:
            value = row[name]
            if value is None:
                if required:
                    raise Misfit("Iceberg.RequiredColumnIsNull", f"{name} must have a value.")
            elif not fits(value):
                said = f"{name} cannot hold a {type(value).__name__} such as {value!r}"
                raise Misfit("Iceberg.TypeMismatch", said[:500])
        self._rows.append(row)

    def __len__(self) -> int:
        return len(self._rows)

    def table(self) -> pa.Table:
        """All that was taken."""
        arrays = [
            pa.array([_stored(row[field.name], field.type) for row in self._rows], field.type)
            for field in self._arrow
        ]
        return pa.Table.from_arrays(arrays, schema=self._arrow)


def _stored(value: Any, kind: pa.DataType) -> Any:
    return date.fromisoformat(value) if pa.types.is_date(kind) and value is not None else value


def _whole(bits: int) -> Check:
    edge = 1 << (bits - 1)
    return lambda value: type(value) is int and -edge <= value < edge


def _day(value: Any) -> bool:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _texts(value: Any) -> bool:
    return type(value) is list and all(each is None or type(each) is str for each in value)


def _check_of(field: NestedField) -> Check:
    kind = field.field_type
    if isinstance(kind, ListType) and isinstance(kind.element_type, StringType):
        return _texts
    for known, check in _CHECKS:
        if isinstance(kind, known):
            return check
    return lambda _: False


_CHECKS: tuple[tuple[type, Check], ...] = (
    (StringType, lambda value: type(value) is str),
    (IntegerType, _whole(32)),
    (LongType, _whole(64)),
    (DoubleType, lambda value: type(value) in (int, float)),
    (BooleanType, lambda value: type(value) is bool),
    # Text is refused: Firehose takes a moment as microseconds only.
    (TimestampType, _whole(64)),
    (TimestamptzType, _whole(64)),
    (DateType, _day),
)
