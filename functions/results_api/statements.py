"""SQL for a question: names from the snapshot's own columns, every value bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from functions.results_api.questions import Condition, Question

SIGNS: Final = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


@dataclass(frozen=True)
class Statement:
    """One SELECT and what is bound to it."""

    sql: str
    values: tuple[Any, ...]


def name(column: str) -> str:
    """A column's name as SQL takes it, whatever is in it."""
    return '"' + column.replace('"', '""') + '"'


def selected(question: Question) -> tuple[str, ...]:
    """The columns of an answer's rows: the fields, then what the cursor needs."""
    return (*question.fields, *(column for column, _ in question.order))


def statements(question: Question) -> Iterator[Statement]:
    """SELECTs whose rows, one after the other, are the question's; the last column is the row.

    After a cursor come the rows that tie with its last row and lie behind it, then those that tie
    but for the last column, and so on. As one condition with OR that reads all of a million rows;
    apart, each is a range that DuckDB skips through (2026-11: 70 ms became 15).
    """
    conditions = [_condition(condition) for condition in question.conditions]
    if question.cursor is None:
        yield _select(question, conditions, 0)
        return
    values, order = question.cursor.values, question.order
    equal = [_equal(column, value) for (column, _), value in zip(order, values, strict=True)]
    behind = ("rowid > ?", (question.cursor.row,))
    yield _select(question, [*conditions, *equal, behind], len(order))
    for length in range(len(order) - 1, -1, -1):
        for beyond in _beyond(*order[length], values[length]):
            yield _select(question, [*conditions, *equal[:length], beyond], length)


def _select(
    question: Question, conditions: list[tuple[str, tuple[Any, ...]]], tied: int
) -> Statement:
    columns = ", ".join([*map(name, selected(question)), "rowid"])
    where = " AND ".join(sql for sql, _ in conditions)
    order = [
        f"{name(column)} {'DESC' if descending else 'ASC'} NULLS LAST"
        for column, descending in question.order[tied:]
    ]
    # In the key's own order rows come as they lie: DuckDB keeps that order by its setting, and with
    # one thread it stops at the limit (2026-11: 2 ms where a sort by rowid takes 5).
    sorted_by = f" ORDER BY {', '.join([*order, 'rowid'])}" if order else ""
    return Statement(
        f"SELECT {columns} FROM rows{f' WHERE {where}' if where else ''}{sorted_by} LIMIT ?",  # noqa: S608 - see name()
        tuple(value for _, values in conditions for value in values),
    )


def _condition(condition: Condition) -> tuple[str, tuple[Any, ...]]:
    column, values = name(condition.column), condition.values
    if condition.operator in SIGNS:
        return f"{column} {SIGNS[condition.operator]} ?", values
    marks = ", ".join("?" * len(values))
    if condition.operator == "ne":
        # What has no value is not that value.
        return f"({column} NOT IN ({marks}) OR {column} IS NULL)", values
    return (f"{column} = ?" if len(values) == 1 else f"{column} IN ({marks})"), values


def _equal(column: str, value: Any) -> tuple[str, tuple[Any, ...]]:
    return (f"{name(column)} IS NULL", ()) if value is None else (f"{name(column)} = ?", (value,))


def _beyond(column: str, descending: bool, value: Any) -> list[tuple[str, tuple[Any, ...]]]:
    """What is sorted behind a value; what has none comes last."""
    if value is None:
        return []
    further = (f"{name(column)} {'<' if descending else '>'} ?", (value,))
    return [further, (f"{name(column)} IS NULL", ())]
