"""What type a column has, judged by its cells; the lake's own parsers have the last word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from lake import mapping
from lake.catalog import Mapped
from lake.conform import PARSERS, Refused, text

Cell = object
_DAY_FIRST: Final = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
_MONTH_FIRST: Final = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y")
_CLOCKS: Final = ("%H:%M", "%H:%M:%S")
_ISO: Final = re.compile(r"\s*\d{4}-\d{2}-\d{2}")
_LEADING_ZERO: Final = re.compile(r"\s*[+-]?\s*0\d")  # 0042 is a name, not the number 42
_ANY_LETTER: Final = re.compile(r"[^\W\d_]")
_NO_ZONE: Final = (
    "Without an offset in the cell this is taken as UTC; a local time says `zone: Europe/Madrid`."
)
_EMPTY: Final = "No row that was looked at has a value here, so nothing speaks for this type."
_EITHER: Final = "Day or month first? No row that was looked at can tell."


@dataclass(frozen=True)
class Guess:
    """A type, how text spells it, and what a person should know of it."""

    type: str
    format: str | None = None
    remark: str = ""

    def value(self, cell: Cell) -> object:
        """What the lake makes of a cell; Refused where it makes nothing."""
        if self.format is not None:
            cell = mapping.read(cell, Mapped(format=self.format))
        return None if cell is None else PARSERS[self.type](cell)


_STRING: Final = Guess("string")
_POSSIBLE: Final = (
    Guess("boolean"),
    Guess("long"),
    Guess("double"),
    Guess("date"),
    Guess("timestamp"),
    *(Guess("date", day) for day in (*_DAY_FIRST, *_MONTH_FIRST)),
    *(
        Guess("timestamp", f"{day} {clock}")
        for day in (*_DAY_FIRST, *_MONTH_FIRST)
        for clock in _CLOCKS
    ),
    Guess("array<string>"),
    _STRING,
)


def guess(cells: Sequence[Cell]) -> Guess | None:
    """The narrowest type that takes all cells; none where not even text does."""
    told = [cell for cell in cells if not is_error(cell) and not is_blank(cell)]
    if not told:
        return replace(_STRING, remark=_EMPTY)
    for possible in _POSSIBLE:
        if all(_takes(possible, cell) for cell in told) and not _only_looks(possible, told):
            return replace(possible, remark=_remark(possible, told))
    return None


def is_error(cell: Cell) -> bool:
    """Whether Excel failed to compute what stands there: #N/A."""
    if not isinstance(cell, str):
        return False
    try:
        text(cell)
    except Refused:
        return True
    return False


def is_blank(cell: Cell) -> bool:
    """Whether nothing stands there, or nothing but blanks."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _takes(possible: Guess, cell: Cell) -> bool:
    if not _may_mean(possible, cell):
        return False
    try:
        return possible.value(cell) is not None
    except Refused:
        return False


def _may_mean(possible: Guess, cell: Cell) -> bool:
    """Whether a person would write this type so; the parsers alone take more: 1 is true to them."""
    written = cell if isinstance(cell, str) else None
    match possible.type:
        case "boolean":
            return isinstance(cell, bool) or bool(written and _ANY_LETTER.search(written))
        case "long" | "double":
            return written is None or not _LEADING_ZERO.match(written)
        case "date" | "timestamp" if possible.format is None:
            return isinstance(cell, date) or bool(written and _ISO.match(written))
        case "date" | "timestamp":
            return isinstance(cell, date | str)
        case "array<string>":
            return bool(written and written.lstrip().startswith("["))
    return True


def _only_looks(possible: Guess, told: Sequence[Cell]) -> bool:
    """Digits that the sheet keeps as text in every row are a name: a number would be a number."""
    return possible.type in ("long", "double") and all(
        isinstance(cell, str) and cell.strip().isdigit() for cell in told
    )


def _remark(chosen: Guess, told: Sequence[Cell]) -> str:
    remarks = []
    if chosen.format and chosen.format.startswith("%d"):
        other = replace(chosen, format=f"%m{chosen.format[2]}%d{chosen.format[5:]}")
        if all(_takes(other, cell) for cell in told):
            remarks.append(_EITHER)
    if chosen.type == "timestamp":
        remarks.append(_NO_ZONE)
    return " ".join(remarks)
