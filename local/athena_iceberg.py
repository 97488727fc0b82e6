"""Athena on the laptop: queries and upkeep of Iceberg tables, at ministack's own seam.

`install()` puts four operations in the place of ministack's (which cannot read Iceberg):
StartQueryExecution, GetQueryExecution, GetQueryResults and StopQueryExecution. Work groups, named
queries and the rest stay ministack's, and so does the store of executions, which it saves.
"""

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, json_response, new_uuid
from ministack.services import athena

from local.athena_errors import MalformedQuery
from local.athena_execution import Execution
from local.athena_results import Column, page
from local.iceberg_sql import parse_statement
from local.iceberg_statements import statement_type
from local.sql_words import fill_parameters

if TYPE_CHECKING:
    from local.athena_run import QueryRunner

MAX_QUERY_BYTES = 262_144
KEPT_EXECUTIONS = 2_000
_ENGINE = {
    "SelectedEngineVersion": "Athena engine version 3",
    "EffectiveEngineVersion": "Athena engine version 3",
}
Data = dict[str, Any]


def install(endpoint: str | None = None) -> None:
    """Answer Athena's queries here; `endpoint` is this cloud's own address."""
    logging.getLogger("pyiceberg.io").setLevel(logging.WARNING)  # a line for each table loaded
    service = AthenaService(endpoint or os.environ["AWS_ENDPOINT_URL"])
    athena._start_query_execution = service.start
    athena._get_query_execution = service.get
    athena._get_query_results = service.results
    athena._stop_query_execution = service.stop


