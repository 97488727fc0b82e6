"""DESCRIBE and SHOW, about the tables of the laptop's catalogue."""

import re

from pyiceberg.table import Table

from local import iceberg_statements as sql
from local.athena_results import Answer, text_answer
from local.athena_rules import TABLE_PROPERTIES
from local.iceberg_tables import Tables
from local.iceberg_types import to_athena


def show(tables: Tables, statement: sql.Show) -> Answer:
    table = tables.find(statement.table)
    if statement.what == "describe":
        return text_answer(["col_name", "data_type", "comment"], _described(table))
    if statement.what == "columns":
        return text_answer(["field"], [[field.name] for field in table.schema().fields])
    if statement.what == "tblproperties":
        return text_answer(["prpt_name", "prpt_value"], [list(p) for p in _properties(table)])
    lines = create_statement(table).split("\n")
    return text_answer(["createtab_stmt"], [[line] for line in lines])


def show_tables(tables: Tables, database: str, pattern: str | None) -> Answer:
    tables.check_database(database)
    found: list[str] = []
    for page in tables.glue.get_paginator("get_tables").paginate(DatabaseName=database):
        found += [table["Name"] for table in page["TableList"]]
    return text_answer(["tab_name"], [[name] for name in _matching(found, pattern)])


def show_databases(tables: Tables, pattern: str | None) -> Answer:
    found: list[str] = []
    for page in tables.glue.get_paginator("get_databases").paginate():
        found += [database["Name"] for database in page["DatabaseList"]]
    return text_answer(["database_name"], [[name] for name in _matching(found, pattern)])


def create_statement(table: Table) -> str:
    """The CREATE TABLE that makes a table like this one."""
    columns = [
        f"  `{field.name}` {to_athena(field.field_type)}"
        + (f" COMMENT '{_quoted(field.doc)}'" if field.doc else "")
        for field in table.schema().fields
    ]
    database, name = table.name()[-2:]
    lines = [f"CREATE TABLE `{database}.{name}`(", ",\n".join(columns) + ")"]
    if table.spec().fields:
        lines.append(f"PARTITIONED BY ({', '.join(_partition_texts(table))})")
    lines.append(f"LOCATION '{table.location()}'")
    pairs = ",\n".join(f"  '{key}'='{value}'" for key, value in _properties(table))
    return "\n".join([*lines, f"TBLPROPERTIES (\n{pairs}\n)"])


def _properties(table: Table) -> list[tuple[str, str]]:
    athena = {"write.format.default": "format",
              "write.parquet.compression-codec": "write_compression"}  # fmt: skip
    pairs = [("table_type", "iceberg")]
    for key, value in sorted(table.properties.items()):
        if key == "write.data.path":
            pairs.append(("write_data_path_enabled", "true"))
        elif athena.get(key, key) in TABLE_PROPERTIES:
            pairs.append((athena.get(key, key), value))
    return pairs


def _described(table: Table) -> list[list[str | None]]:
    fields = table.schema().fields
    rows: list[list[str | None]] = [[f.name, to_athena(f.field_type), f.doc or ""] for f in fields]
    if table.spec().fields:
        rows += [["", "", ""], ["# Partition spec:", "", ""],
                 ["# field_name", "field_transform", "column_name"]]  # fmt: skip
        for part in table.spec().fields:
            source = table.schema().find_column_name(part.source_id)
            rows.append([part.name, str(part.transform), source])
    return rows


def _partition_texts(table: Table) -> list[str]:
    texts = []
    for part in table.spec().fields:
        column = f"`{table.schema().find_column_name(part.source_id)}`"
        transform = str(part.transform)
        if match := re.fullmatch(r"(\w+)\[(\d+)\]", transform):
            texts.append(f"{match[1]}({match[2]}, {column})")
        else:
            texts.append(column if transform == "identity" else f"{transform}({column})")
    return texts


def _matching(names: list[str], pattern: str | None) -> list[str]:
    """Hive's pattern: `*` is anything, `|` is or."""
    wanted = re.escape(pattern or "*").replace(r"\*", ".*").replace(r"\|", "|")
    return sorted(name for name in names if re.fullmatch(wanted, name, re.IGNORECASE))


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace("'", r"\'")
