"""What people read: each result of a gold job, as a query over its tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lake.names import logical_database, nearest
from scripts.catalog_compiler import shapes
from scripts.catalog_compiler.conducting import Declared, declared, said, sentence
from scripts.catalog_compiler.reader import Entry

_TABLE = re.compile(r"\{([^{}]*)\}")
_PAGE = 1000
_KEEP = "7d"


def results(root: Path, tables: Declared, jobs: Declared) -> dict[str, Any]:
    """Each result by its id (`emt_lines`)."""
    found = {}
    for domain, name, entry in declared(root, "results", shapes.RESULT):
        if ("from" in entry.value) == ("query" in entry.value):
            raise entry.place.refuse("a result says exactly one of 'from' and 'query'")
        if "from" in entry.value:
            query, reads, columns = _taken(entry, domain, tables)
        else:
            query, reads, columns = _queried(entry, tables)
        result = {
            "id": f"{domain}_{name}",
            "domain": domain,
            "name": name,
            "about": sentence(entry),
            "job": _job(entry, jobs, reads),
            "query": query,
            "reads": reads,
            "columns": columns,
            "key": said(entry, "key", []),
            "filters": said(entry, "filters", []),
            "sorts": said(entry, "sorts", []),
            "fresh_within_minutes": _promise(entry, tables, reads),
            "keep_days": shapes.minutes(said(entry, "keep", _KEEP)) // 1440,
            "page": said(entry, "page", _PAGE),
        }
        _check_columns(entry, columns)
        _check_bounds(entry, result)
        found[str(result["id"])] = result
    return found


def _taken(
    entry: Entry, domain: str, tables: Declared
) -> tuple[str, list[str], list[dict[str, Any]]]:
    """Columns of one table, as they are."""
    named = entry.value["from"]
    table_id = _table_id(named.value, domain)
    if table_id not in tables:
        raise named.place.refuse(
            f"the table '{table_id}' is not declared{nearest(table_id, tables)}"
        )
    known = {column["name"]: column for column in tables[table_id]["columns"]}
    chosen = said(entry, "columns", list(known))
    if not isinstance(chosen, list):
        raise entry.place.refuse("with 'from', 'columns' is a list of names of the table's columns")
    for name in chosen:
        if name not in known:
            hint = nearest(str(name), known)
            raise entry.value["columns"].place.refuse(
                f"'columns' names the unknown column '{name}'{hint}"
            )
    listed = ", ".join(f"`{name}`" for name in chosen)
    columns = [dict(known[name]) for name in chosen]
    return f"SELECT {listed} FROM {{{table_id}}}", [table_id], columns  # noqa: S608 (our own words)


def _queried(entry: Entry, tables: Declared) -> tuple[str, list[str], list[dict[str, Any]]]:
    """Columns that a query computes, each declared."""
    query, specs = entry.value["query"], entry.value.get("columns")
    if specs is None or not isinstance(specs.value, dict):
        raise entry.place.refuse("with 'query', 'columns' says each column's type and meaning")
    reads = list(dict.fromkeys(_TABLE.findall(query.value)))
    if not reads:
        raise query.place.refuse("'query' names its tables in braces: {emt_gold.arrivals_weather}")
    for table_id in reads:
        if table_id not in tables:
            raise query.place.refuse(
                f"the table '{table_id}' is not declared{nearest(table_id, tables)}"
            )
    columns = [
        {
            "name": name,
            "type": spec.value["type"].value,
            "required": said(spec, "required", False),
            "about": spec.value["about"].value,
            "unit": said(spec, "unit", None),
        }
        for name, spec in specs.value.items()
    ]
    return " ".join(query.value.split()), reads, columns


def _table_id(label: str, domain: str) -> str:
    layer, _, name = label.partition(".")
    return f"{logical_database(domain, layer)}.{name}" if layer in shapes.LAYERS else label


def _job(entry: Entry, jobs: Declared, reads: list[str]) -> str:
    """The job that publishes it: only what it reads or writes is there at that moment."""
    place, name = entry.value["job"].place, str(entry.value["job"].value)
    if name not in jobs:
        raise place.refuse(f"the job '{name}' is not declared{nearest(name, jobs)}")
    known = [*jobs[name]["tables"], *jobs[name]["reads"]]
    for table_id in reads:
        if table_id not in known:
            raise place.refuse(f"the job '{name}' neither reads nor writes '{table_id}'")
    return name


def _promise(entry: Entry, tables: Declared, reads: list[str]) -> int | None:
    """Its own, or the strictest of the tables that it is made of."""
    if "fresh_within" in entry.value:
        return shapes.minutes(entry.value["fresh_within"].value)
    promised = [tables[table_id]["fresh_within_minutes"] for table_id in reads]
    return min((minutes for minutes in promised if minutes), default=None)


def _check_columns(entry: Entry, columns: list[dict[str, Any]]) -> None:
    """Key, filters and sorts name columns; a column bears no word of the address's own."""
    kinds: Mapping[str, str] = {column["name"]: column["type"] for column in columns}
    for name in kinds:
        if not shapes.SNAKE.fullmatch(name) or name in shapes.RESERVED:
            words = ", ".join(sorted(shapes.RESERVED))
            raise entry.place.refuse(f"column '{name}' must be snake_case and none of {words}")
    for what in ("key", "filters", "sorts"):
        for part in entry.value[what].value if what in entry.value else []:
            if part.value not in kinds:
                hint = nearest(str(part.value), kinds)
                raise part.place.refuse(f"'{what}' names the unknown column '{part.value}'{hint}")
            if kinds[part.value].startswith("array"):
                raise part.place.refuse(
                    f"'{what}' names the list '{part.value}': lists do not sort"
                )


def _check_bounds(entry: Entry, result: Mapping[str, Any]) -> None:
    if not result["key"]:
        raise entry.place.refuse("'key' names at least one column")
    if not 1 <= result["page"] <= shapes.MOST_ROWS_A_PAGE:
        raise entry.value["page"].place.refuse(f"'page' is 1 to {shapes.MOST_ROWS_A_PAGE:,} rows")
    if result["keep_days"] < 1:
        raise entry.value["keep"].place.refuse("'keep' is at least 1d")
