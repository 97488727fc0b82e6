"""The command that begins a source: `lake new-source`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lake_cli.exits import Exit, Stop
from lake_cli.options import AsJson

if TYPE_CHECKING:
    from lake_cli.new_source.checkout import Places
    from lake_cli.new_source.draft import Draft
    from lake_cli.new_source.names import SourceName

commands = typer.Typer()


@commands.command(
    rich_help_panel="The catalogue",
    epilog="Example: lake new-source city/fountains --from fuentes.xlsx --key Nº",
)
def new_source(
    source: Annotated[
        str,
        typer.Argument(metavar="DOMAIN/NAME", help="What it shall be called; a new domain too."),
    ],
    workbook: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE.xlsx", help="Guess the columns from this workbook."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="With --from: this sheet; else the first.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="COL[,COL]", help="With --from: what tells rows apart."),
    ] = None,
    into: Annotated[
        Path,
        typer.Option("--into", metavar="FOLDER", help="A checkout; else the one that you are in."),
    ] = Path(),
    json: AsJson = False,
) -> None:
    """Begin a source: write its declaration, sample rows and test, and say what to do next."""
    if workbook is None and (sheet is not None or key is not None):
        raise Stop("--sheet and --key are about the workbook of --from", code=Exit.USAGE)

    from lake_cli.new_source import checkout, names, report
    from lake_cli.views import as_json, say

    try:
        name = names.source_name(source)
        home = checkout.Checkout.around(into)
        home.require_free(name)
        draft = _draft(name, workbook, sheet, key)
        places = checkout.Places.of(name)
        home.add(_texts(draft, places))
    except KeyboardInterrupt:
        raise Stop("interrupted: nothing was written", code=Exit.INTERRUPTED) from None
    if json:
        as_json(report.written(places))
        for doubt in report.doubts(draft):
            say(doubt)
        return
    print(report.report(draft, places, home.root, workbook))


def _draft(name: SourceName, workbook: Path | None, sheet: str | None, key: str | None) -> Draft:
    from lake_cli.new_source import draft, example, sheets
    from lake_cli.uploads import check
    from lake_cli.views import working

    if workbook is None:
        return example.example(name)
    check([workbook])
    wanted = [word.strip() for word in (key or "").split(",") if word.strip()]
    with working(f"reading {workbook.name}"):
        return draft.draft(name, workbook.name, sheets.look(workbook, name, sheet), wanted)


def _texts(draft: Draft, places: Places) -> dict[str, str]:
    from lake_cli.new_source import samples
    from lake_cli.new_source.declaration import declaration
    from lake_cli.new_source.generated import generated_test

    header = [column.header for column in draft.columns]
    return {
        places.declaration: declaration(draft),
        places.samples: samples.as_csv(header, [row.cells for row in draft.rows]),
        places.test: generated_test(draft),
    }
