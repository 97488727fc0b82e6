"""Commands about files: upload, loads, rejects, quarantine, replay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lake_cli.exits import Exit, Stop
from lake_cli.options import DEFAULT_ENV, AsJson, Env, Limit, Profile, Timeout, lake

commands = typer.Typer()
PANEL = "Files"
Source = Annotated[str | None, typer.Option("--source", help="Only this source: DOMAIN/SOURCE.")]
STYLES = {"failed": "red", "quarantined": "yellow", "unchanged": "dim", "waiting": "cyan"}
COUNTS = ("read", "accepted", "duplicate", "rejected", "empty")


@commands.command(
    rich_help_panel=PANEL,
    epilog="Example: lake upload emt/arrivals arrivals-2025-08-29.xlsx --wait",
)
def upload(
    source: Annotated[str, typer.Argument(metavar="DOMAIN/SOURCE", help="Whose files these are.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What to upload.")],
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until each file is loaded or refused.")
    ] = False,
    timeout: Timeout = 1800,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Upload files of a source; with --wait, say what became of every row."""
    from lake_cli import uploads
    from lake_cli.tables import Look, as_table
    from lake_cli.views import as_json
    from lake_cli.watching import watching

    uploads.check(files)
    with lake(env, profile) as deployment:
        known = deployment.catalog.source(source)
        batch = uploads.Uploads(deployment, [(known, path) for path in files])
        with watching(wait=wait) as watch:
            outcomes = batch.run(wait=wait, timeout_s=timeout, watch=watch)
    if json:
        as_json(outcome.as_dict() for outcome in outcomes)
    else:
        columns = ("file", "status", *COUNTS, "reason")
        short = [outcome.as_dict() | {"file": Path(outcome.file).name} for outcome in outcomes]
        look = Look(("file", "reason"), ("reason",), ("reason",), STYLES)
        as_table(short, columns if wait else ("file", "status"), look)
    _judge([outcome.status for outcome in outcomes])


def _judge(statuses: list[str]) -> None:
    """The exit code of a set of uploads, and what to do about the bad ones."""
    if "failed" in statuses:
        hint = "see `lake loads`; when the cause is mended: lake replay --all"
        raise Stop("a job failed three times", hint)
    if "quarantined" in statuses:
        count = statuses.count("quarantined")
        files = "1 file was refused: it waits" if count == 1 else f"{count} were refused: they wait"
        raise Stop(f"{files} in quarantine", "see `lake quarantine`; after a fix: lake replay ID")
    if "waiting" in statuses:
        message = "time is up; the load goes on without us"
        raise Stop(message, "look with `lake loads` or `lake status`", Exit.TIMED_OUT)


@commands.command(rich_help_panel=PANEL, epilog="Example: lake poll emt/arrivals --wait")
def poll(
    sources: Annotated[
        list[str], typer.Argument(metavar="DOMAIN/SOURCE...", help="What to ask for.")
    ],
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until what landed is loaded or refused.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", help="Play another moment, for example of a demo's day.")
    ] = None,
    timeout: Timeout = 1800,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Ask the APIs of sources now, whatever their schedules say."""
    from lake_cli import polls
    from lake_cli.tables import Look, as_table
    from lake_cli.views import as_json, working

    with lake(env, profile) as deployment, working("asking"):
        asked = polls.run(deployment, sources, at=at, wait=wait, timeout_s=timeout)
    if json:
        as_json(answer.as_dict() for answer in asked)
    else:
        columns = ("source", "poll", "status", "rows", *COUNTS, "file", "reason")
        shown = columns if wait else ("source", "poll", "rows", "file", "reason")
        look = Look(("reason", "file"), ("file", "reason"), ("reason",), STYLES)
        as_table([answer.as_dict() for answer in asked], shown, look)
    if failing := [answer.source for answer in asked if answer.failing]:
        hint = "`lake status` says since when; it is asked again by itself"
        raise Stop(f"no full answer for {', '.join(failing)}", hint)
    _judge([answer.status for answer in asked])


@commands.command(
    rich_help_panel=PANEL, epilog="Example: lake loads --source emt/arrivals --limit 5"
)
def loads(
    source: Source = None,
    limit: Limit = 20,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Show what was loaded, row by row accounted for, and what waits, failed or was refused."""
    from lake_cli import files
    from lake_cli.tables import Look, as_table
    from lake_cli.views import ago, as_json, working

    with lake(env, profile) as deployment, working("reading the ledger"):
        if source:
            deployment.catalog.source(source)
        found = files.loads(deployment.ledger, source, limit)
    if json:
        as_json(found)
        return
    rows = [row | {"received": ago(row["received_at"])} for row in found]
    columns = ("file", "source", "status", *COUNTS, "received", "load_id", "reason")
    spare = ("reason", "source", "received", "load_id")
    look = Look(("file", "reason"), spare, ("reason",), STYLES)
    as_table(rows, columns, look, nothing="nothing was uploaded yet")


