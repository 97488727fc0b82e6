"""Workbooks that polls land: each kind of cell is read back by somebody else's reader as it was."""

from __future__ import annotations

import io

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
