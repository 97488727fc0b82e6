"""Small readings that several EMT workbooks share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from jobs.records import Reject
from lake import literal
from lake.conform import Refused, number, text

EXCEL_CELL: Final = 32_767  # Excel keeps no more characters of a cell, and says nothing


def code(value: object) -> str | None:
    """EMT's internal code of a line, three digits: 1 and '1.0' are 001, 361 is 361."""
    said = text(value) if value is not None else None
    if said is None:
        return None
    whole = said[:-2] if said.endswith(".0") and said[:-2].isdigit() else said
    return whole.zfill(3) if whole.isdigit() else whole


def coordinates(geometry: object) -> tuple[object, object]:
    """Longitude and latitude of a point, of its bare pair, or of the pair's text."""
    if isinstance(geometry, str):
        try:
            geometry = literal.parse(geometry)
        except literal.LiteralError as error:
            raise Refused("literal", f"the coordinates are unreadable: {error}") from error
    if isinstance(geometry, dict):
        geometry = geometry.get("coordinates")
    if geometry is None or geometry == [None, None]:
        return None, None
    if not isinstance(geometry, Sequence) or isinstance(geometry, str) or len(geometry) != 2:
        raise Refused("shape", "the coordinates are no pair of longitude and latitude")
    return number(geometry[0]), number(geometry[1])


def entries(
    table_id: str, column: str, number: int, cell: object
) -> tuple[list[object], Reject | None]:
    """The complete entries of a list cell, and the reject of what is left behind them."""
    said = cell if isinstance(cell, str) else repr(cell)
    if said.strip() in ("None", "null"):
        return [], None
    read = literal.salvage(said)
    if read.error is None:
        return read.elements, None
    if read.error.cut:
        rule = f"cut_at_{EXCEL_CELL}" if len(said) >= EXCEL_CELL else "cut"
        reason = f"the cell was cut after {len(said)} characters; this remainder is lost"
    else:
        rule, reason = "literal", str(read.error)
    return read.elements, Reject(table_id, number, column, read.rest, rule, reason)
