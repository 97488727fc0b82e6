"""The command that reads results: `lake results`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from lake_cli.exits import Exit, Stop
from lake_cli.options import DEFAULT_ENV, AsJson, Env

commands = typer.Typer()
STYLES = {"late": "yellow"}


class Form(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@commands.command(
    rich_help_panel="Questions",
    epilog="Example: lake results emt_delays_by_hour --where line=27 --where 'delay_rate>=0.5'",
)
def results(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which result.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="COLUMN=VALUE", help="A condition; >= <= > < != too."),
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", metavar="COLUMN,-COLUMN", help="A minus turns the order.")
    ] = "",
    fields: Annotated[str, typer.Option("--fields", metavar="COLUMN,...")] = "",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="How many rows; a table shows 50.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How to print.")] = Form.TABLE,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
) -> None:
    """Show the published results, or the rows of one, as the API serves them."""
    from lake_cli.results import brief, client, conditions, said
    from lake_cli.tables import Look, as_table
    from lake_cli.views import as_csv, as_json, working

    form = Form.JSON if json else form
    filters = conditions(where or [])
    if name is None:
        if where or sort or fields:
            raise Stop("name the result that is asked for", "see `lake results`", Exit.USAGE)
        with said(), working("asking the API"):
            found = client(env).results()[:limit]
        if form is Form.JSON:
            as_json(found)
        elif form is Form.CSV:
            as_csv(list(found[0]) if found else [], found)
        else:
            look = Look(("about",), ("about",), styles=STYLES)
            as_table(brief(found), look=look, nothing="no result is declared")
        return
    with said():
        api = client(env)
        columns = [column["name"] for column in api.describe(name)["columns"]]
        columns = [word for word in fields.split(",") if word] or columns
        most = limit or (51 if form is Form.TABLE else None)
        rows = api.rows(name, sort=sort, fields=fields, limit=most, where=filters)
        if form is Form.JSON:
            as_json(rows)
        elif form is Form.CSV:
            as_csv(columns, rows)
        else:
            as_table(rows, columns, Look(verbatim=True), limit=limit or 50, nothing="no rows")
