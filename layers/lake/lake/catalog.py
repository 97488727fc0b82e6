"""The catalogue as everybody reads it: frozen records out of the compiled catalog.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from lake.errors import CatalogError
from lake.names import nearest


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    about: str
    required: bool = False
    unit: str | None = None


@dataclass(frozen=True)
class Check:
    """A rule that each row must keep; a row that does not is rejected, never changed."""

    column: str
    between: tuple[float, float] | None = None
    one_of: tuple[str, ...] | None = None
    matches: str | None = None


@dataclass(frozen=True)
class Table:
    """One Iceberg table: its grain is the key."""

    id: str
    domain: str
    layer: str
    database: str
    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition: tuple[str, ...] = ()
    newest_by: str | None = None
    keep_known: bool = False
    checks: tuple[Check, ...] = ()
    fresh_within_minutes: int | None = None
    retention_days: int | None = None

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class Format:
    """What a source's files are and how large they may be."""

    sheet: str | None = None
    header_row: int = 1
    extension: str = ".xlsx"
    max_bytes: int = 104_857_600
    max_rows: int = 1_048_576
    max_columns: int = 256


@dataclass(frozen=True)
class Mapped:
    """From which cell a column of a tabular source comes, and how that cell spells its value."""

    source: str | None = None
    constant: str | None = None
    item: int | None = None
    epoch: str | None = None
    format: str | None = None
    zone: str | None = None


@dataclass(frozen=True)
class Source:
    """One thing that sends data."""

    id: str
    domain: str
    name: str
    about: str
    kind: str
    format: Format
    requires: tuple[str, ...]
    job: str
    feeds: tuple[str, ...]
    derives: tuple[str, ...] = ()
    columns: Mapping[str, Mapped] = field(default_factory=dict)
    reject_share: float = 0.05
    lane: str = ""


@dataclass(frozen=True)
class Job:
    """One Spark entry script."""

    name: str
    sources: tuple[str, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Catalog:
    """All declarations."""

    sha256: str
    sources: Mapping[str, Source]
    tables: Mapping[str, Table]
    jobs: Mapping[str, Job]
    lanes: Mapping[str, tuple[str, ...]]

    def source(self, source_id: str) -> Source:
        """The source of that id; an unknown one is answered with the nearest known."""
        if source_id not in self.sources:
            hint = nearest(source_id, self.sources)
            raise CatalogError(f"no source is called '{source_id}'{hint}")
        return self.sources[source_id]

    def table(self, table_id: str) -> Table:
        """The table of that id (`emt_silver.stops`)."""
        if table_id not in self.tables:
            hint = nearest(table_id, self.tables)
            raise CatalogError(f"no table is called '{table_id}'{hint}")
        return self.tables[table_id]

    def lane_of(self, source_id: str) -> str:
        """The writer group of a source: loads of one lane run one after the other."""
        return self.source(source_id).lane

    @property
    def databases(self) -> dict[str, str]:
        """Each logical database and its layer."""
        return {table.database: table.layer for table in self.tables.values()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Catalog:
        """The records of a compiled catalogue."""
        return cls(
            sha256=data["sha256"],
            sources={name: _source(entry) for name, entry in data["sources"].items()},
            tables={name: _table(entry) for name, entry in data["tables"].items()},
            jobs={
                name: Job(name, tuple(entry["sources"]), tuple(entry["tables"]))
                for name, entry in data["jobs"].items()
            },
            lanes={name: tuple(sources) for name, sources in data["lanes"].items()},
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Catalog:
        """A compiled catalogue as it lies on disk or on S3."""
        return cls.from_dict(json.loads(text))

    @classmethod
    def bundled(cls) -> Catalog:
        """The catalogue that this package was built with."""
        return _bundled()


@cache
def _bundled() -> Catalog:
    resource = files("lake") / "catalog.json"
    if not resource.is_file():
        raise CatalogError("the package carries no catalogue: run `make build`")
    return Catalog.from_json(resource.read_bytes())


def _check(entry: Mapping[str, Any]) -> Check:
    between = entry.get("between")
    one_of = entry.get("one_of")
    return Check(
        column=entry["column"],
        between=(between[0], between[1]) if between else None,
        one_of=tuple(one_of) if one_of else None,
        matches=entry.get("matches"),
    )


def _table(entry: Mapping[str, Any]) -> Table:
    return Table(
        id=entry["id"],
        domain=entry["domain"],
        layer=entry["layer"],
        database=entry["database"],
        name=entry["name"],
        about=entry["about"],
        columns=tuple(Column(**column) for column in entry["columns"]),
        key=tuple(entry["key"]),
        partition=tuple(entry["partition"]),
        newest_by=entry["newest_by"],
        keep_known=entry["keep_known"],
        checks=tuple(_check(check) for check in entry["checks"]),
        fresh_within_minutes=entry["fresh_within_minutes"],
        retention_days=entry["retention_days"],
    )


def _source(entry: Mapping[str, Any]) -> Source:
    mapped = {
        target: Mapped(
            source=cell.get("from"),
            constant=cell.get("is"),
            item=cell.get("item"),
            epoch=cell.get("epoch"),
            format=cell.get("format"),
            zone=cell.get("zone"),
        )
        for target, cell in entry["columns"].items()
    }
    return Source(
        id=entry["id"],
        domain=entry["domain"],
        name=entry["name"],
        about=entry["about"],
        kind=entry["kind"],
        format=Format(**entry["format"]),
        requires=tuple(entry["requires"]),
        job=entry["job"],
        feeds=tuple(entry["feeds"]),
        derives=tuple(entry["derives"]),
        columns=mapped,
        reject_share=entry["reject_share"],
        lane=entry["lane"],
    )
