"""Workbooks with the same bytes each time: openpyxl stamps the clock in two places."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime

Cell = str | int | float | None

EXCEL_CELL = 32_767  # Excel keeps no more characters of a cell, and says nothing
_STAMPED = datetime(2025, 1, 1)  # noqa: DTZ001 - openpyxl takes no zone
_ZIP_STAMP = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


def xlsx(sheet: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A workbook of one sheet, as pandas and openpyxl write it."""
    from openpyxl import Workbook  # the laptop cloud reads our lines and stops, and writes no sheet

    book = Workbook(write_only=True)
    book.properties.created = _STAMPED
    page = book.create_sheet(sheet)
    page.append(list(header))
    for row in rows:
        page.append([_cut(cell) for cell in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return _without_clock(buffer.getvalue())


def _cut(cell: Cell) -> Cell:
    return cell[:EXCEL_CELL] if isinstance(cell, str) else cell


def _without_clock(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist()):
            part = old.read(name)
            if name == "docProps/core.xml":
                part = _MODIFIED.sub(rb"\g<1>2025-01-01T00:00:00Z", part)
            entry = zipfile.ZipInfo(name, _ZIP_STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            new.writestr(entry, part)
    return out.getvalue()
