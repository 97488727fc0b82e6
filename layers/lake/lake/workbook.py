"""Workbooks as rows: cells by column name, each row with its number in the sheet.

The file has passed the pre-scan (`lake.prescan`): calamine dies on some files that openpyxl reads.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from lake.errors import FileRefused
from lake.names import nearest

Cell = object
Row = tuple[int, dict[str, Cell]]

_CHUNK: Final = 1 << 20
_ERROR_CELL: Final = re.compile(
    rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3})(\d{1,7})"[^>]*>'
    rb"(?:(?!</(?:\w+:)?c>).){0,9000}?<(?:\w+:)?v>([^<]{0,40})<",
    re.DOTALL,
)


@dataclass(frozen=True)
class Sheet:
    """One sheet: the columns that its header names, and the rows below, read once."""

    name: str
    columns: tuple[str, ...]
    rows: Iterator[Row]


def read(
    path: str | Path, sheet: str | None = None, header_row: int = 1, requires: Sequence[str] = ()
) -> Sheet:
    """The declared sheet of a workbook (the first one when none is declared)."""
    book = _open(path)
    name = _sheet_name(book, sheet)
    # Both leave Python's lock alone for nearly all their time, so two cores halve the wait.
    with ThreadPoolExecutor(1) as aside:
        searched = aside.submit(_error_cells, path, book.sheet_names.index(name))
        cells = _numbered(book.get_sheet_by_name(name))
        errors = searched.result()
    header = next((values for number, values in cells if number == header_row), [])
    columns = _columns(header, requires, name)
    return Sheet(name, tuple(columns), _rows(cells, columns, errors))


def _open(path: str | Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        raise FileRefused(
            "unreadable", f"the file is no workbook that can be read: {error}"
        ) from error


def _sheet_name(book: CalamineWorkbook, wanted: str | None) -> str:
    names = book.sheet_names
    if wanted is None and names:
        return names[0]
    if wanted not in names:
        hint = nearest(wanted or "", names)
        raise FileRefused(
            "sheet", f"sheet '{wanted}' is missing; the file has {', '.join(names)}{hint}"
        )
    return wanted or ""


def _numbered(page: CalamineSheet) -> Iterator[tuple[int, list[Cell]]]:
    """Rows with their sheet numbers; calamine starts at row 1 but at the first used column."""
    left: list[Cell] = [""] * (page.start[1] if page.start else 0)
    for number, values in enumerate(page.iter_rows(), start=1):
        yield number, [*left, *values]


def _columns(header: Sequence[Cell], requires: Sequence[str], sheet: str) -> dict[str, int]:
    columns: dict[str, int] = {}
    for index, cell in enumerate(header):
        name = str(cell).strip()
        if not name:
            continue
        if name in columns:
            raise FileRefused("columns", f"column '{name}' stands twice in sheet '{sheet}'")
        columns[name] = index
    missing = [name for name in requires if name not in columns]
    if missing:
        hint = nearest(missing[0], columns)
        raise FileRefused("columns", f"sheet '{sheet}' lacks the column {', '.join(missing)}{hint}")
    return columns


def _rows(
    cells: Iterator[tuple[int, list[Cell]]],
    columns: Mapping[str, int],
    errors: Mapping[tuple[int, int], str],
) -> Iterator[Row]:
    """Cells as they were meant: calamine says '' for empty and a float for every number.

    One expression and no call for each cell: a sheet has a million of them.
    """
    places = tuple(columns.items())
    for number, values in cells:
        row = {
            name: int(cell)
            if cell.__class__ is float and -1e15 < cell < 1e15 and cell == cell // 1
            else None
            if cell == ""
            else cell
            for name, index in places
            for cell in (values[index],)
        }
        if errors:
            for name, index in places:
                if (number, index) in errors:
                    row[name] = errors[number, index]
        if any(row.values()) or any(cell is not None for cell in row.values()):
            yield number, row


def _error_cells(path: str | Path, index: int) -> dict[tuple[int, int], str]:
    """Cells such as #N/A by (row, column): calamine reads them as empty, which would lose them."""
    found: dict[tuple[int, int], str] = {}
    with zipfile.ZipFile(path) as archive:
        part = _part_of(archive, index)
        if part is None:
            return found
        tail = b""
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                text = tail + chunk
                # A search for five bytes costs next to nothing; most sheets hold no error.
                if b't="e"' in text:
                    for letters, row, value in _ERROR_CELL.findall(text):
                        found[int(row), _index(letters)] = value.decode("utf-8", "replace")
                tail = text[-10_000:]
    return found


def _part_of(archive: zipfile.ZipFile, index: int) -> str | None:
    """The sheet's part by the order of tabs, through the workbook's relations."""
    try:
        book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    except KeyError:
        return None  # not .xlsx: .xls and .ods keep their errors elsewhere
    targets = {}
    for relation in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", links):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', relation))
        targets[attributes.get("Id", "")] = attributes.get("Target", "")
    tags = re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book)
    if index >= len(tags):
        return None
    link = re.search(r'\w+:id="([^"]*)"', tags[index])
    target = targets.get(link[1] if link else "", "")
    part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return part if part in archive.namelist() else None


def _index(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
