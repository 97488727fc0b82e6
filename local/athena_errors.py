"""What Athena answers when a query cannot be answered."""


class MalformedQuery(Exception):
    """The text is no statement that Athena knows; refused when it is submitted."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}:{column}: {message}")


class QueryFailed(Exception):
    """The query ends FAILED; `str(error)` is the reason and begins with Athena's code.

    `in_ddl` is what Hive, which reads Athena's DDL, says of the same."""

    def __init__(
        self,
        code: str,
        message: str,
        line: int | None = None,
        column: int | None = None,
        *,
        in_ddl: str = "",
    ) -> None:
        place = "" if line is None else f"line {line}:{column}: "
        super().__init__(f"{code}: {place}{message}")
        self.code = code
        self.in_ddl = in_ddl


class QueryCancelled(Exception):
    """The query ends CANCELLED; `str(error)` is its StateChangeReason."""


def unsupported(what: str) -> QueryFailed:
    """The error for things that AWS does and this engine does not."""
    return QueryFailed("NOT_SUPPORTED", f"{what} is not supported by the laptop engine; AWS does")
