"""A few rows that show what a sheet is like, as text that a person can review."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

MOST: Final = 5
_CANDIDATES: Final = 200  # of a long sheet its first rows are enough to choose from
Texts = tuple[str, ...]


def choose(rows: Mapping[int, Texts]) -> set[int]:
    """The numbers of rows that show the most columns filled and no two of them alike."""
    fresh: dict[Texts, int] = {}
    for number, texts in rows.items():
        fresh.setdefault(texts, number)
        if len(fresh) == _CANDIDATES:
            break
    chosen: dict[Texts, int] = {}
    while fresh and len(chosen) < MOST:
        best = max(fresh, key=lambda texts: _told_apart([*chosen, texts]))
        chosen[best] = fresh.pop(best)
    return set(chosen.values())


def _told_apart(rows: Sequence[Texts]) -> int:
    """How many columns have a look of their own: one without any value has none."""
    return len({column for column in zip(*rows, strict=True) if any(column)})


def as_csv(header: Iterable[str], rows: Iterable[Texts]) -> str:
    """Rows as CSV with a header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
