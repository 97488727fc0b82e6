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
class Quality:
    """A rule that a whole table keeps before it is shown."""

    check: str
    column: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    within: tuple[float, float] | None = None
    severity: str = "stop"


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
    quality: tuple[Quality, ...] = ()
    streamed: bool = False  # a stream appends to it, so that a key can stand twice

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


WORKBOOK, JSON, PARQUET = "workbook", "json", "parquet"
_CONTENT_TYPES = {
    WORKBOOK: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    JSON: "application/json",
    PARQUET: "application/vnd.apache.parquet",
}


@dataclass(frozen=True)
class Format:
    """What a source's files are and how large they may be."""

    type: str = WORKBOOK
    sheet: str | None = None
    header_row: int = 1
    extension: str = ".xlsx"
    max_bytes: int = 104_857_600
    max_rows: int = 1_048_576
    max_columns: int = 256

    @property
    def content_type(self) -> str:
        """What such a file is called over HTTP."""
        return _CONTENT_TYPES[self.type]


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
class Schedule:
    """When something starts, by the clock of a zone."""

    cron: str
    zone: str


@dataclass(frozen=True)
class Api:
    """A service that is asked for data."""

    id: str
    domain: str
    name: str
    about: str
    url: str
    secret: str | None
    auth: str
    parameter: str | None
    retries: int
    timeout_seconds: int
    quota_per_day: int | None
    # By hand: the variables that stand for the fields of the secret.
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Poll:
    """How and when a source is asked for."""

    api: str
    client: str | None
    schedule: Schedule | None
    every_minutes: int | None
    query: Mapping[str, str]


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
    poll: Poll | None = None
    path: str = ""  # where in raw and bronze its files lie
    folder: str = ""  # below it, by the clock: the folder of what comes now
    constants: Mapping[str, str] = field(default_factory=dict)  # what it says of every row

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", self.id)


@dataclass(frozen=True)
class Argument:
    """One argument of a job: a word, or what the deployment calls a database or a warehouse."""

    name: str
    literal: str | None = None
    database: str | None = None
    warehouse: str | None = None


@dataclass(frozen=True)
class Job:
    """One Spark entry script and what it is called with."""

    name: str
    script: str
    sources: tuple[str, ...]
    tables: tuple[str, ...]
    about: str = ""
    reads: tuple[str, ...] = ()
    arguments: tuple[Argument, ...] = ()
    timeout_minutes: int | None = None


@dataclass(frozen=True)
class Pipeline:
    """Jobs in stages: side by side within one, a stage after the other."""

    id: str
    domain: str
    name: str
    about: str
    schedule: Schedule | None
    timeout_minutes: int
    stages: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Result:
    """What people read: a query over gold, shown as a whole once its checks have passed."""

    id: str
    domain: str
    name: str
    about: str
    job: str
    query: str  # its tables stand in braces: {emt_gold.arrivals_weather}
    reads: tuple[str, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    filters: tuple[str, ...]
    sorts: tuple[str, ...]
    fresh_within_minutes: int | None
    keep_days: int
    page: int


@dataclass(frozen=True)
class Catalog:
    """All declarations."""

    sha256: str
    sources: Mapping[str, Source]
    tables: Mapping[str, Table]
    jobs: Mapping[str, Job]
    lanes: Mapping[str, tuple[str, ...]]
    apis: Mapping[str, Api] = field(default_factory=dict)
    pipelines: Mapping[str, Pipeline] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Result] = field(default_factory=dict)

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

    def result(self, result_id: str) -> Result:
        """The result of that id (`emt_lines`)."""
        if result_id not in self.results:
            hint = nearest(result_id, self.results)
            raise CatalogError(f"no result is called '{result_id}'{hint}")
        return self.results[result_id]

    def lane_of(self, source_id: str) -> str:
        """The writer group of a source: loads of one lane run one after the other."""
        return self.source(source_id).lane

    @property
    def streams(self) -> tuple[Source, ...]:
        """The sources that never end."""
        return tuple(source for source in self.sources.values() if source.kind == "stream")

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
            jobs={name: _job(name, entry) for name, entry in data["jobs"].items()},
            lanes={name: tuple(sources) for name, sources in data["lanes"].items()},
            apis={name: Api(**entry) for name, entry in data["apis"].items()},
            pipelines={name: _pipeline(entry) for name, entry in data["pipelines"].items()},
            data=data["data"],
            results={name: _result(entry) for name, entry in data["results"].items()},
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
        quality=tuple(_quality(rule) for rule in entry["quality"]),
        streamed=entry["streamed"],
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
        poll=_poll(entry["poll"]),
        path=entry["path"],
        folder=entry["folder"],
        constants=entry["constants"],
    )


def _quality(entry: Mapping[str, Any]) -> Quality:
    within = entry.get("within")
    return Quality(**{**entry, "within": (within[0], within[1]) if within else None})


def _schedule(entry: Mapping[str, str] | None) -> Schedule | None:
    return None if entry is None else Schedule(**entry)


def _poll(entry: Mapping[str, Any] | None) -> Poll | None:
    if entry is None:
        return None
    return Poll(**{**entry, "schedule": _schedule(entry["schedule"])})


def _job(name: str, entry: Mapping[str, Any]) -> Job:
    return Job(
        name=name,
        script=entry["script"],
        sources=tuple(entry["sources"]),
        tables=tuple(entry["tables"]),
        about=entry["about"],
        reads=tuple(entry["reads"]),
        arguments=tuple(Argument(**argument) for argument in entry["arguments"]),
        timeout_minutes=entry["timeout_minutes"],
    )


def _pipeline(entry: Mapping[str, Any]) -> Pipeline:
    return Pipeline(
        **{
            **entry,
            "schedule": _schedule(entry["schedule"]),
            "stages": tuple(tuple(stage) for stage in entry["stages"]),
        }
    )


def _result(entry: Mapping[str, Any]) -> Result:
    return Result(
        **{
            **entry,
            "reads": tuple(entry["reads"]),
            "columns": tuple(Column(**column) for column in entry["columns"]),
            **{name: tuple(entry[name]) for name in ("key", "filters", "sorts")},
        }
    )
