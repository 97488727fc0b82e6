"""CREATE, ALTER and DROP, done on the laptop's catalogue."""

import re
from typing import Any

from pyiceberg.exceptions import CommitFailedException, TableAlreadyExistsError
from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import Transform, parse_transform
from pyiceberg.types import NestedField

from local import iceberg_statements as sql
from local.athena_errors import QueryFailed
from local.athena_results import Answer, text_answer
from local.cloud_files import split
from local.iceberg_tables import Tables, files_of
from local.iceberg_types import _FieldIds, to_athena, to_iceberg

# The types that a transform takes.
_FITTING: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("year", "month", "day"), ("date", "timestamp")),
    "hour": ("timestamp",),
    "bucket": ("int", "bigint", "decimal", "date", "timestamp", "string", "binary"),
    "truncate": ("int", "bigint", "decimal", "string"),
}


def create_table(tables: Tables, statement: sql.CreateTable) -> Answer:
    """Make an Iceberg v2 table; with IF NOT EXISTS an existing one is left as it is."""
    name = statement.table
    tables.check_database(name.database)
    schema = _schema(statement.columns)
    spec = _partition_spec(schema, statement.partitions)
    try:
        tables.catalog.create_table(
            (name.database or "", name.name),
            schema=schema,
            location=statement.location,
            partition_spec=spec,
            properties=_iceberg_properties(statement),
        )
    except TableAlreadyExistsError:
        if not statement.if_not_exists:
            raise QueryFailed(
                "TABLE_ALREADY_EXISTS", f"Table '{name.database}.{name.name}' already exists"
            ) from None
    return text_answer()


def add_columns(tables: Tables, statement: sql.AddColumns) -> Answer:
    table = tables.fresh(statement.table)
    ids = _FieldIds()
    try:
        with table.update_schema() as change:
            for column in statement.columns:
                kind = to_iceberg(column.type, ids)
                change.add_column(column.name, kind, doc=column.comment)
    except ValueError as error:
        raise QueryFailed("COLUMN_ALREADY_EXISTS", str(error)) from error
    except CommitFailedException as error:
        raise QueryFailed("ICEBERG_COMMIT_ERROR", str(error)) from error
    return text_answer()


def set_properties(tables: Tables, statement: sql.SetProperties) -> Answer:
    table = tables.fresh(statement.table)
    with table.transaction() as change:
        change.set_properties(_native(statement.properties, table.location()))
    return text_answer()


def drop_table(tables: Tables, statement: sql.DropTable) -> Answer:
    """Drop the table and, as Athena does with Iceberg tables, its files."""
    try:
        table = tables.find(statement.table)
    except QueryFailed as error:
        if error.code == "TABLE_NOT_FOUND" and statement.if_exists:
            return text_answer()
        raise
    tables.catalog.drop_table(table.name())
    files_of(table).delete_many(objects_under(table))
    return text_answer()


def objects_under(table: Table) -> list[str]:
    """Every object in the table's own folder."""
    bucket, folder = split(table.location())
    pages = files_of(table).s3.get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=bucket, Prefix=folder.rstrip("/") + "/")
    return [f"s3://{bucket}/{o['Key']}" for page in found for o in page.get("Contents", [])]


def _schema(columns: tuple[sql.ColumnDef, ...]) -> Schema:
    columns_are_named_once(columns)
    ids = _FieldIds()
    return Schema(
        *(NestedField(ids(), c.name, to_iceberg(c.type, ids), required=False, doc=c.comment)
          for c in columns)
    )  # fmt: skip


def columns_are_named_once(columns: tuple[sql.ColumnDef, ...]) -> None:
    names = [column.name for column in columns]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise QueryFailed("DUPLICATE_COLUMN_NAME", f"Column name '{twice}' specified twice")


def _partition_spec(schema: Schema, partitions: tuple[sql.PartitionDef, ...]) -> PartitionSpec:
    partition_columns_are_declared(schema, partitions)
    transforms_fit_their_columns(schema, partitions)
    fields = []
    for number, part in enumerate(partitions):
        width = "" if part.width is None else f"[{part.width}]"
        transform: Transform[Any, Any] = parse_transform(f"{part.transform}{width}")
        suffix = {"identity": "", "truncate": "_trunc"}.get(part.transform, f"_{part.transform}")
        fields.append(
            PartitionField(
                schema.find_field(part.column).field_id, PARTITION_FIELD_ID_START + number,
                transform, f"{part.column}{suffix}",
            )
        )  # fmt: skip
    return PartitionSpec(*fields)


def partition_columns_are_declared(
    schema: Schema, partitions: tuple[sql.PartitionDef, ...]
) -> None:
    declared = {field.name for field in schema.fields}
    for part in partitions:
        if part.column not in declared:
            raise QueryFailed(
                "COLUMN_NOT_FOUND", f"Partition column '{part.column}' is not a column"
            )


def transforms_fit_their_columns(schema: Schema, partitions: tuple[sql.PartitionDef, ...]) -> None:
    """As https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html has
    it; a column as it is must be no list, map or struct."""
    for part in partitions:
        kind = to_athena(schema.find_field(part.column).field_type)
        fitting = _FITTING.get(part.transform)
        base = re.split(r"[(<]", kind)[0]
        if base not in fitting if fitting else base in ("array", "map", "struct"):
            raise QueryFailed(
                "NOT_SUPPORTED",
                f"Unable to partition by {part.transform}({part.column}): "
                f"the column is of type {kind}",
            )


def _iceberg_properties(statement: sql.CreateTable) -> dict[str, str]:
    comment = {"comment": statement.comment} if statement.comment else {}
    native = _native(statement.properties, statement.location)
    return {"format-version": "2", **comment, **native}


def _native(properties: dict[str, str], location: str) -> dict[str, str]:
    """Athena's properties under the names that Iceberg's writers know."""
    native: dict[str, str] = {}
    for key, value in properties.items():
        if key == "format":
            native["write.format.default"] = value.lower()
        elif key == "write_compression":
            codec = "uncompressed" if value.lower() == "none" else value.lower()
            native["write.parquet.compression-codec"] = codec
        elif key == "write_data_path_enabled":
            if value == "true":
                native["write.data.path"] = f"{location}/data"
        elif key != "table_type":
            native[key] = value
    return native
