"""Workbooks made cell by cell, and files read without Spark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.batch import File
from jobs.reading import FACTS, REJECT, ROW, FileFacts, Reader
from lake.catalog import Catalog
from scripts.samples.workbook import xlsx
from tests.spark.lakehouse import JOBS

RECEIVED = datetime(2025, 8, 30, 6)


def sheet_of(rows: Sequence[Mapping[str, Any]], sheet: str = "Sheet1") -> bytes:
    """A workbook whose header is the union of the rows' names."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    return xlsx(sheet, header, [[row.get(name) for name in header] for row in rows])


def prediction(**changes: Any) -> dict[str, Any]:
    """One prediction as EMT publishes it."""
    return {
        "line": "001",
        "stop": "5710",
        "isHead": "False",
        "destination": "MONCLOA",
        "deviation": 0,
        "bus": 142,
        "geometry": {"type": "Point", "coordinates": [-3.69, 40.41]},
        "estimateArrive": 406,
        "DistanceBus": 520,
        "positionTypeBus": "0",
        **changes,
    }


def stop_info(**changes: Any) -> dict[str, Any]:
    """What a poll says about its stop."""
    return {
        "lines": [],
        "stopId": "5710",
        "stopName": "Estación de Atocha",
        "geometry": {"type": "Point", "coordinates": [-3.68, 40.40]},
        "Direction": "Av. Ciudad de Barcelona          ",
        **changes,
    }


def poll(*predictions: Any, at: Any = "2025-08-29 17:01:17", **cells: Any) -> dict[str, Any]:
    """One row of an arrivals workbook."""
    return {
        "timestamp": at,
        "Arrive": repr(list(predictions)),
        "StopInfo": repr([stop_info()]),
        "ExtraInfo": "[]",
        "Incident.ListaIncident.data": "[]",
        "stopId": "5710",
        "line": 361,
        **cells,
    }


class Read:
    """One file as its parser reads it, whatever its name says."""

    def __init__(self, catalog: Catalog, source_id: str, content: bytes, folder: Path) -> None:
        source = catalog.source(source_id)
        path = folder / "file.xlsx"
        path.write_bytes(content)
        tables = tuple(catalog.table(name) for name in (*source.feeds, *source.derives))
        reader = Reader(source, tables, JOBS[source.job], {}, catalog.data)
        file = File(str(path), source_id, "0" * 64, "load-0", RECEIVED, path.name)
        self._records = list(reader.records((0, file)))
        self._catalog = catalog
        (facts,) = (record[2][0] for record in self._records if record[0] == FACTS)
        assert isinstance(facts, FileFacts)
        self.facts = facts

    def rows(self, table_id: str) -> list[dict[str, Any]]:
        """The typed rows of a table, repeats of Spark's making included."""
        names = [column.name for column in self._catalog.table(table_id).columns]
        return [
            dict(zip(names, record[2][2:], strict=True))
            for record in self._records
            if record[:2] == (ROW, table_id)
        ]

    def rejects(self, table_id: str) -> list[tuple[Any, ...]]:
        """(row, column, value, rule, reason) of each reject."""
        return [record[2][2:] for record in self._records if record[:2] == (REJECT, table_id)]

    def counts(self, table_id: str) -> tuple[int, int, int, int, int]:
        """read, rows, repeats, rejected, empty."""
        facts = self.facts.tables[table_id]
        return facts.read, len(self.rows(table_id)), facts.repeat, facts.rejected, facts.empty
