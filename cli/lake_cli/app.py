"""The command `lake`: everything a person or a script asks of the lake."""

from __future__ import annotations

import os
import sys

import typer

from lake_cli import (
    lake_api,
    lake_cloud,
    lake_files,
    lake_new_source,
    lake_pipelines,
    lake_publish,
    lake_questions,
    lake_results,
)
from lake_cli.exits import LEGEND, Exit, Stop

app = typer.Typer(
    name="lake",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Albufera: files in, every row accounted for, answers out.\n\n"
        "Tables for people; [bold]--json[/bold] prints an array of objects for programs."
    ),
    epilog=LEGEND,
)
app.add_typer(lake_cloud.commands, rich_help_panel="The lake")
app.add_typer(lake_files.commands)
app.add_typer(lake_pipelines.commands)
app.add_typer(lake_publish.commands)
app.add_typer(lake_questions.commands)
app.add_typer(lake_results.commands)
app.add_typer(lake_api.commands)
app.add_typer(lake_new_source.commands)


def main() -> None:
    """Runs a command; a refusal is one sentence on stderr and a code, never a traceback."""
    try:
        app()
    except Stop as stop:
        _complain(stop)
        sys.exit(int(stop.code))
    except BrokenPipeError:
        # `lake query ... | head`: the reader has seen enough. Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(int(Exit.OK))


def _complain(stop: Stop) -> None:
    from lake_cli.views import say

    say(f"lake: {stop.message}", "red")
    if stop.hint:
        say(f"      {stop.hint}")


if __name__ == "__main__":
    main()
