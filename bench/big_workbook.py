"""A large workbook, written as Excel lays it out but without an Excel library's patience."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOC = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_KIND}.sharedStrings+xml"/>'
    "</Types>"
)
_RELATIONS = f'<Relationships xmlns="{_PACKAGE}/relationships">{{}}</Relationships>'


def write(path: Path, rows: int, columns: int, seed: int = 7) -> None:
    """Half the columns hold shared texts, half hold numbers."""
    rng = random.Random(seed)  # noqa: S311 - a repeatable workbook, no secret
    texts = [f"text {number} of the sheet" for number in range(5_000)]
    headers = [f"column_{number}" for number in range(columns)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", _TYPES)
        book.writestr(
            "_rels/.rels",
            _RELATIONS.format(
                f'<Relationship Id="rId1" Type="{_DOC}/officeDocument" Target="xl/workbook.xml"/>'
            ),
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            _RELATIONS.format(
                f'<Relationship Id="rId1" Type="{_DOC}/worksheet" Target="worksheets/sheet1.xml"/>'
                f'<Relationship Id="rId2" Type="{_DOC}/sharedStrings" Target="sharedStrings.xml"/>'
            ),
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOC}"><sheets>'
            '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in [*headers, *texts])
        book.writestr("xl/sharedStrings.xml", f'<sst xmlns="{_MAIN}">{shared}</sst>')
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            letters = [chr(ord("A") + number) for number in range(columns)]
            sheet.write(_row(1, letters, [(True, number) for number in range(columns)]))
            for number in range(2, rows + 2):
                cells: list[tuple[bool, float]] = [
                    (True, columns + rng.randrange(len(texts)))
                    if column % 2
                    else (False, round(rng.random() * 1e6, 3))
                    for column in range(columns)
                ]
                sheet.write(_row(number, letters, cells))
            sheet.write(b"</sheetData></worksheet>")


def _row(number: int, letters: list[str], cells: list[tuple[bool, float]]) -> bytes:
    body = "".join(
        f'<c r="{letter}{number}" t="s"><v>{value}</v></c>'
        if shared
        else f'<c r="{letter}{number}"><v>{value}</v></c>'
        for letter, (shared, value) in zip(letters, cells, strict=True)
    )
    return f'<row r="{number}">{body}</row>'.encode()
