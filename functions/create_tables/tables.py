"""Bring the tables up to their declarations: create what is missing, add declared columns."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from lake import ddl
from lake.catalog import Catalog, Table
from lake.errors import LakeError
from lake.names import physical_database, table_location

_AT_ONCE: Final = 5
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 2.0
_QUERY_TIMEOUT_S: Final = 240.0

Fate = Literal["created", "evolved", "unchanged"]


class TableRefused(LakeError):
    """Athena would not create or change a table; carries Athena's own reason."""


@dataclass(frozen=True)
class Statement:
    """One DDL statement and what it does to which table."""

    table_id: str
    fate: Fate
    database: str
    sql: str


@dataclass(frozen=True)
class Tables:
    """Everything that creating tables needs."""

    catalog: Catalog
    glue: Any
    athena: Any
    database_prefix: str
    buckets: dict[str, str]
    workgroup: str

    def bring_up_to_date(self) -> dict[Fate, list[str]]:
        """Every declared table exists with every declared column when this returns."""
        statements = [
            statement for table in self.catalog.tables.values() if (statement := self._plan(table))
        ]
        self._run_all(statements)
        fates: dict[Fate, list[str]] = {"created": [], "evolved": [], "unchanged": []}
        changed = {statement.table_id: statement.fate for statement in statements}
        for table_id in sorted(self.catalog.tables):
            fates[changed.get(table_id, "unchanged")].append(table_id)
        return fates

    def _plan(self, table: Table) -> Statement | None:
        database = physical_database(self.database_prefix, table.database)
        try:
            found = self.glue.get_table(DatabaseName=database, Name=table.name)
        except self.glue.exceptions.EntityNotFoundException:
            location = table_location(self.buckets[table.layer], database, table.name)
            sql = ddl.athena_create(table, database, location)
            return Statement(table.id, "created", database, sql)
        there = {column["Name"] for column in found["Table"]["StorageDescriptor"]["Columns"]}
        missing = [column for column in table.columns if column.name not in there]
        if not missing:
            return None
        sql = ddl.athena_add_columns(table, database, missing)
        return Statement(table.id, "evolved", database, sql)

    def _run_all(self, statements: Iterable[Statement]) -> None:
        """A few at once, since each waits for Athena more than it works; all ends are awaited."""
        queue = list(statements)
        running: dict[str, tuple[Statement, float]] = {}
        refusals: list[str] = []
        pause = _FIRST_PAUSE_S
        while queue or running:
            while queue and len(running) < _AT_ONCE:
                statement = queue.pop(0)
                running[self._start(statement)] = (statement, 0.0)
            time.sleep(pause)
            for query_id, (statement, waited) in list(running.items()):
                state, reason = self._state(query_id)
                if state in ("QUEUED", "RUNNING"):
                    running[query_id] = (statement, waited + pause)
                    if waited > _QUERY_TIMEOUT_S:
                        self.athena.stop_query_execution(QueryExecutionId=query_id)
                        state, reason = "TIMED OUT", f"no end after {_QUERY_TIMEOUT_S:.0f} s"
                if state not in ("QUEUED", "RUNNING"):
                    del running[query_id]
                    if state != "SUCCEEDED":
                        refusals.append(f"{statement.table_id} ({state}): {reason}")
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)
        if refusals:
            raise TableRefused("; ".join(refusals))

    def _start(self, statement: Statement) -> str:
        answer = self.athena.start_query_execution(
            QueryString=statement.sql,
            # Without it Athena works in `default`, which is nobody's here.
            QueryExecutionContext={"Database": statement.database},
            WorkGroup=self.workgroup,
        )
        return str(answer["QueryExecutionId"])

    def _state(self, query_id: str) -> tuple[str, str]:
        answer = self.athena.get_query_execution(QueryExecutionId=query_id)
        status = answer["QueryExecution"]["Status"]
        return status["State"], status.get("StateChangeReason", "Athena gave no reason")
