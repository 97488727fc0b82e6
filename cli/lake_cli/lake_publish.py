"""The command about what is published: `lake publish`."""

from __future__ import annotations

from typing import Annotated

import typer

from lake_cli.exits import Exit, Stop
from lake_cli.options import DEFAULT_ENV, AsJson, Env, Profile, lake

commands = typer.Typer()
STYLES = {"shown": "green", "rolled back": "yellow"}


@commands.command(
    rich_help_panel="Pipelines",
    epilog="Example: lake publish emt_lines --rollback",
)
def publish(
    result: Annotated[str, typer.Argument(metavar="RESULT", help="Which result.")],
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Show the snapshot before the one that is shown.")
    ] = False,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="SNAPSHOT", help="With --rollback: show this one."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the snapshots that can be shown, newest first.")
    ] = False,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Show an earlier snapshot of a result to its readers, until a run has something newer."""
    if rollback == listed or (to is not None and not rollback):
        hint = "a result is published by the run of its pipeline: `lake run`"
        raise Stop("say --list, or --rollback with or without --to", hint, Exit.USAGE)

    from lake_cli import publishing
    from lake_cli.tables import Look, as_table
    from lake_cli.views import as_json, say, working

    with lake(env, profile) as deployment, working("looking at what is published"):
        rows = (
            publishing.snapshots(deployment, result)
            if listed
            else [publishing.roll_back(deployment, result, to)]
        )
    if json:
        as_json(rows)
        return
    look = Look(("run",), ("run", "bytes"), styles=STYLES)
    as_table(rows, look=look, nothing=f"nothing has been published of {result} yet")
    if rollback and rows[0]["rolled_back"]:
        say("it stays so until a run has something newer; --to another snapshot shows that one")
