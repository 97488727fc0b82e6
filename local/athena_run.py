"""Runs one accepted statement from QUEUED to its end, and never past it."""

import contextlib
import contextvars
import dataclasses
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Any

import duckdb
from botocore.exceptions import ClientError
from ministack.core.responses import get_account_id, get_region
from pyiceberg.exceptions import CommitFailedException

from local import iceberg_ddl, iceberg_show, iceberg_upkeep
from local import iceberg_statements as sql
from local.athena_errors import QueryCancelled, QueryFailed, unsupported
from local.athena_execution import Execution
from local.athena_results import Answer, Row, read_csv, read_text, write_csv
from local.cloud_files import client, split, stored
from local.iam.gate import caller
from local.iceberg_query import QueryEngine
from local.iceberg_tables import Tables, tables_of_request
from local.trino_sql import parse_query

log = logging.getLogger(__name__)

AT_ONCE = 4
TIMEOUT_S = 30 * 60  # Athena's own limit of a DML query
KEPT_RESULTS = 500
_KEPT_CELLS = 2_000_000


class QueryRunner:
    """At most a few statements at once; the others wait, QUEUED."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._engine = QueryEngine()
        self._slots = threading.Semaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._alive: dict[str, Execution] = {}
        self._rows: OrderedDict[str, list[Row]] = OrderedDict()

    def check(self, statement: sql.Statement, database: str) -> None:
        """Refuse at submission a query whose text makes no sense."""
        if isinstance(statement, sql.Query):
            try:
                parse_query(statement.sql, database)
            except QueryFailed:
                return  # well written, and fails when it runs

    def start(self, execution: Execution) -> None:
        """Begin a statement; the account and region of the request go with it."""
        self._alive[execution.id] = execution
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self.run, execution), daemon=True,
            name=f"athena-{execution.id}",
        ).start()  # fmt: skip

    def run(self, execution: Execution) -> None:
        """The life of one statement, in a thread of its own."""
        queued = time.monotonic()
        with self._slots:
            began = time.monotonic()
            if not self._move(execution, "QUEUED", "RUNNING"):
                self._alive.pop(execution.id, None)
                return
            timer = threading.Timer(TIMEOUT_S, self._end, (execution, "FAILED", "Query timeout"))
            timer.daemon = True
            timer.start()
            try:
                answer = self._answer(execution)
                self._save(execution, answer, began, queued)
                self._end(execution, "SUCCEEDED")
            except QueryCancelled as error:
                self._end(execution, "CANCELLED", str(error))
            except Exception as error:  # whatever happens, a query ends
                if not isinstance(error, QueryFailed):
                    log.exception("query %s", execution.id)
                self._end(execution, "FAILED", _reason(error))
            finally:
                timer.cancel()
                self._alive.pop(execution.id, None)

    def cancel(self, record: dict[str, Any]) -> None:
        execution = self._alive.get(record["QueryExecutionId"])
        if execution is not None:
            self._end(execution, "CANCELLED", "Query cancelled by user")

    def settle_if_lost(self, record: dict[str, Any]) -> None:
        """A query that ran when the cloud was stopped will never end by itself."""
        if record["QueryExecutionId"] in self._alive:
            return
        with self._lock:  # what ended a moment ago has said so by now
            status = record["Status"]
            if status["State"] in ("QUEUED", "RUNNING"):
                record["Status"] = {
                    **status,
                    "State": "FAILED",
                    "StateChangeReason": "INTERNAL_ERROR_QUERY_ENGINE: the cloud was stopped",
                    "CompletionDateTime": time.time(),
                }

    def rows_of(self, record: dict[str, Any]) -> list[Row]:
        """The rows of a finished query: kept ones, or those of its file on S3."""
        with self._lock:
            if (kept := self._rows.get(record["QueryExecutionId"])) is not None:
                return kept
        location = record["ResultConfiguration"]["OutputLocation"]
        text = stored(location, get_account_id(), get_region(), caller()).decode()
        rows = read_csv(text) if record["StatementType"] == "DML" else read_text(text)
        self._remember(record["QueryExecutionId"], rows)
        return rows

    def _answer(self, execution: Execution) -> Answer:
        tables = tables_of_request(self._endpoint)
        tables.look_at_default()
        statement = execution.statement
        if isinstance(statement, sql.Query):

            def started(interrupt: Callable[[], None]) -> None:
                execution.interrupt = interrupt

            return self._engine.run(
                statement.sql, execution.database, tables, execution.limit_bytes, started
            )
        if isinstance(statement, sql.Refused):
            raise unsupported(statement.what)
        try:
            return self._perform(tables, statement, execution.database)
        except QueryFailed as error:
            if isinstance(statement, sql.Optimize | sql.Vacuum) or not error.in_ddl:
                raise  # Trino's words
            raise QueryFailed("FAILED", error.in_ddl) from error

    def _perform(self, tables: Tables, statement: Any, database: str) -> Answer:
        """DDL, SHOW and upkeep."""
        if isinstance(statement, sql.ShowTables):
            return iceberg_show.show_tables(
                tables, statement.database or database, statement.pattern
            )
        if isinstance(statement, sql.ShowDatabases):
            return iceberg_show.show_databases(tables, statement.pattern)
        named = sql.TableName(statement.table.database or database, statement.table.name)
        placed: Any = dataclasses.replace(statement, table=named)
        if isinstance(placed, sql.Optimize):
            return iceberg_upkeep.optimize(tables, placed, self._engine.evaluate)
        actions: dict[type[Any], Callable[[Tables, Any], Answer]] = {
            sql.CreateTable: iceberg_ddl.create_table,
            sql.AddColumns: iceberg_ddl.add_columns,
            sql.SetProperties: iceberg_ddl.set_properties,
            sql.DropTable: iceberg_ddl.drop_table,
            sql.Show: iceberg_show.show,
            sql.Vacuum: iceberg_upkeep.vacuum,
        }
        return actions[type(placed)](tables, placed)

    def _save(self, execution: Execution, answer: Answer, began: float, queued: float) -> None:
        """Write the result file, then the figures; the state comes last."""
        record = execution.record
        bucket, key = split(record["ResultConfiguration"]["OutputLocation"])
        computed = time.monotonic()
        try:
            self._s3().put_object(
                Bucket=bucket, Key=key, Body=write_csv(answer).encode(),
                ContentType="text/csv" if answer.csv else "text/plain",
            )  # fmt: skip
        except ClientError as error:
            raise QueryFailed(
                "INVALID_OUTPUT_LOCATION", f"Unable to write the result to {bucket}: {error}"
            ) from error
        now = time.monotonic()
        self._remember(execution.id, answer.rows)
        record["_columns"] = [dataclasses.asdict(column) for column in answer.columns]
        record["Statistics"] = {
            "EngineExecutionTimeInMillis": int((computed - began) * 1000),
            "DataScannedInBytes": answer.scanned_bytes,
            "TotalExecutionTimeInMillis": int((now - queued) * 1000),
            "QueryQueueTimeInMillis": int((began - queued) * 1000),
            "QueryPlanningTimeInMillis": answer.planning_ms,
            "ServiceProcessingTimeInMillis": int((now - computed) * 1000),
        }

    def _remember(self, query_id: str, rows: list[Row]) -> None:
        with self._lock:
            self._rows[query_id] = rows
            while len(self._rows) > 1 and _too_many(self._rows.values()):
                self._rows.popitem(last=False)

    def _move(self, execution: Execution, before: str, after: str) -> bool:
        with self._lock:
            status = execution.record["Status"]
            if status["State"] != before:
                return False
            status["State"] = after
            return True

    def _end(self, execution: Execution, state: str, reason: str = "") -> None:
        """The first end counts; a stopped query's thread is interrupted and says no more."""
        with self._lock:
            status = execution.record["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                return
            told: dict[str, Any] = {"StateChangeReason": reason} if reason else {}
            if state == "FAILED":
                told["AthenaError"] = {
                    "ErrorCategory": 2, "ErrorType": 1006, "Retryable": False,
                    "ErrorMessage": reason,
                }  # fmt: skip
            # One assignment: the cloud may be copying its state in this moment.
            ended = {**status, **told, "CompletionDateTime": time.time(), "State": state}
            execution.record["Status"] = ended
        if state != "SUCCEEDED":
            with contextlib.suppress(duckdb.Error):  # it ended by itself in this moment
                execution.interrupt()

    def _s3(self) -> Any:
        return client("s3", self._endpoint, get_account_id(), get_region(), caller())


def _reason(error: Exception) -> str:
    if isinstance(error, QueryFailed):
        return str(error)
    if isinstance(error, PermissionError) or _is_denial(error):
        return f"PERMISSION_DENIED: {error}"
    if isinstance(error, CommitFailedException):
        return f"ICEBERG_COMMIT_ERROR: {error}"
    return f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}"


def _is_denial(error: Exception) -> bool:
    """Whether S3 or Glue refused what the caller has no right to."""
    answer = error.response if isinstance(error, ClientError) else {}
    return str(answer.get("Error", {}).get("Code", "")).startswith("AccessDenied")


def _too_many(results: Collection[list[Row]]) -> bool:
    cells = sum(len(rows) * (len(rows[0]) if rows else 1) for rows in results)
    return len(results) > KEPT_RESULTS or cells > _KEPT_CELLS
