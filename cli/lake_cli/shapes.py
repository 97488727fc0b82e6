"""What tables and sources are: their declaration, and how large they have grown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from lake.catalog import Catalog, Check, Source, Table
from lake.errors import CatalogError
from lake.names import nearest, physical_database
from lake_cli.deployment import Deployment

Row = dict[str, Any]


def tables(deployment: Deployment) -> list[Row]:
    """Every declared table with its size, out of the one metadata file that Glue points at."""
    glue, s3 = deployment.client("glue"), deployment.client("s3")
    prefix = deployment["database_prefix"]

    def row(table: Table) -> Row:
        database = physical_database(prefix, table.database)
        try:
            found = glue.get_table(DatabaseName=database, Name=table.name)["Table"]
        except glue.exceptions.EntityNotFoundException:
            return {"table": table.id, "about": table.about, **grown({}), "location": None}
        place = found["Parameters"]["metadata_location"]
        bucket, _, key = place.removeprefix("s3://").partition("/")
        metadata = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return {
            "table": table.id,
            "about": table.about,
            **grown(metadata),
            "location": metadata.get("location"),
        }

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(row, deployment.catalog.tables.values()))


def grown(metadata: Mapping[str, Any]) -> Row:
    """Rows, files, bytes and last write of a table, as its current snapshot sums them up."""
    current = metadata.get("current-snapshot-id")
    snapshots = metadata.get("snapshots") or []
    snapshot = next((s for s in snapshots if s["snapshot-id"] == current), None)
    summary = snapshot["summary"] if snapshot else {}
    written = snapshot["timestamp-ms"] / 1000 if snapshot else None
    return {
        "rows": int(summary.get("total-records", 0)) if metadata else None,
        "files": int(summary.get("total-data-files", 0)) if metadata else None,
        "bytes": int(summary.get("total-files-size", 0)) if metadata else None,
        "snapshots": len(snapshots),
        "written_at": datetime.fromtimestamp(written, UTC).isoformat() if written else None,
    }


def describe(catalog: Catalog, name: str) -> tuple[dict[str, str], list[Row]]:
    """The facts and the columns of a table or a source, under the name that people use."""
    if name in catalog.tables:
        table = catalog.tables[name]
        return _table_facts(catalog, table), [_column_row(table, c.name) for c in table.columns]
    if name in catalog.sources:
        source = catalog.sources[name]
        return _source_facts(source), _source_rows(source)
    hint = nearest(name, [*catalog.tables, *catalog.sources])
    raise CatalogError(f"no table or source is called '{name}'{hint}")


def _table_facts(catalog: Catalog, table: Table) -> dict[str, str]:
    fed = [s.id for s in catalog.sources.values() if table.id in s.feeds + s.derives]
    fresh = table.fresh_within_minutes
    facts = {
        "table": table.id,
        "about": table.about,
        "key": ", ".join(table.key),
        "partition": ", ".join(table.partition),
        "newest by": table.newest_by or "",
        "fed by": ", ".join(fed),
        "fresh": f"within {fresh} minutes" if fresh else "",
    }
    return {what: value for what, value in facts.items() if value}


def _column_row(table: Table, name: str) -> Row:
    column = table.column(name)
    return {
        "column": column.name,
        "type": column.type,
        "unit": column.unit,
        "required": column.required,
        "key": column.name in table.key,
        "check": "; ".join(rule(check) for check in table.checks if check.column == name) or None,
        "about": column.about,
    }


def rule(check: Check) -> str:
    """A check in words."""
    if check.between:
        return f"between {check.between[0]:g} and {check.between[1]:g}"
    if check.one_of:
        return f"one of {', '.join(check.one_of)}"
    return f"matches {check.matches}"


def _source_facts(source: Source) -> dict[str, str]:
    return {
        "source": source.id,
        "about": source.about,
        "format": f"{source.format.extension}, sheet {source.format.sheet or 'the first'}",
        "job": source.job,
        "feeds": ", ".join(source.feeds),
        **({"derives": ", ".join(source.derives)} if source.derives else {}),
        "refused": f"whole when more than {source.reject_share:.0%} of its rows are bad",
        "upload": f"lake upload {source.id} FILE... --wait",
    }


def _source_rows(source: Source) -> list[Row]:
    """What the sheet must hold, and where each column goes where that is declared."""
    goes = {mapped.source: target for target, mapped in source.columns.items()}
    names = dict.fromkeys([*source.requires, *goes])
    return [
        {"column": name, "required": name in source.requires, "becomes": goes.get(name)}
        for name in names
    ]
