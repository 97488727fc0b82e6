"""What a parser says about a file: rows, rejects, empty places. Pure, and known by no domain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lake.catalog import Source

Cells = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table as the file says it: values by column, not yet typed."""

    table_id: str
    row_number: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that can't be one."""

    table_id: str
    row_number: int
    column: str | None
    value: object
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Empty:
    """A place where a row could stand and none does."""

    table_id: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """A row that this file has said already, word for word."""

    table_id: str


Event = Row | Reject | Empty | Repeat


@dataclass(frozen=True)
class Context:
    """What a parser may know besides the rows."""

    source: Source
    received_at: datetime  # UTC, no zone
    file_name: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)  # the catalogue's, by DOMAIN/NAME


Parser = Callable[[Iterable[tuple[int, Cells]], Context], Iterator[Event]]


@dataclass(frozen=True)
class Transform:
    """One source's way into its tables."""

    parse: Parser
    # Columns that the key implies though it does not hold them: a partition on them can be pruned.
    implied: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # List columns of which a file says a part: new entries are added to the known ones.
    adds_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
