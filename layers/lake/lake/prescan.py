"""Look at a workbook before anything heavy opens it: bounded, in streams, standard library only.

Readers of workbooks trust the file: a sheet of 4.6 KB whose last cell is XFD1048576 aborts the
reader's process, a formula without a stored value reads as an empty cell. Here such a file meets
a sentence that a person understands, within 5 seconds and 256 MiB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from lake import parts
from lake.archive import Archive, Limits
from lake.catalog import Format, Source
from lake.errors import FileRefused
from lake.filekind import require_zip
from lake.sharedtexts import shared_texts
from lake.sheetscan import Bounds, scan

_MAX_CELLS: Final = 3_000_000
_SHOWN: Final = 8
_OTHER_OFFICE: Final = (
    ("xl/workbook.bin", "an Excel binary workbook (.xlsb): save it as .xlsx"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
    ("content.xml", "an OpenDocument file (.ods): save it as .xlsx"),
)


@dataclass(frozen=True)
class SheetFacts:
    """What a checked workbook holds."""

    sheet: str
    sheets: tuple[str, ...]
    columns: tuple[str, ...]
    rows: int
    cells: int
    max_row: int
    max_column: int
    size: int
    inflated: int


def prescan(path: Path, source: Source, limits: Limits | None = None) -> SheetFacts:
    """The facts of a workbook of that source, or FileRefused with the reason."""
    size = path.stat().st_size
    require_size(size, source.format)
    require_zip(path, size)
    with Archive(path, size, limits or Limits()) as archive:
        _require_workbook(archive)
        tabs = parts.sheets(archive)
        sheet = _pick_sheet(tabs, source.format.sheet)
        columns = _header(archive, tabs[sheet], sheet, source.format)
        _require_columns(columns, source.requires, sheet)
        bounds = Bounds(source.format.max_rows, source.format.max_columns, _MAX_CELLS)
        extent = scan(archive.stream(tabs[sheet]), tabs[sheet], bounds, source.format.header_row)
        return SheetFacts(
            sheet=sheet,
            sheets=tuple(tabs),
            columns=tuple(columns.values()),
            rows=extent.rows,
            cells=extent.cells,
            max_row=extent.max_row,
            max_column=extent.max_column,
            size=size,
            inflated=archive.inflated,
        )


def require_size(size: int, expected: Format) -> None:
    """Nothing, or the refusal of a file that need not even be fetched."""
    if size > expected.max_bytes:
        raise FileRefused(
            "too_large",
            f"The file has {size / 2**20:,.1f} MB; at most {expected.max_bytes / 2**20:,.0f} MB"
            " are taken: split it",
        )


def _require_workbook(archive: Archive) -> None:
    if parts.WORKBOOK in archive:
        return
    for name, kind in _OTHER_OFFICE:
        if name in archive:
            raise FileRefused("not_a_workbook", f"This is not an .xlsx workbook but {kind}")
    raise FileRefused(
        "not_a_workbook", "This is a zip archive without a workbook in it: upload the .xlsx itself"
    )


def _pick_sheet(tabs: Mapping[str, str], wanted: str | None) -> str:
    if not tabs:
        raise FileRefused("sheet_missing", "The workbook has no sheet")
    if wanted is not None and wanted not in tabs:
        raise FileRefused(
            "sheet_missing", f"The sheet '{wanted}' is missing; the file has {_listed(tabs)}"
        )
    sheet = next(iter(tabs)) if wanted is None else wanted
    if not tabs[sheet].startswith("xl/worksheets/"):
        raise FileRefused("sheet_missing", f"The sheet '{sheet}' is a chart, not a table of cells")
    return sheet


def _header(archive: Archive, part: str, sheet: str, expected: Format) -> dict[int, str]:
    """The names in the header row by column; blank cells are no columns."""
    cells = parts.row_cells(archive, part, expected.header_row, expected.max_columns)
    wanted = {int(text) for kind, text in cells.values() if kind == "s" and _is_index(text)}
    shared = shared_texts(archive, wanted, _MAX_CELLS)
    names: dict[int, str] = {}
    for column, (kind, text) in sorted(cells.items()):
        name = shared.get(int(text), "") if kind == "s" and _is_index(text) else text
        if name.strip():
            names[column] = name.strip()
    if not names:
        raise FileRefused(
            "no_header",
            f"The sheet '{sheet}' has no column names in row {expected.header_row}",
        )
    taken: dict[str, int] = {}
    for column, name in names.items():
        if name in taken:
            one, two = parts.column_letters(taken[name]), parts.column_letters(column)
            raise FileRefused(
                "duplicate_column",
                f"Two columns are called '{_cut(name)}' ({one} and {two}): rename or delete one",
            )
        taken[name] = column
    return names


def _require_columns(columns: Mapping[int, str], requires: tuple[str, ...], sheet: str) -> None:
    names = list(columns.values())
    missing = [name for name in requires if name not in names]
    if not missing:
        return
    spare = {name.casefold(): name for name in names if name not in requires}
    said = []
    for name in missing:
        close = get_close_matches(name.casefold(), spare)
        hint = f" (found '{_cut(spare[close[0]])}': did you mean that?)" if close else ""
        said.append(f"column '{name}' is missing{hint}")
    found = "" if any("(found" in part for part in said) else f"; found {_listed(names)}"
    raise FileRefused("column_missing", f"In the sheet '{sheet}' {', '.join(said)}{found}")


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _listed(names: Mapping[str, str] | list[str]) -> str:
    shown = [f"'{_cut(name)}'" for name in list(names)[:_SHOWN]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
