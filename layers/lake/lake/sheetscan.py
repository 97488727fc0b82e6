"""How far a sheet reaches and whether its formulas hold values, without building its cells.

Almost every writer spells its rows in the same plain way. One regular expression swallows such
rows at 160 MB/s and thereby proves that nothing else is in them; two more collect the columns
and rows that carry a value. From the first oddity on (a comment, a cell without an address)
expat reads the rest, ten times slower and within a smaller bound.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Final

from lake.errors import FileRefused
from lake.parts import column_letters, column_number, row_number, split_reference
from lake.safexml import Attributes, SafeParser, corrupt

_MAX_HEAD_BYTES: Final = 8 << 20
_MAX_CELL_BYTES: Final = 4 << 20
_MAX_ODD_CELLS: Final = 1_000_000
_MAX_TAGS: Final = 8_000_000

_ATTRS: Final = rb'(?:\s++[\w:.-]++="[^"<>]*+")*+\s*+'
_FORMULA: Final = rb"<f" + _ATTRS + rb"(?:/>|>[^<]*+</f>)"
_VALUE: Final = rb"<v" + _ATTRS + rb"(?:/>|>[^<]*+</v>)"
_INLINE: Final = rb"<is>(?:<t" + _ATTRS + rb"(?:/>|>[^<]*+</t>))?+</is>"
_ADDRESS: Final = rb'<c r="[A-Z]{1,3}+[1-9][0-9]{0,6}+"' + _ATTRS
_CELL: Final = (
    _ADDRESS
    + rb"(?:/>|>\s*+(?:"
    + _FORMULA
    + rb"\s*+)?+(?:"
    + _VALUE
    + rb"|"
    + _INLINE
    + rb")?+\s*+</c>)"
)
# Its number comes first or not at all, so that a search for `<row r="` finds every one.
_ROW: Final = rb'<row(?: r="[0-9]{1,7}+")?+(?:\s++(?!r=)[\w:.-]++="[^"<>]*+")*+\s*+/?>'
_PLAIN: Final = re.compile(rb"(?:\s++|" + _CELL + rb"|</row\s*+>|" + _ROW + rb")*+")
_ADDRESSED: Final = re.compile(rb'<(?:row|c) r="([A-Z]*+([0-9]++))"')
_FILLED_COLUMN: Final = re.compile(rb'<c r="([A-Z]+)[0-9]+"[^>]*+(?<!/)>')
_FILLED_ROW: Final = re.compile(rb'<c r="[A-Z]+([0-9]+)"[^>]*+(?<!/)>')
_FORMULA_CELL: Final = re.compile(
    rb'<c r="([A-Z]+[0-9]+)"([^>]*+)(?<!/)>\s*+'
    + _FORMULA
    + rb"\s*+(<v"
    + _ATTRS
    + rb"(?:/>|></v>)"
    rb")?\s*+</c>"
)
_ROWS_BEGIN: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?sheetData\s*(/?)>")
_ROOT_PREFIX: Final = re.compile(rb"<([A-Za-z_][\w.-]*):worksheet[\s>]")
_ENCODING: Final = re.compile(rb"^<\?xml[^>]*encoding=[\"'](?!utf-8[\"'])", re.IGNORECASE)
_WRONG_ENTITY: Final = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_NO_VALUE: Final = (
    "Cell {} holds a formula without a stored value: open the file in Excel and save it"
)


@dataclass(frozen=True)
class Bounds:
    """How far a sheet may reach."""

    rows: int
    columns: int
    cells: int


@dataclass
class Extent:
    """How far the filled cells reach, and how many rows below the header hold one."""

    bounds: Bounds
    header_row: int
    max_row: int = 0
    max_column: int = 0
    cells: int = 0
    rows: int = 0
    tags: int = 0
    last_row: int = 0

    def reach(self, rows: set[int], columns: set[int], cells: int, tags: int) -> None:
        """Take in some filled cells and check every bound."""
        if rows:
            self.max_row = max(self.max_row, max(rows))
            below = {row for row in rows if row > self.header_row}
            self.rows += len(below) - (self.last_row in below)
            self.last_row = max(rows)
        if columns:
            self.max_column = max(self.max_column, max(columns))
        self.cells += cells
        self.tags += tags
        self._check()

    def _check(self) -> None:
        bounds = self.bounds
        if self.max_row > bounds.rows:
            raise FileRefused(
                "too_many_rows",
                f"The sheet has a value in row {self.max_row:,}; at most {bounds.rows:,} rows are"
                " taken: delete what stands far below the data, or split the file",
            )
        if self.max_column > bounds.columns:
            raise FileRefused(
                "too_many_columns",
                f"The sheet has a value in column {column_letters(self.max_column)}; at most"
                f" {bounds.columns} columns are taken: delete what stands far right of the data",
            )
        if self.tags > _MAX_TAGS:
            raise FileRefused(
                "too_many_cells",
                f"The sheet holds more than {_MAX_TAGS:,} cells and rows, empty ones included:"
                " copy the data alone into a new workbook",
            )
        if max(self.max_row * self.max_column, self.cells) > bounds.cells:
            raise FileRefused(
                "too_many_cells",
                f"The sheet spans {self.max_row:,} rows by {self.max_column} columns; at most"
                f" {bounds.cells:,} cells are taken: split the file",
            )


def scan(chunks: Iterator[bytes], part: str, bounds: Bounds, header_row: int) -> Extent:
    """Read a sheet to its end; raises for one that reaches too far or lacks values."""
    extent = Extent(bounds, header_row)
    head, begin = _until_rows(chunks)
    if begin is None or b"<!" in head or _ENCODING.match(head):
        # A comment may hold whole rows that are none: only expat sees through it.
        _OddRows(extent, part).read(head, chunks)
    elif not begin[1]:
        rows = chain([head[begin.end() :]], chunks)
        prefix = _ROOT_PREFIX.search(head)
        _scan_rows(_unprefixed(rows, prefix[1]) if prefix else rows, extent, part)
    for _ in chunks:
        pass  # to the end, so that the checksum is compared
    return extent


def _until_rows(chunks: Iterator[bytes]) -> tuple[bytes, re.Match[bytes] | None]:
    head = b""
    begin = None
    while begin is None and len(head) < _MAX_HEAD_BYTES and (chunk := next(chunks, b"")):
        head += chunk
        begin = _ROWS_BEGIN.search(head)
    return head, begin


def _unprefixed(chunks: Iterator[bytes], prefix: bytes) -> Iterator[bytes]:
    """`<x:row>` as `<row>`, also where a chunk ends inside of the prefix."""
    tail = b""
    for chunk in chunks:
        text = (tail + chunk).replace(b"<" + prefix + b":", b"<")
        text = text.replace(b"</" + prefix + b":", b"</")
        begun = text.rfind(b"<", -len(prefix) - 2)
        text, tail = (text, b"") if begun < 0 else (text[:begun], text[begun:])
        yield text
    yield tail


@dataclass
class _Place:
    """Where the plain cells end, for the parser that reads on from there."""

    row: int = 0
    within: bool = False  # a row that has not ended
    cell: bytes = b""  # its last one

    def pass_by(self, rows: bytes) -> None:
        """Take in some complete cells."""
        row, cell = rows.rfind(b"<row"), rows.rfind(b'<c r="')
        numbered = max(rows.rfind(b'<row r="'), cell)
        found = _ADDRESSED.match(rows, max(numbered, 0))
        self.row = (int(found[2]) if found else self.row) + rows.count(b"<row", numbered + 1)
        if row >= 0:
            self.within = rows[rows.find(b">", row) - 1 :][:1] != b"/"
        self.within = self.within and rows.find(b"</row", max(row, 0)) < 0
        if cell > row and found:
            self.cell = found[1]
        elif row >= 0:
            self.cell = b""

    def opening(self) -> bytes:
        """What leads the parser here."""
        row = b'<worksheet><sheetData><row r="%d"' % self.row
        if not self.within:
            return row + b"/>"
        return row + (b'><c r="%s"/>' % self.cell if self.cell else b">")


def _scan_rows(chunks: Iterator[bytes], extent: Extent, part: str) -> None:
    utf8 = codecs.getincrementaldecoder("utf-8")()
    place = _Place()
    rest = b""
    for chunk in chunks:
        try:
            utf8.decode(chunk)
        except UnicodeDecodeError as error:
            raise corrupt(f"its part {part} is not UTF-8") from error
        rest += chunk
        end = rest.find(b"</sheetData")
        cut = end if end >= 0 else max(rest.rfind(b"<c "), rest.rfind(b"<row"), 0)
        plain = _PLAIN.match(rest, 0, cut)
        if len(rest) > _MAX_CELL_BYTES or (plain and plain.end() < cut):
            _OddRows(extent, part).read(place.opening() + rest, chunks)
            return
        _take_plain(rest[:cut], extent, part)
        place.pass_by(rest[:cut])
        if end >= 0:
            return
        rest = rest[cut:]
    raise corrupt(f"its part {part} ends in the middle of a row")


def _take_plain(rows: bytes, extent: Extent, part: str) -> None:
    """The facts of some complete cells, in four passes that build no object for each cell."""
    if _WRONG_ENTITY.search(rows):
        raise corrupt(f"its part {part} uses an entity that XML does not know")
    if b"<f" in rows:
        for match in _FORMULA_CELL.finditer(rows):
            # A text formula may well give the empty text: `t="str"` and an empty value.
            if not (match[3] and b't="str"' in match[2]):
                raise FileRefused("formula_without_value", _NO_VALUE.format(match[1].decode()))
    filled_rows = _FILLED_ROW.findall(rows)
    extent.reach(
        rows={int(row) for row in set(filled_rows)},
        columns={column_number(name.decode()) for name in set(_FILLED_COLUMN.findall(rows))},
        cells=len(filled_rows),
        tags=rows.count(b"<c ") + rows.count(b"<row"),
    )


class _RowsEnd(Exception):
    """The last row is read."""


class _OddRows:
    """Rows that are spelled in an unusual way, by expat, cell after cell."""

    def __init__(self, extent: Extent, part: str) -> None:
        self._extent = extent
        self._row = self._column = 0
        self._address = ""
        self._text_result = False
        self._filled = self._formula = self._stored = self._in_value = False
        self._rows: set[int] = set()
        self._columns: set[int] = set()
        self._cells = self._odd_cells = self._tags = 0
        self._parser = SafeParser(part, self._start, self._end, self._text)

    def read(self, first: bytes, chunks: Iterator[bytes]) -> None:
        with suppress(_RowsEnd):
            self._parser.feed(first)
            self._flush()
            for chunk in chunks:
                self._parser.feed(chunk)
                self._flush()
            self._parser.feed(b"", final=True)
        self._flush()

    def _flush(self) -> None:
        if self._odd_cells > _MAX_ODD_CELLS:
            raise FileRefused(
                "too_many_cells",
                f"The sheet is written in an unusual way and holds more than {_MAX_ODD_CELLS:,}"
                " cells: open it in Excel and save it",
            )
        self._extent.reach(self._rows, self._columns, self._cells, self._tags)
        self._rows, self._columns, self._cells, self._tags = set(), set(), 0, 0

    def _start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            reference = attributes.get("r")
            if reference:
                self._column, self._row = split_reference(reference)
            else:
                self._column += 1
            self._text_result = attributes.get("t") == "str"
            self._filled = self._formula = self._stored = False
            self._tags += 1
            self._odd_cells += 1
        elif name == "v":
            self._in_value = self._filled = True
            self._stored = self._stored or self._text_result
        elif name == "f":
            self._formula = True
        elif name == "is":
            self._filled = True
        elif name == "row":
            self._row, self._column = row_number(attributes, self._row), 0
            self._tags += 1

    def _text(self, _: str) -> None:
        self._stored = self._stored or self._in_value

    def _end(self, name: str) -> None:
        if name == "c":
            if self._formula and not self._stored:
                address = f"{column_letters(self._column)}{self._row}"
                raise FileRefused("formula_without_value", _NO_VALUE.format(address))
            if self._filled:
                self._rows.add(self._row)
                self._columns.add(self._column)
                self._cells += 1
        elif name == "v":
            self._in_value = False
        elif name == "sheetData":
            raise _RowsEnd
