"""The test of a new source: its columns' types and the values of its sample rows, spelt out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from lake_cli.new_source.draft import Draft
from lake_cli.new_source.literals import entry

_HEAD = '''\
"""What the rows of {id} become.

The cells are in samples/{slug}.csv.
The values below are what `lake new-source` took them for. Compare each with its cell: a wrong
guess stands here as it stands in the declaration. A row that shall be rejected has a sentence
in the place of its values.
"""

'''


def generated_test(draft: Draft) -> str:
    """The whole file."""
    return _HEAD.format(id=draft.source.id, slug=draft.source.slug) + "".join(_lines(draft))


def _lines(draft: Draft) -> Iterator[str]:
    values = [value for row in draft.rows for value in row.values]
    moments = any(isinstance(value, datetime) for value in values)
    days = any(isinstance(value, date) and not isinstance(value, datetime) for value in values)
    used = ["date"] * days + ["datetime"] * moments
    if used:
        yield f"from datetime import {', '.join(used)}\n\n"
    yield "from tests.sources.declared import Read, read\n\n\n"
    yield "def test_the_sample_rows_become_what_a_person_read_in_them() -> None:\n"
    yield f'    assert read("{draft.source.id}") == Read(\n'
    yield "        types={\n"
    for column in draft.columns:
        yield entry(f'"{column.name}": ', column.kind.type, 12)
    yield "        },\n        rows=[\n"
    for row in draft.rows:
        yield "            {\n"
        for column, value in zip(draft.columns, row.values, strict=True):
            yield entry(f'"{column.name}": ', value, 16)
        yield "            },\n"
    yield "        ],\n    )\n"
