"""Values of the catalogue's types: read from a query string, and written into JSON."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Any, Final

WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})")
NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]+))?"
    r"(?:[Zz]|([+ -])([0-9]{2}:[0-9]{2}))?"
)
LIMITS: Final = {"int": 2**31, "long": 2**63}
LONGEST: Final = 500
MEANT: Final = {
    "string": f"up to {LONGEST} characters",
    "int": "a whole number of 32 bits",
    "long": "a whole number of 64 bits",
    "double": "a number",
    "boolean": "true or false",
    "date": "a day as 2025-08-30",
    "timestamp": "a moment as 2025-08-30T08:00:00Z",
}


def parse(kind: str, text: str) -> Any:
    """The value that a text means; ValueError for any other."""
    if kind == "string":
        if len(text) > LONGEST:
            raise ValueError(MEANT[kind])
        return text
    if kind in LIMITS:
        return _whole(text, LIMITS[kind])
    if kind == "double":
        value = float(text) if NUMBER.fullmatch(text) else math.nan
        if not math.isfinite(value):
            raise ValueError(MEANT[kind])
        return value
    if kind == "boolean":
        return {"true": True, "false": False}[text] if text in ("true", "false") else _refuse(kind)
    if kind == "date":
        return date.fromisoformat(text) if DAY.fullmatch(text) else _refuse(kind)
    return _moment(text)


def _whole(text: str, limit: int) -> int:
    value = int(text) if WHOLE.fullmatch(text) else limit
    if not -limit <= value < limit:
        raise ValueError("no whole number, or too large a one")
    return value


def _moment(text: str) -> datetime:
    """An instant as UTC without zone; without an offset it is UTC already."""
    if DAY.fullmatch(text):
        return datetime.fromisoformat(text)
    found = MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(MEANT["timestamp"])
    day, clock, fraction, sign, offset = found.groups()
    # A plus that nobody encoded arrives as a space.
    zone = f"{'-' if sign == '-' else '+'}{offset}" if offset else "+00:00"
    moment = datetime.fromisoformat(f"{day}T{clock}{'.' + fraction if fraction else ''}{zone}")
    try:
        return moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        # An hour before the first or after the last moment that there is.
        return datetime.min if moment.year == 1 else datetime.max  # noqa: DTZ901


def _refuse(kind: str) -> Any:
    raise ValueError(MEANT[kind])


def as_json(value: Any) -> Any:
    """A value as JSON has it: moments in UTC with a Z, days as such."""
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, date):
        return value.isoformat()
    return value
