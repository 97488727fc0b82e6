"""Cells made into the values that a table declares, or a rejection that says what is wrong."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from lake import literal
from lake.catalog import Check, Table

Value = object
MAX_SHOWN: Final = 1_000  # characters of a value that a rejection carries


@dataclass(frozen=True)
class Rejection:
    """Why a row can't stand: the column, what it said, the rule's name and the rule in words."""

    column: str
    value: str | None
    rule: str
    reason: str


class Refused(Exception):
    """A value that breaks a rule; `Conformer` turns it into a rejection."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule, self.reason = rule, reason

    def __reduce__(self) -> tuple[type[Refused], tuple[str, str]]:
        return Refused, (self.rule, self.reason)


class Conformer:
    """The rules of one table, made ready once for many rows."""

    def __init__(self, table: Table) -> None:
        self._columns = [(column, PARSERS[column.type]) for column in table.columns]
        self._checks = [(check, _checker(check)) for check in table.checks]
        self._keys = frozenset(table.key)
        self._places = {column.name: place for place, column in enumerate(table.columns)}
        unknown = [check.column for check in table.checks if check.column not in self._places]
        if unknown:
            raise KeyError(f"{table.id} checks {unknown}, which it does not have")

    def row(self, values: Mapping[str, Value]) -> tuple[Value, ...] | Rejection:
        """The typed values in the table's order, or the first rule that they break."""
        typed: list[Value] = []
        for column, parser in self._columns:
            raw = values.get(column.name)
            try:
                value = None if raw is None else parser(raw)
            except Refused as refused:
                return rejection(column.name, raw, refused.rule, refused.reason)
            if value is None and (column.required or column.name in self._keys):
                return rejection(column.name, raw, "required", f"{column.name} must have a value")
            typed.append(value)
        for check, broken in self._checks:
            value = typed[self._places[check.column]]
            if value is not None and (fault := broken(value)):
                said = values.get(check.column)
                return rejection(check.column, said, fault[0], f"{check.column} {fault[1]}")
        return tuple(typed)


def rejection(column: str, value: Value, rule: str, reason: str) -> Rejection:
    """A rejection with the value as text, cut where it gets long."""
    return Rejection(column, None if value is None else shown(value), rule, reason)


def shown(value: Value) -> str:
    """A value as a person may read it in the list of rejects."""
    return (value if isinstance(value, str) else repr(value))[:MAX_SHOWN]


_ERRORS: Final = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)
_TRUE: Final = frozenset({"true", "1", "yes", "si", "sí", "verdadero"})
_FALSE: Final = frozenset({"false", "0", "no", "falso"})
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_GROUPED_DOTS: Final = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
_GROUPED_COMMAS: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_NUMERIC: Final = re.compile(r"[0-9]+[.,]?[0-9]*")
_INT32, _INT64 = 2**31, 2**63


def text(value: Value) -> str | None:
    """Text without blanks around it; a number as people write it: 361, never 361.0."""
    if isinstance(value, str):
        stripped = value.strip()
        if stripped in _ERRORS:
            raise Refused("excel_error", f"the cell holds Excel's error {stripped}")
        return stripped or None
    if isinstance(value, int):  # a truth value too: True
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Refused("type", "is no finite number")
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    raise Refused("type", f"is no text but {_kind(value)}")


def number(value: Value) -> float | int | None:
    """A number, also as text: 12.5, Spanish 12,5 and 1.234,56, and 1,76E+09.

    One separator alone is a decimal sign, except for dots or commas that repeat in groups of three.
    """
    if isinstance(value, bool):
        raise Refused("type", "is a truth value, not a number")
    if isinstance(value, int):
        if abs(value) > sys.float_info.max:
            raise Refused("type", "is beyond every number")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Refused("type", "is no finite number")
        return value
    if not isinstance(value, str):
        raise Refused("type", f"is no number but {_kind(value)}")
    plain = text(value)
    if plain is None:
        return None
    plain = _decimal_point(plain)
    if len(plain) > 64 or not plain.isascii() or not _NUMBER.fullmatch(plain):
        raise Refused("type", "is no number")
    if plain.lstrip("+-").isdigit():
        return int(plain)
    parsed = float(plain)
    if not math.isfinite(parsed):
        raise Refused("type", "is beyond every number")
    return parsed


