"""Declarations resolved against each other and laid out as everybody reads them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lake.names import logical_database, nearest
from local.athena_words import DDL_RESERVED
from scripts.catalog_compiler import conducting, results, shapes
from scripts.catalog_compiler.reader import Entry, File, Place, files

_EXTENSIONS = {"workbook": ".xlsx", "json": ".json", "parquet": ".parquet"}
_FORMAT_DEFAULTS = {
    "type": "workbook",
    "sheet": None,
    "header_row": 1,
    "max_bytes": 104_857_600,
    "max_rows": 1_048_576,
    "max_columns": 256,
}
_TRANSFORM = re.compile(
    r"(?:(year|month|day|hour)\((\w+)\)|(bucket|truncate)\((\d+), ?(\w+)\)|(\w+))"
)
_LONGEST_ABOUT = 255  # Glue keeps no longer comment of a column
_INGEST_TS = {
    "name": "ingest_ts",
    "type": "timestamp",
    "required": True,
    "about": "When the lake received the file, in UTC",
    "unit": None,
}


@dataclass
class _Draft:
    """What has been read so far, with the places for complaints."""

    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, Entry] = field(default_factory=dict)
    apis: dict[str, Any] = field(default_factory=dict)


def compile_catalog(root: Path) -> dict[str, Any]:
    """The compiled catalogue of a checkout."""
    draft = _Draft(apis=conducting.apis(root))
    for file in files(root, "tables"):
        _read_table(draft, file)
    for domain, name, entry in conducting.declared(root, "sources", shapes.SOURCE):
        _read_source(draft, domain, name, entry)
    _check_paths(draft)
    for source in draft.sources.values():
        _resolve(draft, source)
    loading = {name: one for name, one in draft.sources.items() if one["kind"] != "stream"}
    for source in draft.sources.values():
        for table in source["feeds"] if source["kind"] == "stream" else ():
            draft.tables[table]["streamed"] = True
    lanes = _lanes(loading)
    for lane, members in lanes.items():
        for member in members:
            draft.sources[member]["lane"] = lane
    jobs = _jobs(loading)
    jobs |= conducting.jobs(root, draft.tables, jobs)
    content: dict[str, Any] = {
        "version": 1,
        "databases": {
            table["database"]: {"domain": table["domain"], "layer": table["layer"]}
            for table in draft.tables.values()
        },
        "sources": draft.sources,
        "tables": draft.tables,
        "apis": draft.apis,
        "pipelines": conducting.pipelines(root, jobs),
        "data": conducting.data(root),
        "results": results.results(root, draft.tables, jobs),
        "jobs": jobs,
        "lanes": lanes,
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {**content, "sha256": digest}


def _read_table(draft: _Draft, file: File) -> None:
    entry = file.read()
    shapes.TABLE(entry, file.name)
    _add_table(draft, file.domain, file.name, entry)


def _add_table(draft: _Draft, domain: str, label: str, entry: Entry) -> str:
    layer, _, name = label.partition(".")
    if layer not in shapes.LAYERS or not shapes.SNAKE.fullmatch(name):
        layers = "|".join(shapes.LAYERS)
        raise entry.place.refuse(f"table '{label}' must be called {layers}.snake_case_name")
    fields = entry.value
    columns = [
        {
            "name": column,
            "type": spec.value["type"].value,
            "required": _plain(spec, "required", False),
            "about": spec.value["about"].value,
            "unit": _plain(spec, "unit", None),
        }
        for column, spec in fields["columns"].value.items()
    ]
    for column, spec in fields["columns"].value.items():
        if not shapes.SNAKE.fullmatch(column):
            raise spec.place.refuse(f"column '{column}' must be snake_case")
        about = spec.value["about"]
        if "\\" in str(about.value) or len(str(about.value)) > _LONGEST_ABOUT:
            raise about.place.refuse(
                f"'about' of '{column}' becomes its comment in Athena's DDL:"
                f" at most {_LONGEST_ABOUT} characters and no backslash"
            )
    database = logical_database(domain, layer)
    table = {
        "id": f"{database}.{name}",
        "domain": domain,
        "layer": layer,
        "database": database,
        "name": name,
        "about": " ".join(str(_plain(entry, "about", name)).split()),
        "columns": columns,
        "key": _plain(entry, "key", []),
        "partition": _plain(entry, "partition", []),
        "newest_by": _plain(entry, "newest_by", None),
        "keep_known": _plain(entry, "keep_known", False),
        "checks": _plain(entry, "checks", []),
        "quality": _plain(entry, "quality", []),
        "streamed": False,
        "fresh_within_minutes": _minutes(entry, "fresh_within"),
        "retention_days": _days(entry, "retention"),
    }
    if table["id"] in draft.tables:
        raise entry.place.refuse(f"table '{table['id']}' is declared twice")
    _check_references(table, entry)
    draft.tables[table["id"]] = table
    return str(table["id"])


def _check_references(table: dict[str, Any], entry: Entry) -> None:
    """Key, partition, version and checks name columns that exist."""
    kinds = {column["name"]: column["type"] for column in table["columns"]}

    def known(column: str, at: Place, what: str) -> None:
        if column not in kinds:
            raise at.refuse(f"{what} names the unknown column '{column}'{nearest(column, kinds)}")

    for part in entry.value["key"].value:
        known(part.value, part.place, "'key'")
    if "newest_by" in entry.value:
        known(entry.value["newest_by"].value, entry.value["newest_by"].place, "'newest_by'")
    if "partition" in entry.value:
        for part in entry.value["partition"].value:
            match = _TRANSFORM.fullmatch(str(part.value))
            if not match:
                raise part.place.refuse(
                    f"'{part.value}' is no partition transform: column, day(column),"
                    " hour(column), month(column), year(column), bucket(n, column)"
                    " or truncate(n, column)"
                )
            column = match[2] or match[5] or match[6]
            known(column, part.place, "'partition'")
            if column in DDL_RESERVED and not match[6]:
                raise part.place.refuse(
                    f"'{column}' is a reserved word of Athena's DDL, which can be quoted as a"
                    " partition column but not in a transform: call the column otherwise"
                )
    for rule in entry.value["quality"].value if "quality" in entry.value else []:
        if "column" in rule.value:
            known(rule.value["column"].value, rule.place, "'quality'")
        if rule.value["check"].value == "nulls" and "column" not in rule.value:
            raise rule.place.refuse("the check 'nulls' names its 'column'")
    if "checks" in entry.value:
        for check in entry.value["checks"].value:
            known(check.value["column"].value, check.place, "'checks'")
            if len(check.value) != 2:
                raise check.place.refuse("a check says exactly one of between, one_of, matches")


def _read_source(draft: _Draft, domain: str, name: str, entry: Entry) -> None:
    mapped = _plain(entry, "columns", {})
    feeds = [logical_id(domain, label) for label in _plain(entry, "feeds", [])]
    if "table" in entry.value:
        inline = entry.value["table"]
        if "feeds" in entry.value or "columns" in entry.value:
            raise inline.place.refuse("an inline 'table' replaces 'feeds' and 'columns'")
        feeds, mapped = _inline(draft, domain, inline, entry)
    if not feeds:
        raise entry.place.refuse("a source says where it goes: 'feeds' or an inline 'table'")
    kind = entry.value["kind"].value
    if kind == "stream" and ("job" in entry.value or "format" in entry.value):
        raise entry.place.refuse("a stream has neither 'job' nor 'format': nothing loads files")
    source_id = f"{domain}/{name}"
    draft.places[source_id] = entry
    draft.sources[source_id] = {
        "id": source_id,
        "domain": domain,
        "name": name,
        "about": " ".join(str(entry.value["about"].value).split()),
        "kind": kind,
        "poll": conducting.poll(entry, domain, draft.apis),
        "format": _format(entry),
        "path": _plain(entry, "path", source_id),
        "folder": _plain(entry, "folder", ""),
        "constants": _plain(entry, "constants", {}),
        "requires": _plain(entry, "requires", None),
        "job": "" if kind == "stream" else _plain(entry, "job", "tabular"),
        "feeds": feeds,
        "derives": [logical_id(domain, label) for label in _plain(entry, "derives", [])],
        "columns": mapped,
        "reject_share": _plain(entry, "reject_share", 0.05),
        "lane": "",
    }


def _format(source: Entry) -> dict[str, Any]:
    found = {**_FORMAT_DEFAULTS, **_plain(source, "format", {})}
    if found["type"] != "workbook":
        for key in ("sheet", "header_row"):
            if key in source.value["format"].value:
                place = source.value["format"].value[key].place
                raise place.refuse(f"'{key}' is of workbooks only, not of {found['type']}")
    return {**found, "extension": _EXTENSIONS[found["type"]]}


def _check_paths(draft: _Draft) -> None:
    """The longest declared path decides whose a file is; two sources cannot share one."""
    taken: dict[str, str] = {}
    for source in draft.sources.values():
        other = taken.setdefault(source["path"], source["id"])
        if other != source["id"]:
            place = draft.places[source["id"]].place
            raise place.refuse(f"'{other}' has the path '{source['path']}' already")


def logical_id(domain: str, label: str) -> str:
    """`silver.stops` in the domain `emt` is `emt_silver.stops`."""
    layer, _, name = label.partition(".")
    return f"{logical_database(domain, layer)}.{name}"


def _inline(
    draft: _Draft, domain: str, inline: Entry, source: Entry
) -> tuple[list[str], dict[str, Any]]:
    """A table that stands in its only source's file: each column says its cell right there."""
    fields = dict(inline.value)
    fields.setdefault("about", source.value["about"])
    table_id = _add_table(draft, domain, fields["name"].value, Entry(fields, inline.place))
    table = draft.tables[table_id]
    mapped = {
        column: {
            key: part.value
            for key, part in spec.value.items()
            if key in ("from", "is", "item", "epoch", "format", "zone")
        }
        for column, spec in inline.value["columns"].value.items()
    }
    if "ingest_ts" not in mapped:
        table["columns"].append(dict(_INGEST_TS))
    table["newest_by"] = table["newest_by"] or "ingest_ts"
    return [table_id], {name: cell for name, cell in mapped.items() if cell}


