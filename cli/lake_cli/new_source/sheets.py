"""A workbook looked at for the first time: which columns its sheet has, and its first rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from lake.catalog import Format, Source
from lake.errors import FileRefused
from lake.names import nearest
from lake_cli.exits import Exit, Stop
from lake_cli.new_source.names import SourceName

LOOKED_AT: Final = 10_000  # rows: enough to judge a type by, and kept in memory
Row = tuple[int, Mapping[str, object]]


@dataclass(frozen=True)
class Seen:
    """What a sheet showed of itself."""

    sheet: str
    columns: tuple[str, ...]
    unfindable: frozenset[str]  # columns whose header is no text, which no load would find
    rows: tuple[Row, ...]
    more: bool  # rows below those that were looked at


def look(path: Path, name: SourceName, sheet: str | None) -> Seen:
    """A sheet of a workbook (the first when none is named) as the lake would read it."""
    try:
        return _look(path, name, sheet)
    except FileRefused as refused:
        missing = refused.code == "sheet_missing" and sheet is not None
        hint = nearest(sheet or "", _sheets(path)) if missing else ""
        code = Exit.USAGE if missing else Exit.FAILED
        raise Stop(f"'{path.name}' cannot be read: {refused}{hint}", code=code) from refused


def _look(path: Path, name: SourceName, sheet: str | None) -> Seen:
    from lake import prescan, workbook

    facts = prescan.prescan(path, _undeclared(name, sheet))
    found = workbook.read(path, facts.sheet)
    rows = tuple(islice(found.rows, LOOKED_AT))
    if not rows:
        raise FileRefused("no_rows", f"the sheet '{found.name}' has no row below its header")
    return Seen(
        sheet=found.name,
        columns=found.columns,
        unfindable=frozenset(found.columns) - frozenset(facts.columns),
        rows=rows,
        more=next(found.rows, None) is not None,
    )


def _undeclared(name: SourceName, sheet: str | None) -> Source:
    return Source(
        id=name.id,
        domain=name.domain,
        name=name.name,
        about="",
        kind="upload",
        format=Format(sheet=sheet),
        requires=(),
        job="tabular",
        feeds=(),
    )


def _sheets(path: Path) -> list[str]:
    from lake import parts
    from lake.archive import Archive, Limits

    with Archive(path, path.stat().st_size, Limits()) as archive:
        return list(parts.sheets(archive))
