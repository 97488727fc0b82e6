"""The conditions of a WHERE that an Iceberg scan can use to skip files and rows.

The query keeps its WHERE: a condition that is not understood is only not used.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from pyiceberg.expressions import (
    BooleanExpression,
    EqualTo,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    NotNull,
)
from pyiceberg.schema import Schema
from pyiceberg.types import (
    DateType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
    TimestamptzType,
)
from sqlglot import exp

from local.trino_sql import TableUse

Evaluate = Callable[[exp.Expr], Any]

_SIDES: dict[type[exp.Expr], tuple[type[Any], type[Any]]] = {
    exp.EQ: (EqualTo, EqualTo),
    exp.GT: (GreaterThan, LessThan),
    exp.GTE: (GreaterThanOrEqual, LessThanOrEqual),
    exp.LT: (LessThan, GreaterThan),
    exp.LTE: (LessThanOrEqual, GreaterThanOrEqual),
}


def filters_of(use: TableUse, schema: Schema, evaluate: Evaluate) -> list[BooleanExpression]:
    """The conjuncts `column <op> constant` of the WHERE over this table."""
    return [c for _, found in conjuncts_of(use, schema, evaluate) for c in found]


def conjuncts_of(
    use: TableUse, schema: Schema, evaluate: Evaluate
) -> list[tuple[exp.Expr, list[BooleanExpression]]]:
    """Each part of the WHERE with what the scan can make of it, perhaps nothing."""
    select = use.node.find_ancestor(exp.Select)
    where = select.args.get("where") if select else None
    if select is None or where is None or not _passes_where(use.node, select):
        return []
    reader = _Reader(schema, evaluate, lambda column: owns(use, select, column))
    parts = where.this.flatten() if isinstance(where.this, exp.And) else [where.this]
    return [(part, list(reader.conditions(part.unnest()))) for part in parts]


def owns(use: TableUse, select: exp.Select, column: exp.Column) -> bool:
    """Whether a column of a SELECT is surely one of this table's."""
    if column.find_ancestor(exp.Select) is not select:
        return False
    if column.table:
        return column.table.lower() == use.alias.lower()
    others = [*(select.args.get("joins") or []), *(select.args.get("laterals") or [])]
    return not others  # the names of the innermost query come first


def _passes_where(node: exp.Table, select: exp.Select) -> bool:
    """Whether every row of the table has to pass the WHERE (not the far side of an outer join)."""
    joins = select.args.get("joins") or []
    if any(join.side in ("RIGHT", "FULL") for join in joins):
        return False
    parent = node.parent
    if isinstance(parent, exp.Join):
        return parent.side == "" and parent.parent is select
    return isinstance(parent, exp.From) and parent.parent is select


class _Reader:
    def __init__(
        self, schema: Schema, evaluate: Evaluate, is_ours: Callable[[exp.Column], bool]
    ) -> None:
        self._fields = {field.name.lower(): field for field in schema.fields}
        self._evaluate, self._is_ours = evaluate, is_ours

    def conditions(self, part: exp.Expr) -> Iterator[BooleanExpression]:
        if type(part) in _SIDES:
            straight, turned = _SIDES[type(part)]
            yield from self._compared(straight, part.this, part.expression)
            yield from self._compared(turned, part.expression, part.this)
        elif isinstance(part, exp.Between):
            yield from self._compared(GreaterThanOrEqual, part.this, part.args["low"])
            yield from self._compared(LessThanOrEqual, part.this, part.args["high"])
        elif isinstance(part, exp.In) and part.expressions:
            if name := self._column(part.this):
                values = [self._value(name, item) for item in part.expressions]
                if all(value is not None for value in values):
                    yield _made(In, name, values)
        elif name := self._null_tested(part):
            yield _made(IsNull, name)
        elif isinstance(part, exp.Not) and (name := self._null_tested(part.this)):
            yield _made(NotNull, name)

    def _compared(
        self, kind: type[Any], left: exp.Expr, right: exp.Expr
    ) -> Iterator[BooleanExpression]:
        if name := self._column(left):
            value = self._value(name, right)
            if value is not None:
                yield _made(kind, name, value)

    def _null_tested(self, part: exp.Expr) -> str | None:
        is_test = isinstance(part, exp.Is) and isinstance(part.expression, exp.Null)
        return self._column(part.this) if is_test else None

    def _column(self, node: exp.Expr) -> str | None:
        node = node.unnest()
        if not isinstance(node, exp.Column) or not self._is_ours(node):
            return None
        field = self._fields.get(node.name.lower())
        return field.name if field and field.field_type.is_primitive else None

    def _value(self, name: str, node: exp.Expr) -> Any:
        if node.find(exp.Column, exp.Query, exp.Rand, exp.Uuid, exp.Placeholder):
            return None
        return constant_for(self._fields[name.lower()].field_type, self._evaluate(node))


def _made(kind: Any, *arguments: Any) -> BooleanExpression:
    """Build a predicate by position, which pydantic allows and its types do not know."""
    predicate: BooleanExpression = kind(*arguments)
    return predicate


def constant_for(kind: IcebergType, value: Any) -> Any:
    """A constant as the scan wants it for a column of this type, or None if it does not fit."""
    match kind:
        case StringType():
            return value if isinstance(value, str) else None
        case IntegerType() | LongType():
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case DoubleType() | FloatType():
            is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
            return float(value) if is_number else None
        case DateType():
            return value.isoformat() if type(value) is date else None
        case TimestampType() | TimestamptzType():
            if type(value) is date:
                value = datetime.combine(value, time())
            if not isinstance(value, datetime):
                return None
            naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            text = naive.isoformat(timespec="microseconds")
            return f"{text}+00:00" if isinstance(kind, TimestamptzType) else text
    return None
