"""Rows for people: a table where it fits the terminal, else one block a row, as psql's \\x does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from lake_cli.views import plain, say, screen

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, Any]
GAP = 2
LEAST = 20  # narrower than this nobody reads a sentence, or a file name
LONGEST_CELL = 240


@dataclass(frozen=True)
class Look:
    """How a set of rows likes to be shown."""

    soft: Sequence[str] = ()  # columns that may be broken into lines
    spare: Sequence[str] = ()  # columns to leave out where there is no room, the first one first
    below: Sequence[str] = ()  # of these, what is said under the table then
    styles: Mapping[str, str] | None = None  # by the row's status
    verbatim: bool = False  # an answer: every column, every digit


def as_table(
    rows: Iterable[Row],
    columns: Sequence[str] | None = None,
    look: Look | None = None,
    *,
    limit: int | None = None,
    nothing: str = "nothing to show",
) -> None:
    """Shows rows, at most `limit`, and says when there are more."""
    look = look or Look()
    upcoming = iter(rows)
    shown = list(islice(upcoming, limit))
    more = limit is not None and next(upcoming, None) is not None
    if not shown:
        screen().print(nothing, markup=False)
        return
    names = list(columns or shown[0])
    if not look.verbatim:
        names = [name for name in names if any(row.get(name) not in (None, "") for row in shown)]
    _show(screen(), names, shown, look)
    if more:
        say(f"the first {limit} rows; more with --limit, all with --json or --csv")


def _show(console: Console, names: list[str], rows: list[Row], look: Look) -> None:
    from rich.cells import cell_len

    cells = {name: [_text(row.get(name), look) for row in rows] for name in names}
    widths = {name: max(map(cell_len, (name, *cells[name]))) for name in names}
    chosen = _fitting(widths, look, console.width)
    if chosen:
        _table(console, {name: cells[name] for name in chosen}, rows, look)
        left_out = [name for name in look.below if name in cells and name not in chosen]
        _notes(console, [cells[name] for name in (names[0], *left_out)])
    else:
        _blocks(console, cells, len(rows))
    console.print()


def _text(value: object, look: Look) -> str:
    text = plain(value, people=not look.verbatim)
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}..."


def _fitting(widths: Mapping[str, int], look: Look, room: int) -> list[str]:
    """The columns that fit beside each other; none when a table would not be readable."""
    least = {
        name: min(width, LEAST) if name in look.soft else width for name, width in widths.items()
    }
    for dropped in range(len(look.spare) + 1):
        names = [name for name in widths if name not in look.spare[:dropped]]
        if sum(least[name] + GAP for name in names) - GAP <= room:
            return names
    return []


def _notes(console: Console, columns: Sequence[Sequence[str]]) -> None:
    for what, *said in zip(*columns, strict=True):
        for text in filter(None, said):
            console.print(f"{what}: {text}", markup=False, soft_wrap=True)


def _table(
    console: Console, cells: Mapping[str, Sequence[str]], rows: Sequence[Row], look: Look
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in cells:
        numbers = all(_is_number(row.get(name)) for row in rows)
        table.add_column(
            Text(name),
            justify="right" if numbers else "left",
            overflow="fold",
            no_wrap=name not in look.soft,
        )
    for index, row in enumerate(rows):
        style = (look.styles or {}).get(str(row.get("status") or ""), "")
        table.add_row(*(Text(column[index]) for column in cells.values()), style=style)
    console.print(table)


def _blocks(console: Console, cells: Mapping[str, Sequence[str]], count: int) -> None:
    from rich.table import Table
    from rich.text import Text

    for index in range(count):
        block = Table.grid(padding=(0, 2, 0, 0))
        for name, column in cells.items():
            if column[index]:
                block.add_row(Text(name, style="bold"), Text(column[index], overflow="fold"))
        if index:
            console.print()
        console.print(block)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
