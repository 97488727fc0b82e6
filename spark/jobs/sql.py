"""Values as Spark's SQL spells them."""

from __future__ import annotations


def literal(value: str | int) -> str:
    """A text in quotes, a number as it is."""
    if not isinstance(value, str):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
