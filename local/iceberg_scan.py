"""What a query needs of an Iceberg table, read into Arrow: few columns, few files, one snapshot."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression
from pyiceberg.io.pyarrow import ArrowScan, schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.table import DataScan, FileScanTask, Table
from sqlglot import exp

from local.athena_errors import QueryFailed, unsupported
from local.scan_filters import Evaluate, filters_of
from local.trino_sql import ParsedQuery, TableUse

METADATA_TABLES = ("snapshots", "history", "files", "partitions", "manifests", "refs")


@dataclass
class Relation:
    """A table of the query: read when the query is allowed to scan that much."""

    name: str
    columns: dict[str, str]
    scanned_bytes: int
    read: Callable[[], pa.Table]


def relation_of(query: ParsedQuery, use: TableUse, table: Table, evaluate: Evaluate) -> Relation:
    """Plan the scan of one table of a query."""
    if use.kind:
        return _metadata_relation(use, table)
    snapshot_id = _snapshot(use, table, evaluate)
    schema = _schema(table, snapshot_id)
    wanted = _wanted(query.tree, schema)
    conditions = filters_of(use, schema, evaluate)
    row_filter: BooleanExpression = AlwaysTrue()
    for condition in conditions:
        row_filter = And(row_filter, condition)
    scan = table.scan(row_filter, selected_fields=wanted or ("*",), case_sensitive=False,
                      snapshot_id=snapshot_id)  # fmt: skip
    tasks = [task for task in scan.plan_files() if isinstance(task, FileScanTask)]
    if not wanted:
        return Relation(use.node.name, {}, 0, lambda: _counted(table, schema, scan, tasks))
    projection = scan.projection()
    return Relation(
        use.node.name,
        {field.name: str(field.field_type) for field in schema.fields},
        sum(_size(task, projection) for task in tasks),
        lambda: _arrow(table, projection, scan.row_filter, tasks),
    )


def _arrow(
    table: Table, projection: Schema, row_filter: BooleanExpression, tasks: list[FileScanTask]
) -> pa.Table:
    reader = ArrowScan(table.metadata, table.io, projection, row_filter, case_sensitive=False)
    found = reader.to_table(tasks)
    return found if tasks else schema_to_pyarrow(projection).empty_table()


def _counted(table: Table, schema: Schema, scan: DataScan, tasks: list[FileScanTask]) -> pa.Table:
    """As many rows as match, without columns: mostly known without opening a file."""
    known = [
        t for t in tasks if not t.delete_files and isinstance(t.residual, AlwaysTrue)
    ]  # fmt: skip
    others = [task for task in tasks if task not in known]
    rows = sum(task.file.record_count for task in known)
    if others:
        column = schema.select(schema.fields[0].name)
        rows += _arrow(table, column, scan.row_filter, others).num_rows
    return pa.table({"_": pa.nulls(rows, pa.int8())})


def _size(task: FileScanTask, projection: Schema) -> int:
    """The bytes of the wanted columns in a file, and its delete files."""
    sizes = task.file.column_sizes or {}
    ids = projection.field_ids
    data = sum(sizes.get(i, 0) for i in ids) if sizes else task.file.file_size_in_bytes
    return data + sum(file.file_size_in_bytes for file in task.delete_files)


def _wanted(tree: exp.Query, schema: Schema) -> tuple[str, ...]:
    """The columns whose names occur anywhere in the query; all of them where a star does."""
    for star in tree.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            return tuple(field.name for field in schema.fields)
    if any(join.args.get("method") == "NATURAL" for join in tree.find_all(exp.Join)):
        return tuple(field.name for field in schema.fields)
    named = {identifier.name.lower() for identifier in tree.find_all(exp.Identifier)}
    return tuple(field.name for field in schema.fields if field.name.lower() in named)


def _schema(table: Table, snapshot_id: int | None) -> Schema:
    if snapshot_id is None:
        return table.schema()
    return table.scan(snapshot_id=snapshot_id).projection()


def _snapshot(use: TableUse, table: Table, evaluate: Evaluate) -> int | None:
    """FOR VERSION / TIMESTAMP AS OF, as a snapshot id; None is the current one."""
    if use.version is None:
        return None
    value = evaluate(use.version.expression)
    if use.version.name.upper() == "TIMESTAMP":
        snapshot = table.snapshot_as_of_timestamp(_milliseconds(value))
    elif isinstance(value, str):
        snapshot = table.snapshot_by_name(value)
    else:
        snapshot = table.snapshot_by_id(int(value))
    if snapshot is None:
        shown = use.version.expression.sql()
        raise QueryFailed("INVALID_ARGUMENTS", f"No version history table found for {shown}")
    return snapshot.snapshot_id


def _milliseconds(value: Any) -> int:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise QueryFailed("TYPE_MISMATCH", "FOR TIMESTAMP AS OF needs a timestamp")
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def _metadata_relation(use: TableUse, table: Table) -> Relation:
    if use.kind not in METADATA_TABLES:
        raise unsupported(f"the metadata table ${use.kind}")
    content = getattr(table.inspect, use.kind)()
    for number, column in enumerate(content.schema):
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            utc = content.column(number).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
            content = content.set_column(number, column.name, utc)
    return Relation(use.node.name, dict.fromkeys(content.column_names, ""), 0, lambda: content)
