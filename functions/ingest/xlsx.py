"""Workbooks of one sheet, of the same bytes each time, in which no cell is ever cut.

Written by hand: a text that begins with "=" stays a text, nothing carries a clock, and the
function needs no package for it. Excel cuts a cell at 32,767 characters and says nothing; a list
that is longer goes on in the next row, whose other lists are empty.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from functions.ingest.errors import Unreadable

Cell = str | int | float | bool | None

EXCEL_CELL: Final = 32_767
EXCEL_ROWS: Final = 1_048_576
_ZIP_STAMP: Final = (1980, 1, 1, 0, 0, 0)
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def workbook(sheet: str, header: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The bytes of a workbook; a list in a row becomes a Python literal."""
    lines = [_line(1, header)]
    for row in rows:
        for cells in fitting(row):
            lines.append(_line(len(lines) + 1, [cells.get(name) for name in header]))
    if len(lines) > EXCEL_ROWS:
        raise Unreadable(f"{len(lines):,} rows are more than a sheet has")
    parts = _frame(sheet)
    body = "".join(lines)
    parts["xl/worksheets/sheet1.xml"] = (
        f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _ZIP_STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            archive.writestr(entry, (_HEAD + content).encode())
    return out.getvalue()


def fitting(row: Mapping[str, Any]) -> Iterator[dict[str, Cell]]:
    """The row, or as many as its longest list needs."""
    lists = {name: pieces(value) for name, value in row.items() if isinstance(value, list)}
    for number in range(max(map(len, lists.values()), default=1)):
        cells = dict(row)
        for name, found in lists.items():
            cells[name] = found[number] if number < len(found) else "[]"
        yield cells


def pieces(entries: Sequence[Any]) -> list[str]:
    """A list as one literal, or as several of which each fits a cell."""
    whole = repr(list(entries))
    if _length(whole) <= EXCEL_CELL:
        return [whole]
    found: list[str] = []
    piece: list[str] = []
    size = 2
    for entry in entries:
        text = repr(entry)
        if size + _length(text) > EXCEL_CELL and piece:
            found.append(f"[{', '.join(piece)}]")
            piece, size = [], 2
        if size + _length(text) > EXCEL_CELL:
            raise Unreadable(f"one entry of {len(text):,} characters fits no cell of a workbook")
        piece.append(text)
        size += _length(text) + 2
    return [*found, f"[{', '.join(piece)}]"]


def _length(text: str) -> int:
    """As Excel counts: in units of UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _line(number: int, values: Sequence[Cell]) -> str:
    cells = "".join(
        _cell(f"{_letters(index)}{number}", value)
        for index, value in enumerate(values)
        if value is not None
    )
    return f'<row r="{number}">{cells}</row>'


def _cell(place: str, value: Cell) -> str:
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    text = str(value)
    if _length(text) > EXCEL_CELL or _UNWRITABLE.search(text):
        raise Unreadable(f"a text of {len(text):,} characters fits no cell of a workbook")
    text = escape(text).replace("\r", "&#13;")
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _letters(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _frame(sheet: str) -> dict[str, str]:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    name = escape(sheet, {'"': "&quot;"})
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
    }
