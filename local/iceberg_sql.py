"""Reads Athena's statements about Iceberg tables: DDL, SHOW, OPTIMIZE, VACUUM."""

from collections.abc import Callable

from local import athena_rules
from local.athena_rules import Reading
from local.iceberg_statements import (
    AddColumns,
    ColumnDef,
    CreateTable,
    DropTable,
    Optimize,
    PartitionDef,
    Query,
    Refused,
    SetProperties,
    Show,
    ShowDatabases,
    ShowTables,
    Statement,
    TableName,
    Vacuum,
)
from local.sql_words import Words


def parse_statement(sql: str) -> Statement:
    """Read one statement; MalformedQuery says where it stops making sense."""
    words = Words(sql)
    reader = _READERS.get(words.peek_word())
    if reader is None:
        raise words.unexpected("a statement")
    statement = reader(words)
    words.end()
    athena_rules.check(Reading(words.sql, statement, words.names, words.texts, words.comments))
    return statement


def _query(words: Words) -> Query:
    return Query(words.rest())


def _refused(words: Words) -> Refused:
    verb = words.peek_word().upper()
    words.rest()
    return Refused(verb)


def _create(words: Words) -> Statement:
    words.expect("create")
    if not words.accept("table"):
        external = words.peek_word() == "external"
        what = words.peek_word().upper() or "?"
        words.rest()
        return Refused("CREATE EXTERNAL TABLE" if external else f"CREATE {what}")
    if_not_exists = words.accept("if", "not", "exists")
    table = _table(words)
    if words.peek_word() == "as" or (words.peek_word() == "with"):
        words.rest()
        return Refused("CREATE TABLE AS SELECT")
    columns = words.listed(_column)
    comment = words.string() if words.accept("comment") else None
    partitions: tuple[PartitionDef, ...] = ()
    if words.accept("partitioned", "by"):
        partitions = words.listed(_partition)
    if words.peek_word() in ("row", "stored", "clustered", "with"):
        raise words.error("ROW FORMAT, STORED AS and CLUSTERED BY do not go with Iceberg tables")
    location = words.string() if words.accept("location") else ""
    properties = _properties(words) if words.accept("tblproperties") else {}
    return CreateTable(
        table, columns, partitions, location.rstrip("/"), properties, comment, if_not_exists
    )


def _drop(words: Words) -> Statement:
    words.expect("drop")
    if not words.accept("table"):
        what = words.peek_word().upper()
        words.rest()
        return Refused(f"DROP {what}")
    if_exists = words.accept("if", "exists")
    return DropTable(_table(words), if_exists)


def _alter(words: Words) -> Statement:
    words.expect("alter")
    words.expect("table")
    table = _table(words)
    if words.accept("add", "columns"):
        return AddColumns(table, words.listed(_column))
    if words.accept("set", "tblproperties"):
        return SetProperties(table, _properties(words))
    what = words.peek_word().upper()
    words.rest()
    return Refused(f"ALTER TABLE {what}")


def _describe(words: Words) -> Statement:
    if not words.accept("describe"):
        words.expect("desc")
    words.accept("formatted") or words.accept("extended")
    return Show("describe", _table(words))


def _show(words: Words) -> Statement:
    words.expect("show")
    if words.accept("create", "table"):
        return Show("create", _table(words))
    if words.accept("tblproperties"):
        return Show("tblproperties", _table(words))
    if words.accept("columns"):
        if not words.accept("in"):
            words.expect("from")
        return Show("columns", _table(words))
    if words.accept("databases") or words.accept("schemas"):
        words.accept("like")
        return ShowDatabases(words.optional_string())
    if words.accept("tables"):
        database = None
        if words.accept("in") or words.accept("from"):
            database = words.identifier()
        return ShowTables(database, words.optional_string())
    what = words.peek_word().upper()
    words.rest()
    return Refused(f"SHOW {what}")


def _optimize(words: Words) -> Optimize:
    words.expect("optimize")
    table = _table(words)
    for word in ("rewrite", "data", "using", "bin_pack"):
        words.expect(word)
    where = words.rest() if words.accept("where") else None
    if where == "":
        raise words.unexpected("a condition")
    return Optimize(table, where)


def _vacuum(words: Words) -> Vacuum:
    words.expect("vacuum")
    return Vacuum(_table(words))


def _table(words: Words) -> TableName:
    parts = words.identifier().split(".")  # SHOW CREATE TABLE writes `database.table`
    while words.accept_mark("."):
        parts += words.identifier().split(".")
    if len(parts) == 3 and parts[0] == "awsdatacatalog":
        parts = parts[1:]
    if len(parts) > 2:
        raise words.error(f"Catalog '{parts[0]}' does not exist")
    return TableName(parts[0] if len(parts) == 2 else None, parts[-1])


def _column(words: Words) -> ColumnDef:
    name = words.identifier()
    kind = words.type_text()
    return ColumnDef(name, kind, words.string() if words.accept("comment") else None)


def _partition(words: Words) -> PartitionDef:
    transform = words.function()
    if transform is None:
        name = words.identifier()
        if words.peek_word():
            raise words.error("a partition column is named without its type in an Iceberg table")
        return PartitionDef(name)
    width = None
    if transform in ("bucket", "truncate"):
        width = words.number()
        words.expect_mark(",")
    column = words.identifier()
    words.expect_mark(")")
    return PartitionDef(column, transform, width)


def _properties(words: Words) -> dict[str, str]:
    def pair(words: Words) -> tuple[str, str]:
        key = words.string()
        words.expect_mark("=")
        value = words.string()
        return key, value

    return dict(words.listed(pair))


_READERS: dict[str, Callable[[Words], Statement]] = {
    **dict.fromkeys(("select", "with", "values", "table", "("), _query),
    **dict.fromkeys(
        ("insert", "update", "delete", "merge", "explain", "unload", "msck", "prepare", "execute",
         "deallocate", "analyze"), _refused),
    "create": _create,
    "drop": _drop,
    "alter": _alter,
    "describe": _describe,
    "desc": _describe,
    "show": _show,
    "optimize": _optimize,
    "vacuum": _vacuum,
}  # fmt: skip
