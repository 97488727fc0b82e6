"""How things look: tables for people, JSON and CSV for machines, progress on the side."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from lake.state.words import span

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 200  # a file has no edge, but a table wants one
Row = Mapping[str, Any]


@cache
def screen(*, stderr: bool = False) -> Console:
    """Where people read; stdout belongs to the answer, everything else goes to stderr."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


def say(text: str, style: str = "") -> None:
    """A line on the side, never mixed into an answer."""
    screen(stderr=True).print(text, style=style, markup=False, soft_wrap=True)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A spinner while something takes its time; a plain line where nobody watches."""
    console = screen(stderr=True)
    if console.is_terminal:
        with console.status(what):
            yield
        return
    import threading

    timer = threading.Timer(2.0, say, (f"{what} ...",))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def as_json(rows: Iterable[Row]) -> None:
    """A JSON array of objects, one a line, written as the rows come."""
    before = "[\n "
    for row in rows:
        sys.stdout.write(before + json.dumps(row, ensure_ascii=False, default=str))
        before = ",\n "
    sys.stdout.write("[]\n" if before.startswith("[") else "\n]\n")


def as_csv(columns: Sequence[str], rows: Iterable[Row]) -> None:
    """CSV with a header; null is nothing between the commas."""
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: plain(value) for name, value in row.items()})


def plain(value: object, *, people: bool = False) -> str:
    """One value as text."""
    match value:
        case None:
            return ""
        case bool():
            return ("yes" if value else "no") if people else str(value).lower()
        case int() if people:
            return f"{value:,}"
        case float() if people:
            return f"{value:,.6g}"
        case dict() | list() | tuple():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)


def ago(moment: str | None, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that says something."""
    if not moment:
        return ""
    then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    seconds = max(0.0, ((now or datetime.now(UTC)) - then).total_seconds())
    return f"{span(seconds)} ago"


def size(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
