"""Cells into the values that a declaration's `columns` say: whence, and how it is spelt there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from lake import literal
from lake.catalog import Mapped
from lake.conform import Refused, moment, number, text, utc, wall_to_utc

_EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 (Excel's day 0 has no zone)


def cell(mapped: Mapped, target: str, cells: Mapping[str, object]) -> object:
    """What stands where the mapping points; a column without a word of it has its own name."""
    return mapped.constant if mapped.constant is not None else cells.get(mapped.source or target)


def read(cell: object, mapped: Mapped) -> object:
    """A cell as its mapping spells it; the column's type is the table's affair."""
    if cell is None:
        return None
    if mapped.item is not None:
        cell = _item(cell, mapped.item)
    if mapped.epoch is not None:
        return _epoch(cell, mapped.epoch)
    if mapped.format == "excel":
        return _serial(cell)
    if mapped.format is not None and isinstance(cell, str):
        cell = _formatted(cell, mapped.format)
    if mapped.zone is not None:
        at = moment(cell) if cell is not None else None
        return None if at is None else wall_to_utc(at, mapped.zone)
    return cell


def _item(cell: object, item: int) -> object:
    entries = literal_of(cell)
    if not isinstance(entries, list | tuple):
        raise Refused("literal", "is no list")
    return entries[item] if -len(entries) <= item < len(entries) else None


def literal_of(cell: object) -> object:
    """The value of a cell that holds a literal."""
    if not isinstance(cell, str):
        return cell
    try:
        return literal.parse(cell)
    except literal.LiteralError as error:
        raise Refused("literal", str(error)) from error


def rounded(cell: object) -> bool:
    """Whether a number in text lost digits to its spelling: 1,76E+09 is no moment any more."""
    if not isinstance(cell, str) or "E" not in cell.upper():
        return False
    mantissa, _, exponent = cell.strip().upper().partition("E")
    digits = sum(letter.isdigit() for letter in mantissa)
    return exponent.lstrip("+").isdigit() and digits <= int(exponent.lstrip("+")[:4])


def _epoch(cell: object, unit: str) -> datetime | None:
    if rounded(cell):
        raise Refused(
            "rounded", "Excel rounded this number; the digits that tell the time are lost"
        )
    said = number(cell)
    if said is None:
        return None
    seconds = said / 1000 if unit == "ms" else said
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError) as error:
        raise Refused("type", "is no moment: beyond every calendar") from error


def _serial(cell: object) -> object:
    if isinstance(cell, datetime):
        return cell
    days = number(cell)
    if days is None:
        return None
    if not 0 <= days < 2_958_466:  # Excel's calendar ends with the year 9999
        raise Refused("type", "is no day number of Excel")
    return _EXCEL_EPOCH + timedelta(seconds=round(days * 86_400))


def _formatted(cell: str, format_: str) -> datetime | None:
    said = text(cell)
    if said is None:
        return None
    try:
        at = datetime.strptime(said, format_)  # noqa: DTZ007 (a zone, if any, is declared beside)
    except ValueError as error:
        raise Refused("type", f"is not written as {format_}") from error
    return utc(at)
