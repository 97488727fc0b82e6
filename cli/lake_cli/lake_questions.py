"""Commands that ask: status, query, tables, describe."""

from __future__ import annotations

from typing import Annotated

import typer

from lake_cli.exits import Exit, Stop
from lake_cli.options import DEFAULT_ENV, AsJson, Env, Limit, Profile, Timeout, lake

commands = typer.Typer()
PANEL = "Questions"
STYLES = {
    "failing": "red",
    "failed": "red",
    "unknown": "red",
    "error": "red",
    "late": "yellow",
    "person": "yellow",
    "waiting": "cyan",
    "running": "cyan",
}


@commands.command(rich_help_panel=PANEL)
def status(json: AsJson = False, env: Env = DEFAULT_ENV, profile: Profile = None) -> None:
    """Show how the lake is: sources, pipelines, queues, and what a person must do."""
    from lake_cli import health
    from lake_cli.tables import Look, as_table
    from lake_cli.views import as_json, say, working

    with lake(env, profile) as deployment, working("looking at the lake"):
        seen = health.look(deployment)
    if json:
        as_json(seen.as_dicts())
        return
    as_table(health.brief(seen.sources), look=Look(spare=("promise",), styles=STYLES))
    runs = Look(("run", "reason"), ("started_at", "run", "reason"), ("reason",), STYLES)
    as_table(seen.pipelines, look=runs)
    as_table(seen.queues, look=Look(styles=STYLES))
    for advice in seen.advice:
        say(advice["text"], STYLES[advice["matter"]])
        say(f"  {advice['command']}   ({advice['runbook']})")
    if not seen.advice:
        say("all is well", "green")


@commands.command(
    rich_help_panel=PANEL,
    epilog='Example: lake query "select line, count(*) from emt_silver.lines_stops group by 1"',
)
def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One statement; - reads stdin.")],
    limit: Limit = 50,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")] = False,
    timeout: Timeout = 600,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Ask in Athena's SQL; tables are called DOMAIN_LAYER.TABLE (see `lake tables`)."""
    import sys

    from lake_cli import queries
    from lake_cli.tables import Look, as_table
    from lake_cli.views import as_csv, as_json, working

    if csv and json:
        raise Stop("either --csv or --json", code=Exit.USAGE)
    statement = sys.stdin.read() if sql == "-" else sql
    with lake(env, profile) as deployment:
        with working("asking Athena"):
            answer = queries.run(deployment, statement, timeout_s=timeout)
        if json:
            as_json(answer.rows)
        elif csv:
            as_csv(answer.columns, answer.rows)
        else:
            look = Look(verbatim=True)
            as_table(answer.rows, answer.columns, look, limit=limit, nothing="no rows")


@commands.command(rich_help_panel=PANEL)
def tables(json: AsJson = False, env: Env = DEFAULT_ENV, profile: Profile = None) -> None:
    """Show the tables: what each holds, how many rows, when it was last written."""
    from lake_cli import shapes
    from lake_cli.tables import Look, as_table
    from lake_cli.views import ago, as_json, size, working

    with lake(env, profile) as deployment, working("reading the tables"):
        found = shapes.tables(deployment)
    if json:
        as_json(found)
        return
    rows = [
        row | {"written": ago(row["written_at"]), "size": size(row["bytes"] or 0)} for row in found
    ]
    look = Look(soft=("about",), spare=("about",))
    as_table(rows, ("table", "rows", "size", "written", "about"), look)


@commands.command(rich_help_panel=PANEL, epilog="Example: lake describe emt_silver.stops")
def describe(
    name: Annotated[
        str, typer.Argument(metavar="TABLE|SOURCE", help="emt_silver.stops, emt/stops")
    ],
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Show what a table or a source is: columns, meaning, key, checks."""
    from lake_cli import shapes
    from lake_cli.tables import Look, as_table
    from lake_cli.views import as_json, screen

    with lake(env, profile) as deployment:
        catalog = deployment.catalog
    facts, rows = shapes.describe(catalog, name)
    if json:
        as_json(rows)
        return
    for what, value in facts.items():
        screen().print(f"{what:<11} {value}", markup=False)
    as_table(rows, look=Look(soft=("about", "check"), spare=("required", "key", "unit")))