def _resolve(draft: _Draft, source: dict[str, Any]) -> None:
    """Each table that a source names exists, and a tabular source says every column's cell."""
    entry = draft.places[source["id"]]
    for table_id in [*source["feeds"], *source["derives"]]:
        if table_id not in draft.tables:
            hint = nearest(table_id, draft.tables)
            raise entry.place.refuse(f"the table '{table_id}' is not declared{hint}")
    mapped = source["columns"]
    if source["requires"] is None:
        source["requires"] = [cell["from"] for cell in mapped.values() if "from" in cell]
    if source["job"] not in ("tabular", "") and not mapped:
        return
    if len(source["feeds"]) != 1:
        raise entry.place.refuse("a source with 'columns' feeds exactly one table")
    table = draft.tables[source["feeds"][0]]
    names = [column["name"] for column in table["columns"]]
    for column, cell in mapped.items():
        if column not in names:
            hint = nearest(column, names)
            raise entry.place.refuse(f"'columns' names the unknown column '{column}'{hint}")
        if ("from" in cell) == ("is" in cell):
            raise entry.place.refuse(f"column '{column}' says exactly one of 'from' and 'is'")
    for column in table["columns"]:
        if column["required"] and column["name"] not in mapped and column["name"] != "ingest_ts":
            raise entry.place.refuse(f"'columns' lacks the required column '{column['name']}'")


