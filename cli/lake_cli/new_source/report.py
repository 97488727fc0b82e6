"""What was written, and what a person does next, in order."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from lake_cli.new_source.checkout import Places
from lake_cli.new_source.draft import Draft

Line = dict[str, str]


def written(places: Places) -> list[Line]:
    """The files for programs."""
    return [
        {"file": places.declaration, "holds": "declaration"},
        {"file": places.samples, "holds": "sample rows"},
        {"file": places.test, "holds": "test"},
    ]


def doubts(draft: Draft) -> Iterator[str]:
    """What the sheet could not tell, or the lake could not take."""
    if not draft.key.columns:
        yield f"A person must choose the key: {draft.key.why}."
    for left_out in draft.left_out:
        yield f"The column '{left_out.header}' is left out, for {left_out.why}."


def report(draft: Draft, places: Places, root: Path, workbook: Path | None) -> str:
    """All of it for people."""
    return "\n".join(_lines(draft, places, root, workbook))


def _lines(draft: Draft, places: Places, root: Path, workbook: Path | None) -> Iterator[str]:
    yield f"Written in {root}:"
    for line in written(places):
        yield f"  {line['holds']:<11}  {line['file']}"
    yield from (f"\n{doubt}" for doubt in doubts(draft))
    yield "\nNext, there:"
    for number, step in enumerate(_steps(draft, places, workbook), start=1):
        yield f"  {number}. {step}"


def _steps(draft: Draft, places: Places, workbook: Path | None) -> Iterator[str]:
    key = "is the key right?" if draft.key.columns else "choose the key."
    yield f"Read the declaration: say in each `about` what is meant; {key}"
    own = "may everybody see them?" if workbook else "better, put rows of your own there."
    yield f"Compare the sample rows with the values in the test; {own}"
    yield f".venv/bin/python -m pytest {places.test}"
    yield "make up    (builds, and applies it to the laptop's lake; to AWS: make deploy ENV=dev)"
    file = shlex.quote(str(workbook)) if workbook else "FILE.xlsx"
    yield f"lake upload {draft.source.id} {file} --wait"
