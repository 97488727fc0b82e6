"""Any sheet whose declaration says from which of its columns each table column comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from jobs.records import Cells, Context, Event, Reject, Row, Transform
from lake import mapping
from lake.conform import Refused


def parse(rows: Iterable[tuple[int, Cells]], context: Context) -> Iterator[Event]:
    """One row of the table for each row of the sheet."""
    table_id = context.source.feeds[0]
    columns = dict(context.source.columns)
    for row_number, cells in rows:
        # What nobody publishes is ours to say: when the lake received it.
        values: dict[str, object] = {"ingest_ts": context.received_at}
        reject: Reject | None = None
        for target, mapped in columns.items():
            cell = mapping.cell(mapped, target, cells)
            try:
                values[target] = mapping.read(cell, mapped)
            except Refused as refused:
                reject = Reject(table_id, row_number, target, cell, refused.rule, refused.reason)
                break
        yield reject or Row(table_id, row_number, values)


TRANSFORM: Final = Transform(parse)
