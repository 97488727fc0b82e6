"""Cursors: where a page ended, in which snapshot, and for which question. Opaque to people."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from functions.results_api.values import as_json, parse
from lake.served import is_snapshot

SPELLING: Final = re.compile(r"[A-Za-z0-9_-]{1,4000}")


class NoCursor(Exception):
    """A text that no answer of this API carried."""


@dataclass(frozen=True)
class Cursor:
    """The last row of a page: what it was sorted by, and its place in the key's order."""

    snapshot: str
    question: str
    values: tuple[Any, ...]
    row: int

    def dumps(self) -> str:
        """As it travels in an address."""
        said = [self.snapshot, self.question, [as_json(v) for v in self.values], self.row]
        text = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def loads(text: str, kinds: Sequence[str]) -> Cursor:
    """The cursor in a text; `kinds` are the types of what the question sorts by."""
    snapshot, question, values, row = _content(text)
    if len(values) != len(kinds):
        # Another question's: whoever asks finds out by its fingerprint.
        return Cursor(snapshot, question, (), row)
    return Cursor(snapshot, question, tuple(map(_value, kinds, values)), row)


def _content(text: str) -> tuple[str, str, list[Any], int]:
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError) as error:
        raise NoCursor(text) from error
    match found:
        case [str(snapshot), str(question), list(values), int(row)] if (
            is_snapshot(snapshot) and not isinstance(row, bool) and 0 <= row < 2**62
        ):
            return snapshot, question, values, row
    raise NoCursor(text)


def _value(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, float):
        text = repr(value)
    else:
        text = str(value)
    try:
        return value if kind == "string" and isinstance(value, str) else parse(kind, text)
    except ValueError as error:
        raise NoCursor(text) from error