def _jobs(sources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    jobs: dict[str, Any] = {}
    for source in sources.values():
        job = jobs.setdefault(source["job"], _job(source["job"]))
        job["sources"].append(source["id"])
        for table in [*source["feeds"], *source["derives"]]:
            if table not in job["tables"]:
                job["tables"].append(table)
    return jobs


def _job(name: str) -> dict[str, Any]:
    """A job that sources start: its arguments are the batch's."""
    return {
        "about": "",
        "script": name,
        "sources": [],
        "tables": [],
        "reads": [],
        "arguments": [],
        "timeout_minutes": None,
    }


def _lanes(sources: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Sources that write a common table form one lane: a table has one writer at a time."""
    lanes: list[tuple[set[str], set[str]]] = []
    for source in sources.values():
        members, tables = {source["id"]}, {*source["feeds"], *source["derives"]}
        for lane in [lane for lane in lanes if lane[1] & tables]:
            lanes.remove(lane)
            members, tables = members | lane[0], tables | lane[1]
        lanes.append((members, tables))
    return {min(members).replace("/", "-"): sorted(members) for members, _ in lanes}


def _plain(entry: Entry, key: str, default: Any) -> Any:
    return entry.value[key].plain() if key in entry.value else default


def _minutes(entry: Entry, key: str) -> int | None:
    value = _plain(entry, key, None)
    return shapes.minutes(value) if value else None


def _days(entry: Entry, key: str) -> int | None:
    """Whole days; fewer than one would be none at all, and nothing would ever go."""
    value = _minutes(entry, key)
    if value is not None and value < 1440:
        raise entry.value[key].place.refuse(f"'{key}' is at least 1d")
    return None if value is None else value // 1440


def tables_of(catalog: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tables in the order in which a person looks for them."""
    yield from sorted(catalog["tables"].values(), key=lambda table: str(table["id"]))
