"""How things look: tables for people, JSON and CSV for machines, progress on the side."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console

Side = Literal["left", "right"]
NARROW = 16  # a cell this short is never broken into two lines
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


def as_table(
    rows: Iterable[Row],
    columns: Sequence[str] | None = None,
    *,
    limit: int | None = None,
    nothing: str = "nothing to show",
    styles: Mapping[str, str] | None = None,
    verbatim: bool = False,
) -> None:
    """A table for people, cut after `limit` rows, which it says.

    Our own tables leave out empty columns and group digits; an answer stays `verbatim`.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    upcoming = iter(rows)
    shown = list(islice(upcoming, limit))
    names = list(columns or (shown[0] if shown else ()))
    if not verbatim:
        names = [name for name in names if any(row.get(name) not in (None, "") for row in shown)]
    more = limit is not None and next(upcoming, None) is not None
    if not shown:
        screen().print(nothing, markup=False)
        return
    cells = {name: [plain(row.get(name), people=not verbatim) for row in shown] for name in names}
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in names:
        numbers = all(_is_number(row.get(name)) for row in shown)
        narrow = numbers or max(map(len, cells[name])) <= NARROW
        side: Side = "right" if numbers else "left"
        table.add_column(Text(name), justify=side, overflow="fold", no_wrap=narrow)
    for index, row in enumerate(shown):
        style = (styles or {}).get(str(row.get("status") or ""), "")
        table.add_row(*(Text(cells[name][index]) for name in names), style=style)
    screen().print()
    screen().print(table)
    screen().print()
    if more:
        say(f"the first {limit} rows; more with --limit, all with --json or --csv")


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


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


def span(seconds: float) -> str:
    """A length of time in one unit."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def size(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
