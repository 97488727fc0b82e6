"""DDL out of declarations: what Athena runs at deploy time, what Spark runs in tests."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lake.catalog import Column, Table
from lake.types import names_of

# Athena takes no other property in CREATE TABLE of an Iceberg table.
_PROPERTIES = {
    "table_type": "ICEBERG",
    "format": "parquet",
    "write_compression": "zstd",
    # Writers of Iceberg 1.9 and later look for `write.data.path`, and this makes Athena set it.
    "write_data_path_enabled": "true",
}
_SPARK_TRANSFORM = {"day": "days", "hour": "hours", "month": "months", "year": "years"}


def athena_create(table: Table, database: str, location: str) -> str:
    """CREATE TABLE IF NOT EXISTS as Athena takes it: an Iceberg table has no COMMENT of its own."""
    columns = ",\n  ".join(_athena_column(column) for column in table.columns)
    transforms = ", ".join(_athena_transform(transform) for transform in table.partition)
    partition = f"\nPARTITIONED BY ({transforms})" if transforms else ""
    properties = ", ".join(f"'{name}'='{value}'" for name, value in _PROPERTIES.items())
    return (
        f"CREATE TABLE IF NOT EXISTS `{database}`.`{table.name}` (\n  {columns}\n){partition}\n"
        f"LOCATION '{location}'\nTBLPROPERTIES ({properties})"
    )


def athena_add_columns(table: Table, database: str, columns: Iterable[Column]) -> str:
    """ALTER TABLE for columns that the declaration has and the table lacks."""
    added = ", ".join(_athena_column(column) for column in columns)
    return f"ALTER TABLE `{database}`.`{table.name}` ADD COLUMNS ({added})"


def spark_create(table: Table, identifier: str) -> str:
    """CREATE TABLE IF NOT EXISTS as Spark takes it."""
    columns = ",\n  ".join(
        f"`{column.name}` {names_of(column.type).spark} COMMENT '{_spark_quoted(column.about)}'"
        for column in table.columns
    )
    transforms = ", ".join(_spark_transform(transform) for transform in table.partition)
    partition = f"\nPARTITIONED BY ({transforms})" if transforms else ""
    return (
        f"CREATE TABLE IF NOT EXISTS {identifier} (\n  {columns}\n)\n"
        f"USING iceberg{partition}\nTBLPROPERTIES ('format-version'='2')"
    )


def _athena_column(column: Column) -> str:
    # Athena's DDL reads 'a''b' as ab or not at all, and no line break: so neither stands in it.
    about = " ".join(column.about.split()).replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
    return f"`{column.name}` {names_of(column.type).athena} COMMENT '{about}'"


def _athena_transform(transform: str) -> str:
    """A column is quoted, for it may be a reserved word; the compiler refuses one in a transform,
    where nobody documents quotes."""
    return transform if "(" in transform else f"`{transform}`"


def _spark_transform(transform: str) -> str:
    match = re.fullmatch(r"(\w+)\((.+)\)", transform)
    if not match:
        return f"`{transform}`"
    name, arguments = match.groups()
    return f"{_SPARK_TRANSFORM.get(name, name)}({arguments})"


def _spark_quoted(text: str) -> str:
    # Spark joins 'a''b' to ab.
    return text.replace("\\", r"\\").replace("'", r"\'")
