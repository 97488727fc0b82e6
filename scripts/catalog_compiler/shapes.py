"""What a declaration may say, and nothing else."""

from __future__ import annotations

import re

from lake.types import TYPES
from scripts.catalog_compiler.reader import (
    Entry,
    flag,
    list_of,
    map_of,
    number,
    one_of,
    record,
    text,
)

LAYERS = ("silver", "gold", "ops")
MOST_ROWS_A_PAGE = 5_000
# What an address says about rows beside their columns.
RESERVED = frozenset({"cursor", "fields", "format", "limit", "snapshot", "sort"})
SNAKE = re.compile(r"[a-z][a-z0-9_]*")
_PATH = re.compile(r"[A-Za-z0-9][\w.=-]*(?:/[A-Za-z0-9][\w.=-]*)*")
_DURATION = re.compile(r"(\d+)(m|h|d)")
_MINUTES = {"m": 1, "h": 60, "d": 1440}


def duration(entry: Entry, name: str) -> None:
    """`90m`, `24h`, `7d`."""
    if not isinstance(entry.value, str) or not _DURATION.fullmatch(entry.value):
        raise entry.place.refuse(f"'{name}' must be a duration such as 90m, 24h or 7d")


def minutes(value: str) -> int:
    """A duration in minutes."""
    return int(value[:-1]) * _MINUTES[value[-1]]


def pattern(entry: Entry, name: str) -> None:
    """A regular expression that compiles."""
    text(entry, name)
    try:
        re.compile(entry.value)
    except re.error as error:
        raise entry.place.refuse(f"'{name}' is no regular expression: {error}") from error


def object_path(entry: Entry, name: str) -> None:
    """Folders with a slash between them."""
    text(entry, name)
    if not _PATH.fullmatch(entry.value):
        raise entry.place.refuse(f"'{name}' must be folders like manual/city-riohacha")


def clock_folder(entry: Entry, name: str) -> None:
    """Folders in which {year}, {month}, {day} and {date} stand for the moment of receipt."""
    text(entry, name)
    try:
        folder = entry.value.format(year="2025", month="08", day="30", date="2025-08-30")
    except (KeyError, IndexError, ValueError):
        folder = ""
    if not _PATH.fullmatch(folder):
        raise entry.place.refuse(
            f"'{name}' must be folders like year={{year}}/month={{month}} or day={{date}}"
        )


_MAPPED = {
    "from": text,
    "is": text,
    "item": number,
    "epoch": one_of("s", "ms"),
    "format": text,
    "zone": text,
}
SCHEDULE = record({"cron": text, "zone": text}, required=["cron"])
POLL = record(
    {
        "api": text,
        "client": text,
        "schedule": SCHEDULE,
        "every": duration,
        "query": map_of(text),
    },
    required=["api"],
)
_COLUMN = {
    "type": one_of(*TYPES),
    "required": flag,
    "about": text,
    "unit": text,
}
_CHECKS = list_of(
    record(
        {
            "column": text,
            "between": list_of(number, length=2),
            "one_of": list_of(text),
            "matches": pattern,
        },
        required=["column"],
    )
)
_QUALITY = list_of(
    record(
        {
            "check": one_of("rows", "unique", "nulls", "checks", "volume"),
            "column": text,
            "at_least": number,
            "at_most": number,
            "within": list_of(number, length=2),
            "severity": one_of("stop", "warn"),
        },
        required=["check"],
    )
)
_TABLE_FIELDS = {
    "about": text,
    "key": list_of(text),
    "partition": list_of(text),
    "newest_by": text,
    "keep_known": flag,
    "fresh_within": duration,
    "retention": duration,
    "checks": _CHECKS,
    "quality": _QUALITY,
}

_COLUMNS = map_of(record(_COLUMN, required=["type", "about"]))

TABLE = record(
    {**_TABLE_FIELDS, "columns": _COLUMNS},
    required=["about", "key", "columns"],
)
INLINE_TABLE = record(
    {
        **_TABLE_FIELDS,
        "name": text,
        "columns": map_of(record({**_COLUMN, **_MAPPED}, required=["type", "about"])),
    },
    required=["name", "key", "columns"],
)
SOURCE = record(
    {
        "about": text,
        "kind": one_of("upload", "stream"),
        "poll": POLL,
        "path": object_path,
        "folder": clock_folder,
        "constants": map_of(text),
        "format": record(
            {
                "type": one_of("workbook", "json", "parquet"),
                "sheet": text,
                "header_row": number,
                "max_bytes": number,
                "max_rows": number,
                "max_columns": number,
            }
        ),
        "requires": list_of(text),
        "job": text,
        "feeds": list_of(text),
        "derives": list_of(text),
        "columns": map_of(record(_MAPPED)),
        "reject_share": number,
        "table": INLINE_TABLE,
    },
    required=["about", "kind"],
)
API = record(
    {
        "about": text,
        "url": text,
        "secret": text,
        "environment": map_of(text),
        "auth": one_of("none", "query", "header", "emt"),
        "parameter": text,
        "retries": number,
        "timeout": number,
        "quota_per_day": number,
    },
    required=["about", "url"],
)


def argument(entry: Entry, name: str) -> None:
    """A word, a number, or what the deployment calls a database or a layer's warehouse."""
    if isinstance(entry.value, dict):
        record({"database": text, "warehouse": text})(entry, name)
        if len(entry.value) != 1:
            raise entry.place.refuse(f"'{name}' says exactly one of database and warehouse")
    elif isinstance(entry.value, bool) or not isinstance(entry.value, str | int | float):
        raise entry.place.refuse(
            f"'{name}' must be a text, a number, {{database: ..}} or {{warehouse: ..}}"
        )


JOB = record(
    {
        "about": text,
        "script": text,
        "reads": list_of(text),
        "writes": list_of(text),
        "timeout": duration,
        "arguments": map_of(argument),
    },
    required=["about", "writes"],
)
PIPELINE = record(
    {
        "about": text,
        "schedule": SCHEDULE,
        "timeout": duration,
        "stages": list_of(list_of(text)),
    },
    required=["about", "stages"],
)


def _columns_of_result(entry: Entry, name: str) -> None:
    """Names of a table's columns, or columns that a query computes."""
    shape = list_of(text) if isinstance(entry.value, list) else _COLUMNS
    shape(entry, name)


RESULT = record(
    {
        "about": text,
        "job": text,
        "from": text,
        "query": text,
        "columns": _columns_of_result,
        "key": list_of(text),
        "filters": list_of(text),
        "sorts": list_of(text),
        "fresh_within": duration,
        "keep": duration,
        "page": number,
    },
    required=["about", "job", "key"],
)
