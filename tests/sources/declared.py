"""What a declared source makes of its sample rows: read as a load reads them, without Spark."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from jobs import tabular
from jobs.records import Cells, Context, Event, Reject, Row
from lake.catalog import Catalog, Source, Table
from lake.conform import Conformer, Rejection
from lake.errors import LakeError
from lake.names import nearest
from scripts.catalog_compiler.compiler import compile_catalog

ROOT: Final = Path(__file__).parents[2]
SAMPLES: Final = Path(__file__).parent / "samples"
RECEIVED_AT: Final = datetime(2025, 9, 1, 12)


@dataclass(frozen=True)
class Read:
    """The columns that come from the sheet with their types, and each row: values or why not."""

    types: Mapping[str, str]
    rows: Sequence[Mapping[str, object] | str]


def read(source_id: str) -> Read:
    """The sample rows of a source through its declaration, as the checkout has it now."""
    catalog = _catalog()
    source = catalog.source(source_id)
    table = catalog.table(source.feeds[0])
    if not table.key:
        raise LakeError(f"{source_id} has no key: choose the columns that tell its rows apart")
    rows = _samples(SAMPLES / f"{source.domain}_{source.name}.csv", source)
    context = Context(source, RECEIVED_AT)
    conformer = Conformer(table)
    return Read(
        types={name: table.column(name).type for name in source.columns},
        rows=[_told(event, source, table, conformer) for event in tabular.parse(rows, context)],
    )


@cache
def _catalog() -> Catalog:
    return Catalog.from_dict(compile_catalog(ROOT))


def _samples(path: Path, source: Source) -> Iterator[tuple[int, Cells]]:
    """Rows as a workbook gives them: nothing in a cell is none, the header is row 1."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = filter(None, csv.reader(file, strict=True))
    for name in source.requires:
        if name not in header:
            hint = nearest(name, header)
            raise LakeError(f"{path.name} lacks the column '{name}' of {source.id}{hint}")
    for number, cells in enumerate(rows, start=2):
        yield number, {name: cell or None for name, cell in zip(header, cells, strict=True)}


def _told(
    event: Event, source: Source, table: Table, conformer: Conformer
) -> Mapping[str, object] | str:
    if isinstance(event, Reject):
        return f"{event.column}: {event.reason}"
    assert isinstance(event, Row)
    typed = conformer.row(event.values)
    if isinstance(typed, Rejection):
        return f"{typed.column}: {typed.reason}"
    values = {column.name: value for column, value in zip(table.columns, typed, strict=True)}
    return {name: values[name] for name in source.columns}
