"""A query in Athena's dialect, as one that DuckDB answers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import TokenType

from local.athena_errors import MalformedQuery, QueryFailed
from local.iceberg_sql import TableName
from local.sql_words import place_of
from local.trino_functions import BUILDERS, OURS, SAME, TRANSLATED, call

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
_WHOLE = (exp.DataType.Type.TINYINT, exp.DataType.Type.SMALLINT, exp.DataType.Type.INT,
          exp.DataType.Type.BIGINT)  # fmt: skip
_NOT_TRINO = (exp.ILike, exp.Qualify, exp.Pivot, exp.IntDiv)


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


def translate(query: ParsedQuery) -> tuple[str, dict[int, str]]:
    """DuckDB's text of a query, and the time zones that its columns show."""
    _name_columns(query.tree)
    zones = _zones_shown(query.tree)
    _rewrite_all(query.tree)
    return query.tree.sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE), zones


def expression_sql(node: exp.Expr) -> str:
    """One expression of Athena's dialect for DuckDB."""
    wrapped = exp.select(node.copy())
    _rewrite_all(wrapped)
    return wrapped.sql(dialect="duckdb")


def _names(values: exp.Values) -> list[str]:
    row = values.expressions[0]
    width = len(row.expressions) if isinstance(row, exp.Tuple) else 1
    return [f"_col{number}" for number in range(width)]


def _check_tokens(sql: str) -> None:
    for token in sqlglot.tokenize(sql, dialect=AthenaDialect):
        if token.token_type is TokenType.DCOLON or token.text == "`":
            place = place_of(sql, token.start)
            raise MalformedQuery(f"mismatched input '{token.text}'", *place)


def _check_dialect(query: ParsedQuery) -> None:
    for node in query.tree.walk():
        if isinstance(node, exp.Anonymous):
            name = node.name.lower()
            if name not in SAME | TRANSLATED and OURS not in node.meta:
                raise QueryFailed(
                    "FUNCTION_NOT_FOUND",
                    f"Function '{name}' not registered (or unknown to the laptop engine)",
                    *query.place(node),
                )
        elif isinstance(node, _NOT_TRINO):
            raise MalformedQuery(f"mismatched input '{node.key.upper()}'", *query.place(node))


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


def _name_columns(tree: exp.Query) -> None:
    """An expression without a name is `_col<n>` in Athena."""
    for select in tree.find_all(exp.Select):
        for number, item in enumerate(select.expressions):
            if not item.is_star and not isinstance(item, exp.Alias | exp.Column | exp.Dot):
                item.replace(exp.alias_(item.copy(), f"_col{number}", quoted=True))


def _zones_shown(tree: exp.Query) -> dict[int, str]:
    select = tree.find(exp.Select)
    zones: dict[int, str] = {}
    for number, item in enumerate(select.expressions if select else []):
        if item.is_star:
            break
        zone = _zone_of(item.unalias())
        if isinstance(zone, exp.Literal):
            zones[number] = zone.this
    return zones


def _zone_of(node: exp.Expr | None) -> exp.Expr | None:
    """The zone of an expression that has one of its own; its value is the time on that clock."""
    if isinstance(node, exp.Paren):
        return _zone_of(node.this)
    if isinstance(node, exp.AtTimeZone):
        zone: exp.Expr = node.args["zone"]
        return zone
    if isinstance(node, exp.Anonymous) and node.name in ("trino_date_trunc", "trino_date_add"):
        return _zone_of(node.expressions[-1])
    if isinstance(node, exp.Anonymous) and node.name in ("trino_plus", "trino_minus"):
        return _zone_of(node.expressions[0])
    if isinstance(node, exp.Add | exp.Sub):
        return _zone_of(node.this)
    return None


def _rewrite_all(tree: exp.Expr) -> None:
    _finish_reductions(tree)
    for node in list(tree.find_all(exp.Expr)):
        _rewrite(node)
    _rewrite_zones(tree)


def _finish_reductions(tree: exp.Expr) -> None:
    """DuckDB's reduce has no last step: put the reduction where that step names its argument."""
    for node in list(tree.find_all(exp.Reduce)):
        finish = node.args.get("finish")
        if finish is None:
            continue
        node.set("finish", None)
        name = finish.expressions[0].name
        reduced = exp.paren(node.copy())

        def filled(part: exp.Expr, name: str = name, by: exp.Expr = reduced) -> exp.Expr:
            is_argument = isinstance(part, exp.Identifier | exp.Column) and part.name == name
            return by.copy() if is_argument else part

        node.replace(finish.this.transform(filled))


def _rewrite(node: exp.Expr) -> None:
    """What sqlglot leaves as it is though DuckDB means something else by it."""
    if isinstance(node, exp.Add | exp.Sub):
        if _is_interval(node.expression):
            name = "trino_plus" if isinstance(node, exp.Add) else "trino_minus"
            node.replace(call(name, node.this, node.expression))
        elif _is_interval(node.this) and isinstance(node, exp.Add):
            node.replace(call("trino_plus", node.expression, node.this))
    elif isinstance(node, exp.Extract) and node.name.upper() in ("DOW", "DAY_OF_WEEK"):
        node.set("this", exp.var("ISODOW"))
    elif isinstance(node, exp.ApproxDistinct):
        # Exact, so within the error that Trino's estimate is allowed.
        node.replace(exp.Count(this=exp.Distinct(expressions=[node.this])))
    elif isinstance(node, exp.Cast) and node.to.this in _WHOLE:
        # Trino rounds halves away from zero, and reads no fraction from a text.
        node.set("this", call("trino_whole", node.this))
    elif isinstance(node, exp.Cast) and node.to.this in exp.DataType.TEXT_TYPES:
        node.set("this", call("trino_text", node.this))
    elif isinstance(node, exp.DataType) and node.this in (
        exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPTZ
    ):  # fmt: skip
        node.set("expressions", None)  # DuckDB's TIMESTAMP(0) is another type


def _is_interval(node: exp.Expr) -> bool:
    node = node.unnest()
    if isinstance(node, exp.Mul | exp.Div):
        return _is_interval(node.this) or _is_interval(node.expression)
    return isinstance(node, exp.Interval)


def _rewrite_zones(tree: exp.Expr) -> None:
    for node in list(tree.find_all(*_COMPARISONS, exp.Anonymous)):
        compared = isinstance(node, _COMPARISONS)
        if compared or node.name in ("trino_date_diff", "trino_to_unixtime", "trino_to_iso8601"):
            for operand in [*node.args.values(), *node.expressions]:
                if isinstance(operand, exp.Expr) and (zone := _zone_of(operand)) is not None:
                    operand.replace(_instant(operand, zone))
    for zoned in list(tree.find_all(exp.AtTimeZone)):
        instant = exp.cast(zoned.this, "timestamptz")
        zoned.replace(call("timezone", zoned.args["zone"], instant))


def _instant(operand: exp.Expr, zone: exp.Expr) -> exp.Expr:
    inner = operand.unnest()
    if isinstance(inner, exp.AtTimeZone):
        return exp.cast(inner.this.copy(), "timestamptz")
    return call("timezone", zone.copy(), operand.copy())
