"""The statements that Athena takes about Iceberg tables, as values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TableName:
    database: str | None
    name: str


@dataclass(frozen=True)
class ColumnDef:
    name: str
    type: str
    comment: str | None = None


@dataclass(frozen=True)
class PartitionDef:
    column: str
    transform: str = "identity"
    width: int | None = None


@dataclass(frozen=True)
class CreateTable:
    table: TableName
    columns: tuple[ColumnDef, ...]
    partitions: tuple[PartitionDef, ...]
    location: str
    properties: dict[str, str]
    comment: str | None
    if_not_exists: bool


@dataclass(frozen=True)
class DropTable:
    table: TableName
    if_exists: bool


@dataclass(frozen=True)
class AddColumns:
    table: TableName
    columns: tuple[ColumnDef, ...]


@dataclass(frozen=True)
class SetProperties:
    table: TableName
    properties: dict[str, str]


@dataclass(frozen=True)
class Show:
    """DESCRIBE, SHOW CREATE TABLE, SHOW COLUMNS, SHOW TBLPROPERTIES of one table."""

    what: str
    table: TableName


@dataclass(frozen=True)
class ShowTables:
    database: str | None
    pattern: str | None


@dataclass(frozen=True)
class ShowDatabases:
    pattern: str | None


@dataclass(frozen=True)
class Optimize:
    table: TableName
    where: str | None


@dataclass(frozen=True)
class Vacuum:
    table: TableName


@dataclass(frozen=True)
class Query:
    sql: str


@dataclass(frozen=True)
class Refused:
    """A statement that Athena runs and the laptop does not."""

    what: str


Statement = (
    CreateTable | DropTable | AddColumns | SetProperties | Show | ShowTables | ShowDatabases
    | Optimize | Vacuum | Query | Refused
)  # fmt: skip


def statement_type(statement: Statement) -> str:
    """DML, DDL or UTILITY, as GetQueryExecution says it."""
    if isinstance(statement, Query | Optimize | Vacuum):
        return "DML"
    if isinstance(statement, CreateTable | DropTable | AddColumns | SetProperties):
        return "DDL"
    if isinstance(statement, Refused):
        return "DDL" if statement.what.split()[0] in ("CREATE", "ALTER", "DROP") else "DML"
    return "UTILITY"
