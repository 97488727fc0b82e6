"""The declaration of a new source as YAML, with what a person should know beside each line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lake_cli.new_source.draft import Column, Draft

# Letters and digits behind a letter: nothing that YAML would take for a number or a date.
_BARE: Final = re.compile(r"[^\W\d_][\w.]*(?: [\w.]+)*")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def declaration(draft: Draft) -> str:
    """The whole file."""
    return "".join(f"{line}\n" for line in _lines(draft))


def _lines(draft: Draft) -> Iterator[str]:
    source = draft.source
    yield from _origin(draft)
    yield f"about: {_scalar(_about(draft))}  # say what these files are, and who sends them"
    yield "kind: upload"
    if draft.sheet:
        yield f"format: {{sheet: {_scalar(draft.sheet)}}}  # left out: the first sheet"
    yield "reject_share: 0.05  # more bad rows than this, and the whole file is refused"
    yield "table:"
    yield f"  name: silver.{source.name}  # {source.domain}_silver.{source.name} in a query"
    yield "  # One row of the table for each value of the key: a later file replaces the row."
    if draft.key.columns:
        yield f"  # Why this one: {draft.key.why}."
    else:
        yield f"  # CHOOSE ONE, no load works without: {draft.key.why}."
        yield "  # Say `required: true` of its columns too."
    yield f"  key: [{', '.join(map(_scalar, draft.key.columns))}]"
    yield "  columns:"
    yield "    # from: the sheet's column. Say in `about` what it means, in `unit: km` its unit."
    for column in draft.columns:
        if column.kind.remark:
            yield f"    # {column.kind.remark}"
        yield f"    {_scalar(column.name)}: {{{', '.join(_fields(column))}}}"
    for left_out in draft.left_out:
        yield f"    # Left out: {_scalar(left_out.header)}, for {left_out.why}."
    yield "  # What every row must keep, or it is rejected; one of between, one_of, matches:"
    yield "  # checks:"
    yield f"  #   - {_example(draft.columns)}"


def _origin(draft: Draft) -> Iterator[str]:
    if draft.made_from:
        yield f"# Begun by `lake new-source` from {_quoted(draft.made_from)}. Read every line:"
        yield f"# names, types, what is required and the key are guesses from {draft.looked_at}."
    else:
        yield "# Begun by `lake new-source` as an example: put your columns in the place of these."
    yield "# What may be said here: docs/adding-a-source.md"


def _about(draft: Draft) -> str:
    where = f"of the sheet {_on_one_line(draft.sheet)}" if draft.sheet else "of a sheet"
    return f"The rows {where}, uploaded by hand"


def _fields(column: Column) -> Iterator[str]:
    yield f"type: {_scalar(column.kind.type)}"
    if column.required:
        yield "required: true"
    yield f"about: {_scalar(f'Column {_on_one_line(column.header)} of the sheet')}"
    yield f"from: {_scalar(column.header)}"
    if column.kind.format:
        yield f"format: {_quoted(column.kind.format)}"


def _example(columns: Iterable[Column]) -> str:
    numbers = [one.name for one in columns if one.kind.type in ("double", "long")]
    texts = [one.name for one in columns if one.kind.type == "string"]
    if numbers:
        return f"{{column: {_scalar(numbers[0])}, between: [0, 100]}}"
    if texts:
        return f"{{column: {_scalar(texts[0])}, one_of: [one, another]}}"
    return "{column: one_of_the_above, between: [0, 100]}"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _scalar(text: str) -> str:
    """A text as YAML reads it back: bare where that is safe."""
    bare = _BARE.fullmatch(text) and text.lower() not in _WORDS
    return text if bare else _quoted(text)


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char == '"':
        return '\\"'
    if char.isprintable() and char != "\\":
        return char
    return char.encode("unicode_escape").decode()
