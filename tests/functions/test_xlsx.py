"""Workbooks that polls land: each kind of cell is read back by somebody else's reader as it was."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import openpyxl
import pytest

from functions.ingest import xlsx
from functions.ingest.errors import Unreadable


def test_cells_keep_their_kinds_and_an_absent_one_stays_absent() -> None:
    header = ["yes", "no", "whole", "part", "text", "none"]
    row = {"yes": True, "no": False, "whole": 1, "part": 0.5, "text": "True", "none": None}

    book = openpyxl.load_workbook(io.BytesIO(xlsx.workbook("Hoja1", header, [row])))

    cells = [cell.value for cell in book["Hoja1"][2]]
    assert [type(cell) for cell in cells[:5]] == [bool, bool, int, float, str]
    assert cells[:5] == [True, False, 1, 0.5, "True"]
    assert cells[5:] in ([], [None])


def test_columns_go_on_after_z() -> None:
    header = [f"c{number}" for number in range(28)]

    book = openpyxl.load_workbook(io.BytesIO(xlsx.workbook("s", header, [{"c26": 1, "c27": 2}])))

    assert (book["s"]["AA2"].value, book["s"]["AB2"].value) == (1, 2)


@pytest.mark.parametrize(("letters", "fits"), [(32_767, True), (32_768, False)])
def test_a_text_fits_a_cell_up_to_excels_own_limit(letters: int, fits: bool) -> None:
    rows = [{"a": "x" * letters}]
    if fits:
        assert xlsx.workbook("s", ["a"], rows)
        return
    with pytest.raises(Unreadable, match=r"a text of 32,768 characters fits no cell"):
        xlsx.workbook("s", ["a"], rows)


OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def test_the_parts_of_a_workbook_are_what_excel_wants_and_carry_no_clock() -> None:
    """openpyxl forgives words that Excel does not."""
    with zipfile.ZipFile(io.BytesIO(xlsx.workbook("s", ["a"], [{"a": 1}]))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
        entries = archive.infolist()
    trees = {name: ElementTree.fromstring(part) for name, part in parts.items()}  # noqa: S314

    types = {
        entry.get("PartName") or entry.get("Extension"): entry.get("ContentType")
        for entry in trees["[Content_Types].xml"]
    }
    assert types == {
        "rels": "application/vnd.openxmlformats-package.relationships+xml",
        "xml": "application/xml",
        "/xl/workbook.xml": f"{SHEETS}.sheet.main+xml",
        "/xl/worksheets/sheet1.xml": f"{SHEETS}.worksheet+xml",
    }
    links = {
        name: [dict(link.attrib) for link in trees[name]] for name in parts if "_rels/" in name
    }
    assert links == {
        "_rels/.rels": [
            {"Id": "rId1", "Type": f"{OFFICE}/officeDocument", "Target": "xl/workbook.xml"}
        ],
        "xl/_rels/workbook.xml.rels": [
            {"Id": "rId1", "Type": f"{OFFICE}/worksheet", "Target": "worksheets/sheet1.xml"}
        ],
    }
    (sheet,) = trees["xl/workbook.xml"].iter(f"{{{MAIN}}}sheet")
    assert sheet.attrib == {"name": "s", "sheetId": "1", f"{{{OFFICE}}}id": "rId1"}
    assert {tree.tag for tree in trees.values()} == {
        f"{{{PACKAGE}/content-types}}Types",
        f"{{{PACKAGE}/relationships}}Relationships",
        f"{{{MAIN}}}workbook",
        f"{{{MAIN}}}worksheet",
    }
    assert all(part.startswith(b'<?xml version="1.0" encoding="UTF-8"') for part in parts.values())
    for entry in entries:
        assert (entry.date_time, entry.create_system) == ((1980, 1, 1, 0, 0, 0), 3)
        assert entry.compress_type == zipfile.ZIP_DEFLATED


def test_a_sheet_may_have_any_name_and_a_column_that_a_row_lacks_stays_empty() -> None:
    name = 'A "B" & <C>'

    book = openpyxl.load_workbook(
        io.BytesIO(xlsx.workbook(name, ["a", "b", "c"], [{"c": 3, "a": 1}]))
    )

    assert book.sheetnames == [name]
    assert [cell.value for cell in book[name][2]] == [1, None, 3]
