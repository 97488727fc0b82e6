"""SQL through Athena, in the deployment's workgroup, with the values as what they are."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lake_cli.deployment import Deployment
from lake_cli.exits import Exit, Stop
from lake_cli.sql import meant, physical

WHOLE = frozenset({"tinyint", "smallint", "integer", "int", "bigint"})
BROKEN = frozenset({"real", "float", "double"})
NO_NUMBER = frozenset({"NaN", "Infinity", "-Infinity"})  # JSON has no word for them
PAGE = 1000
LONGEST_PAUSE_S = 1.0

Value = Any
Row = dict[str, Value]


@dataclass(frozen=True)
class Answer:
    """The columns of a finished query, and its rows as they are fetched."""

    columns: Sequence[str]
    rows: Iterator[Row]


def run(deployment: Deployment, sql: str, *, timeout_s: float = 600) -> Answer:
    """Runs one statement; Athena's refusal comes back in its own words."""
    athena = deployment.client("athena")
    tables = deployment.catalog.tables
    prefix = str(deployment["database_prefix"])
    databases = {table.database for table in tables.values()}
    started = athena.start_query_execution(
        QueryString=physical(sql, databases, prefix), WorkGroup=deployment["athena_workgroup"]
    )
    query_id = started["QueryExecutionId"]
    try:
        state, reason = _finish(athena, query_id, time.monotonic() + timeout_s)
    except BaseException:
        # A person who gives up, a network that is gone: a query that nobody waits for costs money.
        with suppress(Exception):
            athena.stop_query_execution(QueryExecutionId=query_id)
        raise
    if state == "FAILED" or state == "CANCELLED":
        raise Stop(reason or f"the query was {state.lower()}", meant(reason, prefix, list(tables)))
    if state != "SUCCEEDED":
        athena.stop_query_execution(QueryExecutionId=query_id)
        raise Stop(f"no answer after {timeout_s:.0f} s", "raise --timeout", Exit.TIMED_OUT)
    return _answer(lambda **page: athena.get_query_results(QueryExecutionId=query_id, **page))


def _finish(athena: Any, query_id: str, deadline: float) -> tuple[str, str]:
    """The state that the query ended in (or is in when time is up), and why."""
    pause = 0.05
    while True:
        found = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        state = str(found["Status"]["State"])
        if state not in {"QUEUED", "RUNNING"} or time.monotonic() > deadline:
            return state, str(found["Status"].get("StateChangeReason", ""))
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_S)


def _answer(fetch: Callable[..., Any]) -> Answer:
    page = fetch(MaxResults=PAGE)
    described = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    columns = unique([column["Name"] for column in described])
    types = [column["Type"] for column in described]

    def rows() -> Iterator[Row]:
        current = page
        cells = [_cells(row) for row in current["ResultSet"]["Rows"]]
        # Athena repeats the names as the first row of a SELECT, and of nothing else.
        if cells and cells[0] == [column["Name"] for column in described]:
            cells = cells[1:]
        while True:
            for row in cells:
                yield dict(zip(columns, map(typed, row, types), strict=True))
            token = current.get("NextToken")
            if not token:
                return
            current = fetch(MaxResults=PAGE, NextToken=token)
            cells = [_cells(row) for row in current["ResultSet"]["Rows"]]

    return Answer(columns, rows())


def _cells(row: Any) -> list[str | None]:
    return [cell.get("VarCharValue") for cell in row["Data"]]


def unique(names: Sequence[str]) -> list[str]:
    """Names as an object can carry them: the second `_col0` becomes `_col0_2`."""
    made: list[str] = []
    for name in names:
        count = 1
        candidate = name
        while candidate in made:
            count += 1
            candidate = f"{name}_{count}"
        made.append(candidate)
    return made


def typed(text: str | None, kind: str) -> Value:
    """One value of Athena's text by its column's type; times stay text, as Athena writes them."""
    if text is None:
        return None
    if kind in WHOLE:
        return int(text)
    if kind in BROKEN:
        return text if text in NO_NUMBER else float(text)
    if kind == "decimal":
        return _decimal(text)
    if kind == "boolean":
        return text == "true"
    if kind == "json":
        return json.loads(text)
    return text


def _decimal(text: str) -> Value:
    """A number where a float holds every digit of it, else the text: no digit is made up."""
    from decimal import Decimal

    exact = Decimal(text)
    if exact == exact.to_integral_value() and "." not in text:
        return int(exact)
    return float(text) if Decimal(repr(float(text))) == exact else text