@commands.command(rich_help_panel=PANEL, epilog="Example: lake rejects 3f5c9a1b2c3d4e5f-0")
def rejects(
    load_id: Annotated[str | None, typer.Argument(help="One load (see `lake loads`).")] = None,
    source: Source = None,
    limit: Limit = 100,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Show the rows that were rejected: where, what was in the cell, and which rule it broke."""
    from lake_cli import files, queries
    from lake_cli.tables import Look, as_table
    from lake_cli.views import as_json, working

    with lake(env, profile) as deployment, working("asking Athena"):
        if source:
            deployment.catalog.source(source)
        answer = queries.run(deployment, files.rejects_sql(load_id, source, limit))
        rows = list(answer.rows)
    if json:
        as_json(rows)
        return
    columns = ("file_name", "row_number", "column_name", "value", "rule", "reason", "table_id")
    look = Look(("file_name", "value", "reason"), ("table_id", "rule"))
    as_table(rows, columns, look, nothing="no row was rejected")


@commands.command(rich_help_panel=PANEL)
def quarantine(
    source: Source = None,
    limit: Limit = 100,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Show the files that were refused, each with its reason and the id for `lake replay`."""
    from lake_cli import files
    from lake_cli.tables import Look, as_table
    from lake_cli.views import ago, as_json, working

    with lake(env, profile) as deployment, working("reading the ledger"):
        found = files.quarantined(deployment.ledger, source, limit)
    if json:
        as_json(found)
        return
    rows = [row | {"refused": ago(row["when"])} for row in found]
    look = Look(("file", "reason"), ("refused", "source"))
    columns = ("id", "file", "source", "reason", "refused")
    as_table(rows, columns, look, nothing="no file was refused")


@commands.command(
    rich_help_panel=PANEL,
    epilog="Example: lake replay 3f5c9a1b2c3d4e5f   (an id of `lake quarantine`)",
)
def replay(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Load or file ids.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Everything that failed or was refused.")
    ] = False,
    stream: Annotated[
        str | None,
        typer.Option("--stream", metavar="DOMAIN/SOURCE", help="What this stream set aside."),
    ] = None,
    look: Annotated[
        bool,
        typer.Option("--look", help="With --stream: only say what would be sent, and why not."),
    ] = False,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Send refused or failed files through again, after a fix; what is loaded stays once."""
    from lake_cli import replays
    from lake_cli.tables import Look, as_table
    from lake_cli.views import as_json, working

    if (bool(ids), every, bool(stream)).count(True) != 1 or (look and not stream):
        message = "name what to replay: ids, --all, or --stream DOMAIN/SOURCE"
        raise Stop(message, "see `lake quarantine`", Exit.USAGE)
    with lake(env, profile) as deployment, working("sending again"):
        if stream:
            from lake_cli import stream_replays

            sent = stream_replays.replay(deployment, stream, look=look)
        else:
            sent = replays.replay(deployment, ids or [], every=every)
    if json:
        as_json(sent)
        return
    shown = Look(("object", "reason"), ("sent_before",), ("reason",)) if stream else None
    as_table(sent, look=shown, nothing="nothing to replay")
