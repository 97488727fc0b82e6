"""Nested objects as one row: names joined by dots, as the workbooks have always been flattened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flat(entry: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """An object as a row; lists stay lists."""
    return dict(_flat(entry, prefix, through_lists=False))


def flat_through(entry: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """An object as a row, objects in lists too: `weather.0.main`."""
    return dict(_flat(entry, prefix, through_lists=True))


def _flat(
    entry: Mapping[str, Any], prefix: str, *, through_lists: bool
) -> Iterator[tuple[str, Any]]:
    for name, value in entry.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.", through_lists=through_lists)
        elif through_lists and isinstance(value, list) and _are_objects(value):
            numbered = {str(number): one for number, one in enumerate(value)}
            yield from _flat(numbered, f"{prefix}{name}.", through_lists=True)
        else:
            yield f"{prefix}{name}", value


def _are_objects(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, Mapping) for value in values)
