"""A file into typed records: runs where Spark runs it, and touches nothing but the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from jobs import lakeio
from jobs.batch import File
from jobs.records import Cells, Context, Empty, Reject, Repeat, Row, Transform
from lake import rows
from lake.catalog import Source, Table
from lake.conform import Conformer, Rejection, rejection
from lake.errors import FileRefused

ROW, REJECT, FACTS = 0, 1, 2
MOST_WORDS = 31  # different values of a partition column that are worth naming one by one


@dataclass
class Facts:
    """What one file says about one table, counted where it was read."""

    read: int = 0
    repeat: int = 0
    rejected: int = 0
    empty: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    days: dict[str, set[date]] = field(default_factory=dict)
    words: dict[str, set[str | int]] = field(default_factory=dict)


@dataclass
class FileFacts:
    """What one file says as a whole."""

    load: int
    sheet_rows: int = 0
    refused: str | None = None
    tables: dict[str, Facts] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """Reads the files of one source; Spark carries it to where the files are read."""

    source: Source
    tables: tuple[Table, ...]
    transform: Transform
    prunable: Mapping[str, tuple[str, ...]]  # partition columns to note, by table
    data: Mapping[str, Any] = field(default_factory=dict)  # the catalogue's, by DOMAIN/NAME

    def records(self, entry: tuple[int, File]) -> Iterator[tuple[int, str, tuple[object, ...]]]:
        """(kind, table, record) for each row and reject, and at the end the facts."""
        load, file = entry
        facts = FileFacts(load, tables={table.id: Facts() for table in self.tables})
        with lakeio.local_copy(file.uri) as path:
            try:
                yield from self._events(path, load, file, facts)
            except FileRefused as refused:
                facts.refused = refused.reason
            except Exception as error:  # noqa: BLE001 (its neighbours in the batch must load)
                facts.refused = f"the file breaks its parser ({type(error).__name__}: {error})"
        if facts.refused is not None:
            # Nothing of the file may stay, also not what was said before it broke off.
            facts.tables = {table.id: Facts() for table in self.tables}
        yield FACTS, "", (facts,)

    def _events(
        self, path: str, load: int, file: File, facts: FileFacts
    ) -> Iterator[tuple[int, str, tuple[object, ...]]]:
        conformers = {table.id: Conformer(table) for table in self.tables}
        places = {
            table.id: [
                (name, [column.name for column in table.columns].index(name))
                for name in self.prunable.get(table.id, ())
            ]
            for table in self.tables
        }
        found = _counted(rows.read(path, self.source), facts)
        context = Context(self.source, file.received_at, file.file_name, self.data)
        for sequence, event in enumerate(self.transform.parse(found, context)):
            counts = facts.tables[event.table_id]
            counts.read += 1
            if isinstance(event, Row):
                typed = conformers[event.table_id].row(event.values)
                if not isinstance(typed, Rejection):
                    for name, place in places[event.table_id]:
                        _note(counts, name, typed[place])
                    yield ROW, event.table_id, (load, sequence, *typed)
                    continue
                broken = typed
            elif isinstance(event, Reject):
                broken = rejection(event.column or "", event.value, event.rule, event.reason)
            else:
                counts.repeat += isinstance(event, Repeat)
                counts.empty += isinstance(event, Empty)
                continue
            counts.rejected += 1
            counts.rules[broken.rule] += 1
            yield (
                REJECT,
                event.table_id,
                (
                    load,
                    counts.rejected,
                    event.row_number,
                    broken.column or None,
                    broken.value,
                    broken.rule,
                    broken.reason,
                ),
            )


def _counted(found: Iterator[rows.Row], facts: FileFacts) -> Iterator[tuple[int, Cells]]:
    for row in found:
        facts.sheet_rows += 1
        yield row


def _note(facts: Facts, name: str, value: object) -> None:
    if isinstance(value, datetime):
        facts.days.setdefault(name, set()).add(value.date())
    elif isinstance(value, date):
        facts.days.setdefault(name, set()).add(value)
    elif isinstance(value, str | int):
        known = facts.words.setdefault(name, set())
        if len(known) <= MOST_WORDS:
            known.add(value)
