"""Answers a query: plan the Iceberg scans, hand the rows to DuckDB, print what comes out."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import duckdb
import pyarrow as pa
from pyiceberg.table import Table
from sqlglot import exp
from sqlglot.errors import UnsupportedError

from local.athena_errors import QueryCancelled, QueryFailed
from local.athena_results import Answer, Column
from local.athena_values import rows_of
from local.duckdb_errors import explained
from local.iceberg_scan import Relation, relation_of
from local.iceberg_statements import TableName
from local.trino_checks import check
from local.trino_functions import macro_statements
from local.trino_rewrite import expression_sql, translate
from local.trino_sql import ParsedQuery, parse_query


class TableFinder(Protocol):
    """Where the tables of a query are looked up."""

    def find(self, name: TableName, place: tuple[int, int] | None = None) -> Table: ...


# Integers that Trino does not have; sums and counts come as these.
_UNKNOWN_INTEGERS = re.compile(r"\b(HUGEINT|UHUGEINT|UBIGINT|UINTEGER|USMALLINT|UTINYINT)\b")


class QueryEngine:
    """One DuckDB in memory, without files, network or extensions; each query has its own cursor."""

    def __init__(self, threads: int = 2, memory: str = "2GB") -> None:
        self._base = duckdb.connect(
            config={
                "enable_external_access": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "python_enable_replacements": "false",
                "threads": threads,
                "memory_limit": memory,
                "temp_directory": "",
            }
        )
        self._base.execute("SET GLOBAL TimeZone = 'UTC'")
        self._base.execute("SET GLOBAL integer_division = true")  # 5 / 2 is 2; doubles stay doubles
        for statement in macro_statements():
            self._base.execute(statement)
        self._base.execute("SET lock_configuration = true")

    def run(
        self,
        sql: str,
        database: str,
        tables: TableFinder,
        limit_bytes: int | None = None,
        on_start: Callable[[Callable[[], None]], None] = lambda _: None,
    ) -> Answer:
        """Answer one query; `on_start` is handed what stops it."""
        began = time.monotonic()
        cursor = self._base.cursor()
        on_start(cursor.interrupt)
        query = parse_query(sql, database)
        try:
            return self._answer(cursor, query, tables, limit_bytes, began)
        except duckdb.Error as error:
            raise explained(error, query) from error
        except UnsupportedError as error:
            raise QueryFailed("NOT_SUPPORTED", f"{error} (by the laptop engine)") from error
        finally:
            cursor.close()

    def evaluate(self, node: exp.Expr) -> Any:
        """The value of an expression without columns."""
        with self._base.cursor() as cursor:
            return _value(cursor, node)

    def _answer(
        self, cursor: Any, query: ParsedQuery, tables: TableFinder, limit: int | None, began: float
    ) -> Answer:
        def evaluate(node: exp.Expr) -> Any:
            return _value(cursor, node)

        # One look at each table, so that a query that names it twice sees one state of it.
        seen: dict[TableName, Table] = {}
        for use in query.uses:
            if use.name not in seen:
                seen[use.name] = tables.find(use.name, use.place)
        relations = [relation_of(query, use, seen[use.name], evaluate) for use in query.uses]
        check(query, {r.name: r.columns for r in relations})
        text, zones = translate(query)
        scanned = sum(relation.scanned_bytes for relation in relations)
        if limit is not None and scanned > limit:
            raise QueryCancelled("Bytes scanned limit was exceeded")
        planned = time.monotonic()
        _register(cursor, relations)
        result = _in_trino_types(cursor.sql(text))
        columns = [
            Column.of(name, "TIMESTAMP WITH TIME ZONE" if i in zones else str(kind))
            for i, (name, kind) in enumerate(zip(result.columns, result.types, strict=True))
        ]
        rows = rows_of(result.to_arrow_table(), {i: f" {zone}" for i, zone in zones.items()})
        return Answer(columns, rows, True, scanned, int((planned - began) * 1000))


def _register(cursor: Any, relations: list[Relation]) -> None:
    for relation in relations:
        cursor.register(relation.name, relation.read())


def _value(cursor: Any, node: exp.Expr) -> Any:
    """The value of an expression; times with a zone in UTC."""
    column = cursor.sql(expression_sql(node)).to_arrow_table().column(0)
    if pa.types.is_timestamp(column.type) and column.type.tz:
        micros = column.cast(pa.int64())[0].as_py()
        return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC)
    return column[0].as_py()


def _in_trino_types(result: Any) -> Any:
    """The same relation with the integer types that Trino has."""
    kinds = [str(kind) for kind in result.types]
    if not any(_UNKNOWN_INTEGERS.search(kind) for kind in kinds):
        return result
    parts = []
    for name, kind in zip(result.columns, kinds, strict=True):
        quoted = '"' + name.replace('"', '""') + '"'
        known = _UNKNOWN_INTEGERS.sub("BIGINT", kind)
        parts.append(quoted if kind == known else f"CAST({quoted} AS {known}) AS {quoted}")
    return result.project(", ".join(parts))