class InvalidRequest(Exception):
    """The call itself is wrong; nothing is started."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


def _answered(call: Callable[["AthenaService", Data], Data]) -> Callable[..., Any]:
    def wrapped(self: "AthenaService", data: Data) -> Any:
        try:
            return json_response(call(self, data))
        except InvalidRequest as error:
            extra = {"AthenaErrorCode": error.code} if error.code else None
            return error_response_json("InvalidRequestException", str(error), 400, extra=extra)

    return wrapped


class AthenaService:
    """The four operations; each query runs in a thread, for it calls this same process back."""

    def __init__(self, endpoint: str) -> None:
        self._loading: Future[QueryRunner] = Future()
        threading.Thread(
            target=self._load, args=(endpoint,), name="athena-load", daemon=True
        ).start()
        self._tokens: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def _load(self, endpoint: str) -> None:
        """PyIceberg, DuckDB and sqlglot take two seconds, which nobody has to wait for."""
        try:
            from local.athena_run import QueryRunner

            self._loading.set_result(QueryRunner(endpoint))
        except BaseException as error:
            self._loading.set_exception(error)
            raise

    @property
    def _runner(self) -> "QueryRunner":
        return self._loading.result()

    @_answered
    def start(self, data: Data) -> Data:
        token: str = data.get("ClientRequestToken") or ""
        sql: str = data.get("QueryString", "")
        if token in self._tokens:
            known_id, known_sql = self._tokens[token]
            if known_sql != sql:
                raise InvalidRequest("Idempotent parameters do not match")
            return {"QueryExecutionId": known_id}
        execution = self._accepted(data, sql)
        self._keep(execution)
        if token:
            self._tokens[token] = (execution.id, sql)
            while len(self._tokens) > KEPT_EXECUTIONS:
                self._tokens.popitem(last=False)
        self._runner.start(execution)
        return {"QueryExecutionId": execution.id}

    def _accepted(self, data: Data, sql: str) -> Execution:
        """Check everything that Athena checks before it takes a query."""
        if len(sql.encode()) > MAX_QUERY_BYTES:
            raise InvalidRequest(f"Query string is longer than {MAX_QUERY_BYTES} bytes")
        name = data.get("WorkGroup", "primary")
        group = athena._workgroups.get(name)
        if group is None:
            raise InvalidRequest(f"WorkGroup {name} is not found.")
        if group.get("State", "ENABLED") != "ENABLED":
            raise InvalidRequest(f"WorkGroup {name} is disabled.")
        settings = group.get("Configuration") or {}
        result = _result_configuration(data, settings)
        context = data.get("QueryExecutionContext") or {}
        try:
            filled = fill_parameters(sql, data.get("ExecutionParameters") or [])
            statement = parse_statement(filled)
            self._runner.check(statement, context.get("Database", "default"))
        except MalformedQuery as error:
            raise InvalidRequest(str(error), "MALFORMED_QUERY") from error
        record = _record(data, sql, name, result, context, statement_type(statement))
        limit = settings.get("BytesScannedCutoffPerQuery")
        return Execution(record, statement, limit)

    def _keep(self, execution: Execution) -> None:
        athena._executions[execution.id] = execution.record
        for old in athena._executions.keys()[:-KEPT_EXECUTIONS]:
            athena._executions.pop(old, None)

    @_answered
    def get(self, data: Data) -> Data:
        return {"QueryExecution": athena._execution_out(self._record(data))}

    @_answered
    def results(self, data: Data) -> Data:
        record = self._record(data)
        status = record["Status"]
        if status["State"] != "SUCCEEDED":
            ended = status["State"] in ("FAILED", "CANCELLED")
            text = (
                "did not finish successfully. Final query"
                if ended
                else "has not yet finished. Current"
            )
            raise InvalidRequest(f"Query {text} state: {status['State']}")
        size = data.get("MaxResults") or 1000
        if not 1 <= size <= 1000:
            raise InvalidRequest("MaxResults is more than maximum allowed length 1000.")
        token = data.get("NextToken") or "0"
        if not token.isdigit():
            raise InvalidRequest("Invalid NextToken")
        columns = [Column(**column) for column in record["_columns"]]
        try:
            rows = self._runner.rows_of(record)
        except FileNotFoundError:
            raise InvalidRequest("Could not find results: the result file was deleted") from None
        return page(columns, rows, int(token), size, record["StatementType"] == "DML")

    @_answered
    def stop(self, data: Data) -> Data:
        self._runner.cancel(self._record(data))
        return {}

    def _record(self, data: Data) -> Data:
        query_id = data.get("QueryExecutionId")
        record: Data | None = athena._executions.get(query_id)
        if record is None:
            raise InvalidRequest(f"QueryExecution {query_id} was not found")
        self._runner.settle_if_lost(record)
        return record


def _result_configuration(data: Data, settings: Data) -> Data:
    """Where the result goes: the work group's place when it is enforced, else the caller's."""
    of_group = settings.get("ResultConfiguration") or {}
    of_caller = data.get("ResultConfiguration") or {}
    enforced = settings.get("EnforceWorkGroupConfiguration", False) and of_group
    chosen = of_group if enforced else {**of_group, **of_caller}
    if not chosen.get("OutputLocation"):
        raise InvalidRequest(
            "No output location provided. An output location is required either through the "
            "Workgroup result configuration setting or as an API input."
        )
    return dict(chosen)


def _record(
    data: Data, sql: str, group: str, result: Data, context: Data, kind: str
) -> Data:  # fmt: skip
    query_id = new_uuid()
    ending = "csv" if kind == "DML" else "txt"
    location = f"{result['OutputLocation'].rstrip('/')}/{query_id}.{ending}"
    return {
        "QueryExecutionId": query_id,
        "Query": sql,
        "StatementType": kind,
        "ResultConfiguration": {**result, "OutputLocation": location},
        "QueryExecutionContext": {
            "Database": context.get("Database", "default"),
            "Catalog": context.get("Catalog", "AwsDataCatalog"),
        },
        **({"ExecutionParameters": p} if (p := data.get("ExecutionParameters")) else {}),
        "Status": {"State": "QUEUED", "SubmissionDateTime": time.time()},
        "Statistics": {},
        "WorkGroup": group,
        "EngineVersion": _ENGINE,
        "_columns": [],
    }
