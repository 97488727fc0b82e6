"""Workbooks as rows, with the cells that fool readers."""

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from lake import workbook
from lake.errors import FileRefused


@pytest.fixture
def book(tmp_path: Path) -> Any:
    """Writes cells by address into a workbook and says where it lies."""

    def write(cells: dict[str, object], sheet: str = "Sheet1", more: tuple[str, ...] = ()) -> Path:
        made = Workbook()
        page = made.active
        assert page is not None
        page.title = sheet
        for address, value in cells.items():
            page[address] = value
        for name in more:
            made.create_sheet(name)["A1"] = "other"
        path = tmp_path / "book.xlsx"
        made.save(path)
        return path

    return write


def test_rows_come_by_column_name_with_their_number_in_the_sheet(book: Any) -> None:
    path = book({"A1": "id", "B1": "name", "A2": "007", "B2": "x", "A4": 8, "B4": None})

    sheet = workbook.read(path, "Sheet1")

    assert sheet.columns == ("id", "name")
    assert list(sheet.rows) == [(2, {"id": "007", "name": "x"}), (4, {"id": 8, "name": None})]


def test_a_sheet_that_starts_in_the_middle_keeps_its_row_numbers(book: Any) -> None:
    path = book({"C3": "id", "D3": "name", "C4": 1, "D4": "a", "D6": "b"})

    sheet = workbook.read(path, header_row=3)

    assert list(sheet.rows) == [(4, {"id": 1, "name": "a"}), (6, {"id": None, "name": "b"})]


def test_cells_keep_their_types(book: Any) -> None:
    path = book(
        {
            **{f"{letter}1": letter for letter in "ABCDEF"},
            "A2": 361,
            "B2": 0.5,
            "C2": True,
            "D2": datetime(2025, 8, 29, 17, 1, 17),
            "E2": date(2025, 8, 29),
            "F2": "361",
        }
    )

    ((_, row),) = workbook.read(path).rows

    assert row["A"] == 361
    assert isinstance(row["A"], int)
    assert row == {
        "A": 361,
        "B": 0.5,
        "C": True,
        "D": datetime(2025, 8, 29, 17, 1, 17),
        "E": row["E"],
        "F": "361",
    }
    assert str(row["E"])[:10] == "2025-08-29"


def test_an_error_cell_is_seen_where_the_reader_sees_nothing(book: Any) -> None:
    path = book({"B1": "a", "C1": "b", "B2": 1, "C2": "#N/A", "B3": "#DIV/0!", "C3": "#N/A now"})

    rows = dict(workbook.read(path).rows)

    assert rows[2] == {"a": 1, "b": "#N/A"}
    assert rows[3] == {"a": "#DIV/0!", "b": "#N/A now"}


def test_error_cells_are_looked_for_in_the_declared_sheet_only(book: Any) -> None:
    made = Workbook()
    first = made.active
    assert first is not None
    first["A1"], first["A2"] = "a", "#N/A"
    second = made.create_sheet("Second")
    second["A1"], second["A2"] = "a", 5
    path = book({})
    made.save(path)

    assert dict(workbook.read(path, "Second").rows) == {2: {"a": 5}}
    assert dict(workbook.read(path).rows) == {2: {"a": "#N/A"}}


def test_without_a_declared_sheet_the_first_one_is_read(book: Any) -> None:
    path = book({"A1": "a", "A2": 1}, sheet="Hoja1", more=("Notes",))

    assert workbook.read(path).name == "Hoja1"


def test_a_missing_sheet_is_refused_with_the_sheets_that_there_are(book: Any) -> None:
    path = book({"A1": "a"}, sheet="Hoja1", more=("Notes",))

    with pytest.raises(FileRefused, match=r"'Sheet1' is missing; the file has Hoja1, Notes"):
        workbook.read(path, "Sheet1")


def test_a_missing_column_is_refused_by_its_name(book: Any) -> None:
    path = book({"A1": "stop id", "B1": "line"})

    with pytest.raises(FileRefused, match=r"lacks the column stop_id \(did you mean 'stop id'"):
        workbook.read(path, requires=("line", "stop_id"))


def test_a_column_that_stands_twice_is_refused(book: Any) -> None:
    with pytest.raises(FileRefused, match="'line' stands twice"):
        workbook.read(book({"A1": "line", "B1": "line"}))


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fake.xlsx"
    path.write_bytes(b"PK\x03\x04 but no further")

    with pytest.raises(FileRefused, match="no workbook that can be read"):
        workbook.read(path)


def test_a_sheet_full_of_error_cells_is_read_in_time_that_grows_with_it(book: Any) -> None:
    cells: dict[str, object] = {"A1": "a", "B1": "b"}
    for row in range(2, 3_000):
        cells[f"A{row}"], cells[f"B{row}"] = "#N/A", row
    path = book(cells)

    started = time.process_time()
    rows = list(workbook.read(path).rows)

    assert all(row["a"] == "#N/A" for _, row in rows)
    assert time.process_time() - started < 2
