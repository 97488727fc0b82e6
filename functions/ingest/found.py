"""What a client is given to ask with, and what it brings home."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from functions.ingest.emt import Emt
from functions.ingest.errors import PollFailed
from functions.ingest.keyed import Keyed
from functions.ingest.transport import ShapeError
from functions.ingest.xlsx import workbook

# One call takes EMT a second; a network has five hundred.
AT_ONCE: Final = 4
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class StopLine:
    """What one row of the arrivals workbook asks: one line at one stop."""

    stop: str
    line: str


@dataclass(frozen=True)
class Question:
    """Everything that a client may know."""

    api: Emt | Keyed
    query: Mapping[str, str]
    now: Callable[[], datetime]
    mark: str = ""
    stops: Sequence[StopLine] = ()
    lines: Sequence[str] = ()

    @property
    def emt(self) -> Emt:
        """The API of a client that is written for EMT."""
        if not isinstance(self.api, Emt):
            raise TypeError("this client asks EMT: its API is declared with another auth")
        return self.api

    @property
    def keyed(self) -> Keyed:
        """The API of a client that asks with a key."""
        if not isinstance(self.api, Keyed):
            raise TypeError("this client asks with a key: its API is declared with another auth")
        return self.api


@dataclass(frozen=True)
class Found:
    """One workbook to land."""

    file_name: str
    content: bytes
    rows: int
    mark: str = ""
    # What was asked for and did not come; what came is landed all the same.
    missing: tuple[str, ...] = ()
    why_missing: str = ""
    note: str = ""
    # A list that is suddenly half as long is half a list.
    is_a_list: bool = False


@dataclass(frozen=True)
class NothingNew:
    """The API answered well, and with what the lake has."""

    reason: str


Client = Callable[[Question], Found | NothingNew]


def sheet_of(name: str, first: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The workbook of these rows; columns that nobody knew yet follow the known ones."""
    more = {column for row in rows for column in row} - set(first)
    return workbook(name, [*first, *sorted(more)], rows)


def require(entries: Any, *names: str) -> list[dict[str, Any]]:
    """A list of objects that have these fields, or why the answer is not what was agreed."""
    if not isinstance(entries, list):
        raise ShapeError("an answer without its list")
    for entry in entries:
        lacks = [name for name in names if not isinstance(entry, dict) or entry.get(name) is None]
        if lacks:
            raise ShapeError(f"an entry without {', '.join(lacks)}")
    return entries


def tried(items: Iterable[T], ask: Callable[[T], R]) -> Iterator[tuple[T, R | PollFailed]]:
    """Each item with its answer or failure, in their order, a few asked at once."""

    def answer(item: T) -> R | PollFailed:
        try:
            return ask(item)
        except PollFailed as failed:
            return failed

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        listed = list(items)
        yield from zip(listed, pool.map(answer, listed), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)
