"""A source as it is guessed from a sheet: its columns, its key, and a few rows to check it by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from lake.conform import Refused, text
from lake_cli.exits import Stop
from lake_cli.new_source import keys, samples
from lake_cli.new_source.guess import Guess, guess, is_blank
from lake_cli.new_source.names import SourceName, column_names
from lake_cli.new_source.sheets import Seen

_NO_TYPE: Final = "it holds times of day or durations, which no type of the lake takes"
_NO_TEXT: Final = "its header is no text: write it as text in the sheet, and declare it then"


@dataclass(frozen=True)
class Column:
    """One column of the table: what it is called, whence it comes, what it is taken for."""

    name: str
    header: str
    kind: Guess
    required: bool


@dataclass(frozen=True)
class LeftOut:
    """A column of the sheet that is not declared, and why."""

    header: str
    why: str


@dataclass(frozen=True)
class Row:
    """A row of the sheet: each column's cell as plain text, and the value that it stands for."""

    number: int
    cells: tuple[str, ...]
    values: tuple[object, ...]


@dataclass(frozen=True)
class Draft:
    """All that the files of a new source say."""

    source: SourceName
    made_from: str  # the file's name; nothing for an example
    sheet: str | None
    columns: tuple[Column, ...]
    left_out: tuple[LeftOut, ...]
    key: keys.Key
    rows: tuple[Row, ...]
    looked_at: str  # how many rows, in words


def draft(source: SourceName, made_from: str, seen: Seen, wanted: Sequence[str]) -> Draft:
    """The source that a sheet suggests; `wanted` is the key that a person has named."""
    columns, left_out = _columns(seen)
    if not columns:
        raise Stop(f"no column of the sheet '{seen.sheet}' can be declared: {left_out[0].why}")
    rows = list(_rows(columns, seen))
    if not rows:
        raise Stop(f"every row of the sheet '{seen.sheet}' holds an error of Excel, such as #N/A")
    named = keys.named(wanted, {column.name: column.header for column in columns})
    values = {row.number: row.values for row in rows}
    kinds = {column.name: column.kind.type for column in columns}
    key = keys.choose(kinds, values, named)
    columns = [
        Column(one.name, one.header, one.kind, one.required or one.name in key.columns)
        for one in columns
    ]
    shown = samples.choose({row.number: row.cells for row in rows})
    count = f"{len(seen.rows):,} {'row' if len(seen.rows) == 1 else 'rows'}"
    return Draft(
        source=source,
        made_from=made_from,
        sheet=seen.sheet,
        columns=tuple(columns),
        left_out=tuple(left_out),
        key=key,
        rows=tuple(row for row in rows if row.number in shown),
        looked_at=f"the first {count}" if seen.more else f"its {count}",
    )


def _columns(seen: Seen) -> tuple[list[Column], list[LeftOut]]:
    kinds: dict[str, Guess] = {}
    cells: dict[str, list[object]] = {}
    left_out = []
    for header in seen.columns:
        cells[header] = [row[header] for _, row in seen.rows]
        kind = guess(cells[header])
        if header in seen.unfindable:
            left_out.append(LeftOut(header, _NO_TEXT))
        elif kind is None:
            left_out.append(LeftOut(header, _NO_TYPE))
        else:
            kinds[header] = kind
    columns = [
        Column(name, header, kinds[header], not any(map(is_blank, cells[header])))
        for name, header in zip(column_names(kinds), kinds, strict=True)
    ]
    return columns, left_out


def _rows(columns: Sequence[Column], seen: Seen) -> Iterator[Row]:
    """The rows that the lake would take; one with an error of Excel in it would be rejected."""
    for number, cells in seen.rows:
        row = _row(columns, number, cells)
        if row:
            yield row


def _row(columns: Sequence[Column], number: int, cells: Mapping[str, object]) -> Row | None:
    try:
        values = tuple(
            None if is_blank(cells[column.header]) else column.kind.value(cells[column.header])
            for column in columns
        )
    except Refused:
        return None
    plain = tuple(_plain(cells[column.header], column.kind.format) for column in columns)
    return Row(number, plain, values)


def _plain(cell: object, spelt: str | None) -> str:
    """A cell as the text that the lake reads alike."""
    if cell is None or isinstance(cell, str):
        return cell or ""
    if spelt and isinstance(cell, date):
        return cell.strftime(spelt)
    return text(cell) or ""
