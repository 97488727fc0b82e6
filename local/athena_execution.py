"""A statement that was accepted, on its way to an end."""

from collections.abc import Callable
from typing import Any

from local.iceberg_statements import Statement


class Execution:
    """A statement on its way; the record is what GetQueryExecution shows and ministack saves."""

    def __init__(self, record: dict[str, Any], statement: Statement, limit: int | None) -> None:
        self.record, self.statement, self.limit_bytes = record, statement, limit
        self.id: str = record["QueryExecutionId"]
        self.database: str = record["QueryExecutionContext"]["Database"]
        self.interrupt: Callable[[], None] = lambda: None
