"""A query of Athena's dialect, rewritten until DuckDB means the same by it."""

import sqlglot
from sqlglot import exp

from local.trino_functions import call
from local.trino_sql import ParsedQuery

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
_WHOLE = (exp.DataType.Type.TINYINT, exp.DataType.Type.SMALLINT, exp.DataType.Type.INT,
          exp.DataType.Type.BIGINT)  # fmt: skip


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