def _decimal_point(plain: str) -> str:
    if "," not in plain:
        grouped = plain.count(".") > 1 and _GROUPED_DOTS.fullmatch(plain)
        return plain.replace(".", "") if grouped else plain
    if "." not in plain:
        grouped = plain.count(",") > 1 and _GROUPED_COMMAS.fullmatch(plain)
        return plain.replace(",", "" if grouped else ".")
    whole, _, fraction = plain.rpartition("," if plain.rfind(",") > plain.rfind(".") else ".")
    grouping = _GROUPED_COMMAS if "," in whole else _GROUPED_DOTS
    if not grouping.fullmatch(whole):
        raise Refused("type", "is no number: its separators contradict each other")
    return f"{whole.replace('.', '').replace(',', '')}.{fraction}"


def _integer(bound: int) -> Callable[[Value], Value]:
    def parse(value: Value) -> int | None:
        parsed = number(value)
        if parsed is None:
            return None
        if isinstance(parsed, float) and not parsed.is_integer():
            raise Refused("type", "is no whole number")
        if not -bound <= parsed < bound:
            raise Refused("type", f"does not fit into {'32' if bound == _INT32 else '64'} bits")
        return int(parsed)

    return parse


def _double(value: Value) -> float | None:
    parsed = number(value)
    return None if parsed is None else float(parsed)


def truth(value: Value) -> bool | None:
    """True or False, also as text ('True') or as 1 and 0."""
    if isinstance(value, bool):
        return value
    said = text(value)
    if said is None:
        return None
    if said.lower() in _TRUE:
        return True
    if said.lower() in _FALSE:
        return False
    # A Spanish Excel writes 1,0.
    if _NUMERIC.fullmatch(said) and (one := number(said)) in (0, 1):
        return one == 1
    raise Refused("type", "is neither true nor false")


def moment(value: Value) -> datetime | None:
    """An instant in UTC, without a zone as Iceberg's timestamp keeps it; no zone given is UTC."""
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (UTC, kept without zone)
    if isinstance(value, str):
        said = text(value)
        if said is None:
            return None
        try:
            return utc(datetime.fromisoformat(said))
        except ValueError as error:
            raise Refused("type", "is no moment such as 2025-08-29 17:01:17") from error
    raise Refused("type", f"is no moment but {_kind(value)}")


def utc(value: datetime) -> datetime:
    """A moment in UTC, without a zone; one that has no zone is in UTC already."""
    try:
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise Refused("type", "is no moment: beyond every calendar") from error


def wall_to_utc(wall: datetime, zone: str) -> datetime:
    """The instant (UTC, no zone) of a clock on the wall; an hour that comes twice: the first."""
    there = ZoneInfo(zone)
    instant = utc(wall.replace(tzinfo=there, fold=0))
    if instant.replace(tzinfo=UTC).astimezone(there).replace(tzinfo=None, fold=0) != wall:
        raise Refused("nonexistent_time", f"the clocks of {zone} skipped this hour")
    return instant


def day(value: Value) -> date | None:
    """A day: a date, or a moment at midnight."""
    if isinstance(value, str) and text(value) is not None and len(value.strip()) == 10:
        try:
            return date.fromisoformat(value.strip())
        except ValueError as error:
            raise Refused("type", "is no day such as 2025-08-29") from error
    at = moment(value)
    if at is None:
        return None
    if (at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0):
        raise Refused("type", "is a moment, not a day")
    return at.date()


def texts(value: Value) -> list[str] | None:
    """A list of texts, also as the literal of one; entries without text are left out."""
    if isinstance(value, str):
        said = text(value)
        if said is None:
            return None
        try:
            value = literal.parse(said)
        except literal.LiteralError as error:
            raise Refused("literal", f"is no list: {error}") from error
        if value is None:
            return None
    if not isinstance(value, list | tuple):
        raise Refused("type", f"is no list but {_kind(value)}")
    said_all = [text(entry) for entry in value if entry is not None]
    return [entry for entry in said_all if entry is not None]


def _kind(value: Value) -> str:
    return f"of type {type(value).__name__}"


PARSERS: Final[Mapping[str, Callable[[Value], Value]]] = {
    "string": text,
    "int": _integer(_INT32),
    "long": _integer(_INT64),
    "double": _double,
    "boolean": truth,
    "timestamp": moment,
    "date": day,
    "array<string>": texts,
}


def _checker(check: Check) -> Callable[[Value], tuple[str, str] | None]:
    def broken(value: Value) -> tuple[str, str] | None:
        if check.between is not None and isinstance(value, int | float):
            low, high = check.between
            if not low <= value <= high:
                return "between", f"must lie between {low} and {high}"
        if check.one_of is not None and value not in check.one_of:
            return "one_of", f"must be one of {', '.join(check.one_of)}"
        if check.matches is not None and not re.fullmatch(check.matches, str(value)):
            return "matches", f"must look like {check.matches}"
        return None

    return broken
