"""Small readings of EMT's cells: codes of lines, coordinates, lists that were cut."""

from __future__ import annotations

import pytest

from domains.emt.transforms import cells
from lake.conform import Refused


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (1, "001"),
        ("1.0", "001"),
        (361.0, "361"),
        ("27", "027"),
        ("N1", "N1"),
        ("N1.0", "N1.0"),
        ("1.5", "1.5"),
        ("", None),
        (None, None),
    ],
)
def test_a_code_has_three_digits_however_the_sheet_holds_it(cell: object, code: str | None) -> None:
    assert cells.code(cell) == code


@pytest.mark.parametrize(
    ("geometry", "pair"),
    [
        ({"type": "Point", "coordinates": [-3.7, 40.4]}, (-3.7, 40.4)),
        ([-3.7, "40,4"], (-3.7, 40.4)),
        ("[-3.7, 40.4]", (-3.7, 40.4)),
        ("{'coordinates': [-3.7, 40.4]}", (-3.7, 40.4)),
        ([None, None], (None, None)),
        (None, (None, None)),
        ({}, (None, None)),
    ],
)
def test_coordinates_are_longitude_and_latitude(geometry: object, pair: object) -> None:
    assert cells.coordinates(geometry) == pair


@pytest.mark.parametrize(
    ("geometry", "rule"),
    [([1.0], "shape"), ([1, 2, 3], "shape"), (7, "shape"), ("'40'", "shape"), ("[1, ", "literal")],
)
def test_coordinates_that_are_no_pair_are_refused(geometry: object, rule: str) -> None:
    with pytest.raises(Refused) as refusal:
        cells.coordinates(geometry)
    assert refusal.value.rule == rule


@pytest.mark.parametrize("cell", [None, "None", " null ", "[]"])
def test_a_cell_without_a_list_has_no_entries_and_no_reject(cell: object) -> None:
    assert cells.entries("t", "c", 1, cell) == ([], None)


@pytest.mark.parametrize(
    ("cell", "entries", "rule"),
    [
        ("[1, 2", [1], "cut"),
        ("[1, '" + "x" * (cells.EXCEL_CELL - 5), [1], "cut_at_32767"),
        ("[1, '" + "x" * (cells.EXCEL_CELL - 6), [1], "cut"),
        ("[1, }]", [1], "literal"),
    ],
)
def test_what_is_left_of_a_cut_list_is_one_reject(
    cell: str, entries: list[object], rule: str
) -> None:
    read, reject = cells.entries("emt_silver.stops", "stops", 7, cell)

    assert read == entries
    assert reject is not None
    assert (reject.table_id, reject.row_number, reject.column) == ("emt_silver.stops", 7, "stops")
    assert reject.rule == rule
