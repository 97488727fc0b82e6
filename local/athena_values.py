"""Values as Athena prints them."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

from local.athena_results import Row


def rows_of(table: pa.Table, zones: dict[int, str] | None = None) -> list[Row]:
    """Arrow rows as texts; `zones` names the time zone of columns that show one."""
    texts: list[list[str | None]] = []
    for number, column in enumerate(table.columns):
        zone = (zones or {}).get(number, "")
        values = _values(column)
        texts.append([None if v is None else text_of(v) + zone for v in values])
    return [list(row) for row in zip(*texts, strict=True)]


def _values(column: pa.ChunkedArray) -> Iterator[Any]:
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # Python needs no time zone data for what is UTC anyway.
        naive = column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
        return (None if v is None else _Zoned(v) for v in naive.to_pylist())
    if pa.types.is_map(kind):
        return (None if v is None else dict(v) for v in column.to_pylist())
    if pa.types.is_float32(kind):
        return (None if v is None else _Single(v) for v in column.to_pylist())
    return iter(column.to_pylist())


class _Single(float):
    """A 32-bit float, which prints with its own few digits."""


@dataclass(frozen=True)
class _Zoned:
    utc: datetime


def text_of(value: Any) -> str:
    """One value as Athena prints it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return java_double(value, single=isinstance(value, _Single))
    if isinstance(value, _Zoned):
        return f"{text_of(value.utc)} UTC"
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M:%S}.{value.microsecond // 1000:03}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, list):
        return "[" + ", ".join(text_of(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)}={text_of(v)}" for k, v in value.items()) + "}"
    if isinstance(value, pa.MonthDayNano):
        return _interval(value)
    return str(value)


def _key(key: Any) -> str:
    """DuckDB calls the fields of a row without names _0, _1; Athena field0, field1."""
    unnamed = re.fullmatch(r"_(\d+)", key) if isinstance(key, str) else None
    return f"field{unnamed[1]}" if unnamed else text_of(key)


def java_double(value: float, single: bool = False) -> str:
    """A double as Java prints it: `1.0`, `1.0E7`, `1.0E-4`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    digits = f"{value:.9g}" if single else repr(float(value))
    if single:
        digits = next(t for n in range(1, 10) if _same_single(t := f"{value:.{n}g}", value))
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    if 1e-3 <= abs(value) < 1e7:
        plain = f"{Decimal(digits):f}"
        return plain if "." in plain else f"{plain}.0"
    sign, figures, _ = Decimal(digits).normalize().as_tuple()
    exponent = Decimal(digits).adjusted()
    text = "".join(map(str, figures))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{exponent}"


def _same_single(text: str, value: float) -> bool:
    return bool(pa.scalar(float(text), pa.float32()).as_py() == float(value))


def _interval(value: Any) -> str:
    if value.months and not value.days and not value.nanoseconds:
        sign, months = ("-" if value.months < 0 else ""), abs(value.months)
        return f"{sign}{months // 12}-{months % 12}"
    millis = value.days * 86_400_000 + value.nanoseconds // 1_000_000
    sign, millis = ("-" if millis < 0 else ""), abs(millis)
    days, millis = divmod(millis, 86_400_000)
    hours, millis = divmod(millis, 3_600_000)
    minutes, millis = divmod(millis, 60_000)
    return f"{sign}{days} {hours:02}:{minutes:02}:{millis // 1000:02}.{millis % 1000:03}"
