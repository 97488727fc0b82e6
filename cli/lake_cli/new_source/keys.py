"""Which columns tell the rows of a table apart; where the rows do not say, a person must."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lake.names import nearest
from lake_cli.exits import Exit, Stop

Values = tuple[object, ...]
# Measurements and marks are no names of things, whatever a few rows look like.
_NEVER_GUESSED: Final = frozenset({"double", "boolean", "array<string>"})
_LISTED: Final = 5


@dataclass(frozen=True)
class Key:
    """The columns of the key, or none, and why."""

    columns: tuple[str, ...]
    why: str


def named(wanted: Sequence[str], headers: Mapping[str, str]) -> tuple[str, ...]:
    """The columns that a person has named, by the table's names or by the sheet's."""
    by_header = {header: name for name, header in headers.items()}
    found = []
    for word in wanted:
        name = word if word in headers else by_header.get(word)
        if name is None:
            hint = nearest(word, [*headers, *by_header])
            raise Stop(f"--key: no column is called '{word}'{hint}", code=Exit.USAGE)
        if name not in found:
            found.append(name)
    return tuple(found)


def choose(kinds: Mapping[str, str], rows: Mapping[int, Values], named: Sequence[str]) -> Key:
    """The named columns or the only one that fits; empty where a person must choose."""
    different = _different(rows)
    places = {name: place for place, name in enumerate(kinds)}
    if named:
        fault = _fault([places[name] for name in named], different)
        listed = ", ".join(named)
        if fault:
            return Key((), f"{listed} is no key of these rows: {fault}")
        return Key(tuple(named), "named with --key, and these rows agree")
    if len(different) < 2:
        return Key((), "one row cannot tell what sets rows apart")
    fitting = [
        name
        for name, kind in kinds.items()
        if kind not in _NEVER_GUESSED and not _fault([places[name]], different)
    ]
    if len(fitting) == 1:
        return Key((fitting[0],), "the only column that differs in each of these rows")
    if not fitting:
        return Key((), "no column alone differs in each of these rows")
    rest = f" and {len(fitting) - _LISTED} more" if len(fitting) > _LISTED else ""
    return Key((), f"each of these differs in each row: {', '.join(fitting[:_LISTED])}{rest}")


def _different(rows: Mapping[int, Values]) -> dict[int, Values]:
    """The rows without those that say word for word what an earlier one does."""
    first: dict[str, int] = {}
    for number, values in rows.items():
        first.setdefault(repr(values), number)
    return {number: rows[number] for number in first.values()}


def _fault(places: Sequence[int], rows: Mapping[int, Values]) -> str:
    """Why these columns are no key; nothing where they are one."""
    seen: dict[str, int] = {}
    for number, values in rows.items():
        parts = [values[place] for place in places]
        if None in parts:
            return f"row {number} has no value there"
        other = seen.setdefault(repr(parts), number)
        if other != number:
            return f"rows {other} and {number} have the same"
    return ""
