"""The parts of a workbook around its rows: the list of sheets, and one row."""

from __future__ import annotations

from contextlib import suppress
from posixpath import join, normpath
from typing import Final

from lake.archive import Archive
from lake.errors import FileRefused
from lake.safexml import Attributes, SafeParser, corrupt

WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_MAX_HEADER_CHARS: Final = 1 << 20
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class _Enough(Exception):
    """What was looked for is read: the rest of the part need not be."""


def column_number(letters: str) -> int:
    """A is 1, XFD is 16,384."""
    number = 0
    for letter in letters:
        number = number * 26 + _LETTERS.index(letter) + 1
    return number


def column_letters(number: int) -> str:
    """1 is A, 16,384 is XFD."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = _LETTERS[rest] + letters
    return letters


def split_reference(reference: str) -> tuple[int, int]:
    """`C7` is column 3 of row 7."""
    digits = reference.lstrip(_LETTERS)
    letters = reference[: len(reference) - len(digits)]
    if not (1 <= len(letters) <= 3 and digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise corrupt(f"a cell calls itself '{reference[:20]}'")
    return column_number(letters), int(digits)


def row_number(attributes: Attributes, before: int) -> int:
    """The number of a row: its own, or the next where the writer leaves it out."""
    given = attributes.get("r", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else before + 1


def sheets(archive: Archive) -> dict[str, str]:
    """Each sheet's name and the part that holds it, in the order of the tabs."""
    targets: dict[str, str] = {}
    found: dict[str, str] = {}

    def relation(name: str, attributes: Attributes) -> None:
        if name == "Relationship":
            target = join("/xl", attributes.get("Target", "").replace("\\", "/"))
            targets[attributes.get("Id", "")] = normpath(target).lstrip("/")

    def sheet(name: str, attributes: Attributes) -> None:
        if name == "sheet":
            link = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            found[attributes.get("name", "")] = targets.get(link, "")

    SafeParser(_RELATIONS, relation).feed_all([archive.small(_RELATIONS)])
    SafeParser(WORKBOOK, sheet).feed_all([archive.small(WORKBOOK)])
    return found


def row_cells(archive: Archive, part: str, row: int, columns: int) -> dict[int, tuple[str, str]]:
    """The cells of one row as (type, text) by column; reads no further than that row."""
    reader = _RowReader(row, columns)
    with suppress(_Enough):
        SafeParser(part, reader.start, reader.end, reader.text).feed_all(archive.stream(part))
    return reader.cells


class _RowReader:
    """Collects one row, counting along where a writer leaves out the cell's own address."""

    def __init__(self, row: int, columns: int) -> None:
        self.cells: dict[int, tuple[str, str]] = {}
        self._wanted = row
        self._columns = columns
        self._row = 0
        self._column = 0
        self._kind = ""
        self._inside = ""
        self._phonetic = False
        self._parts: list[str] = []
        self._chars = 0

    def start(self, name: str, attributes: Attributes) -> None:
        self._inside = name
        if name == "row":
            self._row = row_number(attributes, self._row)
            self._column = 0
            if self._row > self._wanted:
                raise _Enough
        elif name == "c":
            reference = attributes.get("r")
            self._column = split_reference(reference)[0] if reference else self._column + 1
            self._kind = attributes.get("t", "n")
            self._parts = []
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        self._inside = ""
        if name == "c" and self._row == self._wanted and self._parts:
            if self._column > self._columns:
                raise FileRefused(
                    "too_many_columns",
                    f"The header reaches column {column_letters(self._column)}:"
                    f" more than {self._columns} columns",
                )
            self.cells[self._column] = (self._kind, "".join(self._parts))
        elif name == "sheetData" or (name == "row" and self._row == self._wanted):
            raise _Enough
        elif name == "rPh":
            self._phonetic = False

    def text(self, data: str) -> None:
        if self._row == self._wanted and self._inside in ("v", "t") and not self._phonetic:
            self._chars += len(data)
            if self._chars > _MAX_HEADER_CHARS:
                raise FileRefused("no_header", "The header row holds more text than a header can")
            self._parts.append(data)
