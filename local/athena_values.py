"""Values as Athena prints them."""

import math
import re
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

from local.athena_results import Row

Printer = Callable[[Any], str]


def rows_of(table: pa.Table, zones: dict[int, str] | None = None) -> list[Row]:
    """Arrow rows as texts; `zones` names the time zone of columns that show one."""
    texts: list[list[str | None]] = []
    for number, column in enumerate(table.columns):
        zone = (zones or {}).get(number, "")
        printed = _printer(column.type)
        values = _readable(column).to_pylist()
        texts.append([None if v is None else printed(v) + zone for v in values])
    return [list(row) for row in zip(*texts, strict=True)]


def _readable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # Python needs no time zone data for what is UTC anyway.
        return column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    return column


def _printer(kind: pa.DataType) -> Printer:
    """How Athena prints values of an Arrow type, however deep others are inside of it."""
    if pa.types.is_map(kind):
        key, item = _printer(kind.key_type), _nullable(kind.item_type)
        return lambda pairs: "{" + ", ".join(f"{key(k)}={item(v)}" for k, v in pairs) + "}"
    if pa.types.is_struct(kind):
        fields = [(_field_name(f.name), f.name, _nullable(f.type)) for f in kind]
        return lambda row: "{" + ", ".join(f"{n}={p(row[f])}" for n, f, p in fields) + "}"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        element = _nullable(kind.value_type)
        return lambda items: "[" + ", ".join(map(element, items)) + "]"
    if pa.types.is_float32(kind):
        return lambda value: java_double(value, single=True)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return lambda moment: f"{_instant(moment)} UTC"
    return _plain


def _nullable(kind: pa.DataType) -> Printer:
    """Inside of another value NULL has a word."""
    printed = _printer(kind)
    return lambda value: "null" if value is None else printed(value)


def _field_name(name: str) -> str:
    """DuckDB calls the fields of a row without names _0, _1; Athena field0, field1."""
    unnamed = re.fullmatch(r"_(\d+)", name)
    return f"field{unnamed[1]}" if unnamed else name


def _instant(moment: datetime) -> str:
    utc = moment.astimezone(UTC) if moment.tzinfo is not None else moment
    return f"{utc:%Y-%m-%d %H:%M:%S.%f}"


def _plain(value: Any) -> str:
    """A value with nothing inside of it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return java_double(value)
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M:%S}.{value.microsecond // 1000:03}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, pa.MonthDayNano):
        return _interval(value)
    return str(value)


def java_double(value: float, single: bool = False) -> str:
    """A double as Java prints it: `1.0`, `1.0E7`, `1.0E-4`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    digits = _shortest(value, single)
    if 1e-3 <= abs(value) < 1e7:
        plain = f"{Decimal(digits):f}"
        return plain if "." in plain else f"{plain}.0"
    sign, figures, _ = Decimal(digits).normalize().as_tuple()
    exponent = Decimal(digits).adjusted()
    text = "".join(map(str, figures))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{exponent}"


def _shortest(value: float, single: bool) -> str:
    """The fewest digits that are this value and no other of its width. Java writes at least two,
    the nearest: Double.MIN_VALUE is 4.9E-324."""

    def is_it(text: str) -> bool:
        return (
            struct.unpack("f", struct.pack("f", float(text)))[0] if single else float(text)
        ) == value

    digits = repr(value)
    if single:
        digits = next(text for n in range(1, 10) if is_it(text := f"{value:.{n}g}"))
    two = f"{value:.2g}"
    return two if is_it(two) else digits


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
