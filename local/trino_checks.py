"""Queries that DuckDB would run and Athena would refuse: found before they run."""

import re
from collections.abc import Iterator

from sqlglot import exp

from local.athena_errors import QueryFailed
from local.trino_sql import ParsedQuery

Columns = dict[str, dict[str, str]]  # relation -> column -> Iceberg type

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
_NUMBERS = ("int", "long", "float", "double", "decimal")
_TIMES = ("date", "timestamp", "timestamptz")


def check(query: ParsedQuery, columns: Columns) -> None:
    """Raise for comparisons of unlike types and for uses of an alias where Trino has none."""
    for node in query.tree.find_all(*_OPERATORS, exp.Between, exp.In):
        for left, right in _compared(node):
            _check_types(query, columns, node, left, right)
    _check_aliases(query, columns)


def _compared(node: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    if isinstance(node, exp.Between):
        yield node.this, node.args["low"]
        yield node.this, node.args["high"]
    elif isinstance(node, exp.In):
        for item in node.expressions:
            yield node.this, item
    else:
        yield node.this, node.expression


def _check_types(
    query: ParsedQuery, columns: Columns, node: exp.Expr, left: exp.Expr, right: exp.Expr
) -> None:
    kinds = [_kind(columns, side) for side in (left, right)]
    families = {_family(kind) for kind in kinds if kind is not None}
    if None in kinds or len(families) < 2:
        return
    operator = _OPERATORS.get(type(node), "IN" if isinstance(node, exp.In) else "BETWEEN")
    shown = [_shown(kind or "", side) for kind, side in zip(kinds, (left, right), strict=True)]
    raise QueryFailed(
        "TYPE_MISMATCH",
        f"Cannot apply operator: {shown[0]} {operator} {shown[1]}",
        *query.place(node),
    )


def _kind(columns: Columns, node: exp.Expr) -> str | None:
    """The type of a column or literal, where it is beyond doubt."""
    node = node.unnest()
    if isinstance(node, exp.Literal):
        return "string" if node.is_string else "double"
    if isinstance(node, exp.Column):
        return column_type(columns, node)
    return None


def column_type(columns: Columns, column: exp.Column) -> str | None:
    """The Iceberg type of a column of the tables that its own SELECT reads."""
    select = column.find_ancestor(exp.Select)
    if select is None:
        return None
    sources = [s.this for s in (select.args.get("from_"), *(select.args.get("joins") or [])) if s]
    known = [s for s in sources if isinstance(s, exp.Table) and s.name in columns]
    if select.args.get("laterals") or (len(known) < len(sources) and not column.table):
        return None
    name, found = column.name.lower(), set()
    for source in known:
        if not column.table or source.alias_or_name.lower() == column.table.lower():
            kind = columns[source.name].get(name)
            if kind:
                found.add(kind)
    return found.pop() if len(found) == 1 else None


def _family(kind: str) -> str:
    base = re.split(r"[(<]", kind)[0]
    if base in _NUMBERS:
        return "number"
    return "time" if base in _TIMES else base


def _shown(kind: str, node: exp.Expr) -> str:
    node = node.unnest()
    if isinstance(node, exp.Literal):
        return f"varchar({len(node.this)})" if node.is_string else "integer"
    names = {"string": "varchar", "long": "bigint", "int": "integer", "float": "real",
             "timestamp": "timestamp(6)", "timestamptz": "timestamp(6) with time zone"}  # fmt: skip
    return names.get(kind, kind)


def _check_aliases(query: ParsedQuery, columns: Columns) -> None:
    """In Trino an alias of the SELECT is unknown to its WHERE, GROUP BY and HAVING."""
    outputs = {
        name.lower() for relation in columns.values() for name in relation
    }  # fmt: skip
    for select in query.tree.find_all(exp.Select):
        own = {item.alias.lower() for item in select.expressions if isinstance(item, exp.Alias)}
        for clause in ("where", "group", "having"):
            node = select.args.get(clause)
            for column in node.find_all(exp.Column) if node else ():
                name = column.name.lower()
                elsewhere = outputs | _other_names(query.tree, select)
                if name in own and not column.table and name not in elsewhere:
                    raise QueryFailed(
                        "COLUMN_NOT_FOUND",
                        f"Column '{column.name}' cannot be resolved or requester is not "
                        "authorized to access requested resources",
                        *query.place(column),
                    )


def _other_names(tree: exp.Expr, select: exp.Select) -> set[str]:
    """Every name that another part of the query gives to something."""
    names: set[str] = set()
    for node in tree.find_all(exp.Alias, exp.TableAlias):
        if node.parent is not select or isinstance(node, exp.TableAlias):
            names |= {identifier.name.lower() for identifier in node.find_all(exp.Identifier)}
    return names
