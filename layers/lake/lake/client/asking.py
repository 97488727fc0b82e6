"""Questions to the API as parameters, and how long it asks to be left alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

OPERATORS: Final = frozenset({"ge", "gt", "le", "lt", "ne"})
Parameters = list[tuple[str, str]]


def question(
    *,
    sort: str | Iterable[str] = (),
    fields: str | Iterable[str] = (),
    snapshot: str | None = None,
    filters: Mapping[str, Any] | None = None,
) -> Parameters:
    """What is asked for, as parameters: `delay_rate__ge=0.5` becomes `delay_rate.ge=0.5`."""
    lists = {"sort": words(sort), "fields": words(fields)}
    asked = [(name, ",".join(named)) for name, named in lists.items() if named]
    if snapshot:
        asked.append(("snapshot", snapshot))
    for given, value in (filters or {}).items():
        column, _, operator = given.rpartition("__")
        name = f"{column}.{operator}" if column and operator in OPERATORS else given
        several = value if isinstance(value, list | tuple | set | frozenset) else [value]
        asked += [(name, _text(one)) for one in several]
    return asked


def words(given: str | Iterable[str]) -> list[str]:
    """Names in one text, or one by one."""
    return [word for word in given.split(",") if word] if isinstance(given, str) else list(given)


def pause_of(retry_after: str | None, now: datetime) -> float:
    """Seconds that the API asks for: a number, or a moment, as HTTP writes both."""
    if not retry_after:
        return 0.0
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _text(value: Any) -> str:
    """A value as the API reads it; a moment without a zone is UTC, as in the lake."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
