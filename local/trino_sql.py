"""A query in Athena's dialect: read, its tables found, what is no Trino refused."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser

from local import trino_rules
from local.athena_errors import MalformedQuery, QueryFailed
from local.iceberg_statements import TableName
from local.sql_words import place_of
from local.trino_functions import BUILDERS, OURS, SAME, TRANSLATED


class AthenaDialect(Trino):
    """Trino, with the functions that the laptop engine knows and no others."""

    class Parser(TrinoParser):
        FUNCTIONS: ClassVar = {
            **{
                name.upper(): TrinoParser.FUNCTIONS[name.upper()]
                for name in (*TRANSLATED, *SAME)
                if name.upper() in TrinoParser.FUNCTIONS
            },
            **{name.upper(): builder for name, builder in BUILDERS.items()},
        }
        FUNCTION_PARSERS: ClassVar = {
            name: parser
            for name, parser in TrinoParser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "LISTAGG", "TRIM",
                        "CEIL", "FLOOR")
        }  # fmt: skip


@dataclass
class TableUse:
    """One place of a query that reads a table."""

    name: TableName
    node: exp.Table
    alias: str
    place: tuple[int, int]
    kind: str = ""  # the part after $, as in "t$snapshots"
    version: exp.Version | None = None


@dataclass
class ParsedQuery:
    sql: str
    tree: exp.Query
    uses: list[TableUse] = field(default_factory=list)

    def place(self, node: exp.Expr) -> tuple[int, int]:
        """Line and column of a node, or of the first thing in it that has a place."""
        starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
        return place_of(self.sql, min(starts, default=0))


def parse_query(sql: str, database: str) -> ParsedQuery:
    """Read a query, find its tables, refuse what Athena would refuse."""
    try:
        _check_tokens(sql)
        found = [tree for tree in sqlglot.parse(sql, dialect=AthenaDialect) if tree is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        near = first.get("highlight") or "<EOF>"
        start = max(1, (first.get("col") or 1) - len(near) + 1)
        raise MalformedQuery(f"mismatched input '{near}'", first.get("line") or 1, start) from error
    except TokenError as error:
        raise MalformedQuery(f"cannot read the statement: {error}") from error
    if len(found) != 1:
        raise MalformedQuery("Only one sql statement is allowed")
    tree = found[0]
    if isinstance(tree, exp.Values):
        tree = exp.select("*").from_(exp.alias_(tree, "_values", table=_names(tree)))
    if isinstance(tree, exp.Table):
        tree = exp.select("*").from_(tree)
    if not isinstance(tree, exp.Query):
        raise MalformedQuery(f"mismatched input '{sql.split()[0]}'. Expecting: a query")
    query = ParsedQuery(sql, tree)
    _check_dialect(query)
    query.uses = list(_tables(query, database))
    return query


def _names(values: exp.Values) -> list[str]:
    row = values.expressions[0]
    width = len(row.expressions) if isinstance(row, exp.Tuple) else 1
    return [f"_col{number}" for number in range(width)]


def _check_tokens(sql: str) -> None:
    tokens = sqlglot.tokenize(sql, dialect=AthenaDialect)
    for token, message in trino_rules.broken_in_tokens(tokens):
        raise MalformedQuery(message, *place_of(sql, token.start))


def _check_dialect(query: ParsedQuery) -> None:
    for node, message in trino_rules.broken_in_tree(query.tree):
        raise MalformedQuery(message, *query.place(node))
    for call in query.tree.find_all(exp.Anonymous):
        name = call.name.lower()
        if name not in SAME | TRANSLATED and OURS not in call.meta:
            raise QueryFailed(
                "FUNCTION_NOT_FOUND",
                f"Function '{name}' not registered (or unknown to the laptop engine)",
                *query.place(call),
            )


def _tables(query: ParsedQuery, database: str) -> Iterator[TableUse]:
    for number, node in enumerate(list(query.tree.find_all(exp.Table))):
        if isinstance(node.this, exp.Func):
            raise QueryFailed(
                "FUNCTION_NOT_FOUND",
                f"Table function '{node.this.sql()}' not registered",
                *query.place(node),
            )
        if not node.db and _is_cte(node):
            continue
        if node.catalog and node.catalog.lower() != "awsdatacatalog":
            raise QueryFailed(
                "CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' does not exist", *query.place(node)
            )
        name, _, kind = node.name.lower().partition("$")
        alias = node.alias or node.name
        use = TableUse(
            TableName((node.db or database).lower(), name), node, alias, query.place(node), kind,
            node.args.get("version"),
        )  # fmt: skip
        if not node.args.get("alias"):
            node.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
        node.set("this", exp.to_identifier(f"lake_{number}"))
        for part in ("db", "catalog", "version"):
            node.set(part, None)
        yield use
    for column in query.tree.find_all(exp.Column):
        if column.args.get("db"):  # db.table.column: the table now goes by its own name
            column.set("db", None)
            column.set("catalog", None)


def _is_cte(node: exp.Table) -> bool:
    """Whether a name without a database is that of a WITH query that is visible here."""
    inside: exp.Expr = node
    parent = node.parent
    while parent is not None:
        with_ = parent.args.get("with_")
        if with_ is not None:
            names = [cte.alias_or_name.lower() for cte in with_.expressions]
            if inside is not with_:
                visible = names
            else:
                own = next(i for i, cte in enumerate(with_.expressions) if _holds(cte, node))
                visible = names[: own + bool(with_.args.get("recursive"))]
            if node.name.lower() in visible:
                return True
        inside, parent = parent, parent.parent
    return False


def _holds(ancestor: exp.Expr, node: exp.Expr) -> bool:
    return any(parent is ancestor for parent in _ancestors(node))


def _ancestors(node: exp.Expr) -> Iterator[exp.Expr]:
    while node.parent is not None:
        node = node.parent
        yield node
