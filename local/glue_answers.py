"""Glue's answers hold what somebody said and nothing else.

ministack fills Description and Owner with empty texts, and the rest with null. A client that makes
a table anew out of such an answer, as PyIceberg's rename does, is refused by its own SDK.
"""

import json
from collections.abc import Callable
from typing import Any

Handler = Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]]
_READING = ("_get_database", "_get_databases", "_get_table", "_get_tables")


def install() -> None:
    """Put the readers of databases and tables behind a sieve."""
    from ministack.services import glue

    for name in _READING:
        setattr(glue, name, _sieved(getattr(glue, name)))


def _sieved(read: Handler) -> Handler:
    def answered(data: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = read(data)
        if status != 200:
            return status, headers, body
        answer = {key: _without_blanks(value) for key, value in json.loads(body).items()}
        return status, headers, json.dumps(answer).encode()

    return answered


def _without_blanks(value: Any) -> Any:
    """A database or a table, or a list of them, without what is empty."""
    if isinstance(value, list):
        return [_without_blanks(item) for item in value]
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if item not in (None, "")}
    return value
