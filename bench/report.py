"""What a benchmark says: a figure, its yardstick, the aim and whether it was met."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One line of the report."""

    what: str
    ours: str
    yardstick: str
    ratio: str
    aim: str
    met: bool | None  # None: there is no aim, the figure is for knowing


def show(title: str, figures: list[Figure]) -> None:
    """A table for people."""
    table = Table(title=title, title_justify="left")
    for heading in ("figure", "ours", "yardstick, same run", "ratio", "aim", ""):
        table.add_column(heading)
    for figure in figures:
        verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
        row = (figure.what, figure.ours, figure.yardstick, figure.ratio, figure.aim, verdict)
        table.add_row(*row)
    Console(width=150).print(table)
