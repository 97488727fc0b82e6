"""Commands about pipelines: run, runs, backfill."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from lake_cli.exits import Exit, Stop
from lake_cli.options import DEFAULT_ENV, AsJson, Env, Limit, Profile, Timeout, lake

if TYPE_CHECKING:
    from lake_cli.pipelines import Run

commands = typer.Typer()
PANEL = "Pipelines"
Pipeline = Annotated[str, typer.Argument(metavar="DOMAIN/PIPELINE", help="Which pipeline.")]
STYLES = {"failed": "red", "timed_out": "red", "aborted": "yellow", "running": "cyan"}
COLUMNS = ("pipeline", "run", "status", "started_at", "seconds", "reason")
GOES_ON = "the run goes on without us; look with `lake runs`"


@commands.command(
    rich_help_panel=PANEL, epilog="Example: lake run emt/gold --date 2025-08-30 --wait"
)
def run(
    pipeline: Pipeline,
    date: Annotated[
        str | None, typer.Option("--date", metavar="DAY", help="Business date; today by default.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Compute everything anew instead of what changed.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it has ended.")] = False,
    timeout: Timeout = 7200,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Run a pipeline now; while a run of it goes on there is no second one (exit code 5)."""
    from lake_cli import pipelines
    from lake_cli.running import showing

    now = datetime.now(UTC)
    business = pipelines.day(date, "--date") if date else now.date()
    with lake(env, profile) as deployment:
        if busy := pipelines.running(deployment, pipeline):
            told = f"{pipeline} is running already: {busy[0].name}"
            raise Stop(told, "look with `lake runs`; run it again when that has ended", Exit.BUSY)
        slug = pipeline.replace("/", "-").replace("_", "-")
        name = f"{slug}-{business}-{now:%Y%m%dT%H%M%S%f}"[:80]
        found = pipelines.start(deployment, pipeline, business, name, full=full)
        results = {}
        if wait:
            with showing(GOES_ON) as show:
                found = pipelines.follow(deployment, found, time.monotonic() + timeout, show)
            results = pipelines.results(deployment, found)
    _tell([found.as_dict(results)], json)
    _judge(found, waited=wait)


@commands.command(rich_help_panel=PANEL, epilog="Example: lake runs emt/gold --limit 5")
def runs(
    pipeline: Annotated[
        str | None, typer.Argument(metavar="DOMAIN/PIPELINE", help="Only this one.")
    ] = None,
    limit: Limit = 20,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Show the latest runs of pipelines."""
    from lake_cli import pipelines
    from lake_cli.views import working

    with lake(env, profile) as deployment, working("asking Step Functions"):
        wanted = [pipeline] if pipeline else list(deployment["pipelines"])
        found = pipelines.recent(deployment, wanted, limit)
    _tell([one.as_dict() for one in found], json)


@commands.command(
    rich_help_panel=PANEL,
    epilog="Example: lake backfill emt/gold --from 2025-08-01 --to 2025-08-30 --chunk 7d",
)
def backfill(
    pipeline: Pipeline,
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="First day.")],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="Last day, included.")],
    chunk: Annotated[
        str, typer.Option("--chunk", metavar="DAYS", help="How many days one run computes.")
    ] = "7d",
    again: Annotated[
        bool, typer.Option("--again", help="Also chunks that were done before.")
    ] = False,
    wait: Annotated[
        bool,
        typer.Option("--wait/--no-wait", help="Stay, as the next chunk needs; or start one chunk."),
    ] = True,
    timeout: Timeout = 86400,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Compute past days again, chunk after chunk; the same command goes on where it was stopped."""
    from lake_cli import backfills, pipelines
    from lake_cli.running import showing
    from lake_cli.views import say

    days = pipelines.day(first, "--from"), pipelines.day(last, "--to")
    todo = backfills.chunks(*days, backfills.chunk_days(chunk))
    deadline = time.monotonic() + timeout
    done: list[backfills.Outcome] = []
    resume = "the chunk that runs goes on; the same command goes on after it"
    with lake(env, profile) as deployment, showing(resume) as show:

        def follow(part: backfills.Chunk, started: Run) -> Run:
            if not wait:
                return started
            say(f"{part}  ({len(done) + 1} of {len(todo)})")
            return pipelines.follow(deployment, started, deadline, show)

        for outcome in backfills.backfill(deployment, pipeline, todo, again=again, follow=follow):
            done.append(outcome)
    columns = ("from", "to", "status", "seconds", "run", "reason")
    _tell([outcome.as_dict() for outcome in done], json, columns)
    _judge(done[-1].run, waited=wait)


def _tell(rows: list[dict[str, object]], json: bool, columns: tuple[str, ...] = COLUMNS) -> None:
    from lake_cli.tables import Look, as_table
    from lake_cli.views import as_json

    if json:
        as_json(rows)
        return
    look = Look(("run", "reason"), ("reason", "run"), ("reason",), STYLES)
    as_table(rows, columns, look, nothing="no pipeline has run yet")


def _judge(found: Run, *, waited: bool) -> None:
    """The exit code of a run."""
    if not found.ended:
        if waited:
            raise Stop("time is up; the run goes on", "look with `lake runs`", Exit.TIMED_OUT)
        return
    if found.status != "succeeded":
        hint = "what was published before stays; see docs/operations.md, 'Pipeline failed'"
        raise Stop(f"the run {found.name} ended as {found.status}: {found.reason}", hint)
