"""DuckDB's errors in Athena's words."""

import re

import duckdb
from sqlglot import exp

from local.athena_errors import QueryCancelled, QueryFailed
from local.trino_sql import ParsedQuery

_OUR_CODES = r"^[A-Za-z ]*Error: ((?:DIVISION_BY_ZERO|INVALID_FUNCTION_ARGUMENT): .*)"

_NO_COLUMN = "cannot be resolved or requester is not authorized to access requested resources"
# DuckDB's text -> Athena's code and text, with the groups of the match.
_KNOWN: list[tuple[str, str, str]] = [
    (r'[Aa]mbiguous reference to column name "([^"]+)"', "AMBIGUOUS_NAME",
     "Column '{0}' is ambiguous"),
    (r'[Rr]eferenced column "([^"]+)" not found', "COLUMN_NOT_FOUND",
     f"Column '{{0}}' {_NO_COLUMN}"),
    (r'[Rr]eferenced table "([^"]+)" not found', "COLUMN_NOT_FOUND",
     f"Column of '{{0}}' {_NO_COLUMN}"),
    (r'(?:Table|table) "([^"]+)" does not have a column named "([^"]+)"', "COLUMN_NOT_FOUND",
     f"Column '{{0}}.{{1}}' {_NO_COLUMN}"),
    (r'column "([^"]+)" must appear in the GROUP BY', "EXPRESSION_NOT_AGGREGATE",
     "'{0}' must be an aggregate expression or appear in GROUP BY clause"),
    (r"Table with name (\S+) does not exist", "TABLE_NOT_FOUND", "Table '{0}' does not exist"),
    (r"(?:Scalar|Aggregate|Table)? ?Function with name (\S+) does not exist", "FUNCTION_NOT_FOUND",
     "Function '{0}' not registered"),
    (r"No function matches the given name and argument types '(?:trino_)?([^']*)'",
     "FUNCTION_NOT_FOUND", "Unexpected parameters: {0}"),
    (r"Macro (?:trino_)?(\w+)\(\) does not support the supplied arguments", "FUNCTION_NOT_FOUND",
     "Unexpected parameters for function {0}"),
    (r"Could not convert string '(.*?)' to (\w+)", "INVALID_CAST_ARGUMENT",
     "Cannot cast '{0}' to {1}"),
    (r"Could not parse string \"(.*?)\" according to format", "INVALID_FUNCTION_ARGUMENT",
     "Invalid format of '{0}'"),
    (r"Cannot (?:compare|combine|mix) values of type (\S+) \w+ (?:values )?(?:of type )?(\S+)",
     "TYPE_MISMATCH", "Cannot apply operator: {0} and {1}"),
    (r"Division by zero", "DIVISION_BY_ZERO", "Division by zero"),
    (r"More than one row returned by a subquery", "SUBQUERY_MULTIPLE_ROWS",
     "Scalar sub-query has returned multiple rows"),
]  # fmt: skip

_TYPES = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}

_BY_CLASS: list[tuple[type[duckdb.Error], str]] = [
    (duckdb.ParserException, "SYNTAX_ERROR"),
    (duckdb.OutOfRangeException, "NUMERIC_VALUE_OUT_OF_RANGE"),
    (duckdb.OutOfMemoryException, "EXCEEDED_LOCAL_MEMORY_LIMIT"),
    (duckdb.ConversionException, "INVALID_CAST_ARGUMENT"),
    (duckdb.BinderException, "TYPE_MISMATCH"),
    (duckdb.NotImplementedException, "NOT_SUPPORTED"),
]


def explained(error: duckdb.Error, query: ParsedQuery) -> Exception:
    """The error that Athena gives; with the place, where the culprit is a name in the query."""
    if isinstance(error, duckdb.InterruptException):
        return QueryCancelled("Query cancelled by user")
    text = str(error)
    if ours := re.match(_OUR_CODES, text):
        code, _, message = ours[1].partition(": ")
        return QueryFailed(code, message)
    for pattern, code, message in _KNOWN:
        if match := re.search(pattern, text):
            named = match.groups()
            place = _place(query, named[-1]) if named else None
            shown = message.format(*(_TYPES.get(name, name) for name in named))
            return QueryFailed(code, shown, *(place or (None, None)))
    first = text.split("\n")[0]
    for kind, code in _BY_CLASS:
        if isinstance(error, kind):
            return QueryFailed(code, first)
    return QueryFailed("GENERIC_INTERNAL_ERROR", first)


def _place(query: ParsedQuery, name: str) -> tuple[int, int] | None:
    for node in query.tree.find_all(exp.Identifier):
        if node.name.lower() == name.lower() and "start" in node.meta:
            return query.place(node)
    return None
