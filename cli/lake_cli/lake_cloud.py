"""Commands about the lake itself: up, down, version."""

from __future__ import annotations

import typer

from lake_cli import __version__
from lake_cli.exits import Exit, Stop
from lake_cli.options import AsJson

commands = typer.Typer()
PANEL = "The lake"
NEXT = """
the lake is up at {endpoint}
  put a file in    lake upload emt/arrivals FILE.xlsx --wait
  ask something    lake query "select count(*) from emt_silver.arrivals_predictions"
  see how it is    lake status
  stop it          lake down   (its data stays)
"""


@commands.command(rich_help_panel=PANEL, epilog="Example: LAKE_PORT=4600 lake up")
def up(json: AsJson = False) -> None:
    """Start the laptop's lake; build and apply what has changed since it was last up."""
    import sys
    import time

    from lake_cli.views import as_json
    from local.installed import LaptopError
    from scripts.console import Console
    from scripts.laptop import TOLD, Laptop

    laptop, began = Laptop.chosen(), time.monotonic()
    try:
        applied = laptop.up(Console(sys.stderr))
    except (*TOLD, LaptopError) as error:
        raise Stop(str(error), code=Exit.UNREACHABLE) from error
    except KeyboardInterrupt:
        raise Stop("interrupted", "`lake up` goes on from here", Exit.INTERRUPTED) from None
    if json:
        seconds = round(time.monotonic() - began, 1)
        as_json([{"endpoint": laptop.cloud.endpoint, "applied": applied, "seconds": seconds}])
        return
    print(NEXT.format(endpoint=laptop.cloud.endpoint).strip())


@commands.command(rich_help_panel=PANEL)
def down(json: AsJson = False) -> None:
    """Stop the laptop's lake and every process of it; its data stays for the next `lake up`."""
    from lake_cli.views import as_json, working
    from scripts.laptop import Laptop

    laptop = Laptop.chosen()
    running = bool(laptop.cloud.status()["running"])
    with working("stopping, and saving what it knows"):
        laptop.down()
    if json:
        as_json([{"endpoint": laptop.cloud.endpoint, "was_running": running}])
        return
    print("the lake is down; its data stays" if running else "the lake was not running")


@commands.command(rich_help_panel=PANEL)
def version(json: AsJson = False) -> None:
    """Show the command's version."""
    from lake_cli.views import as_json

    if json:
        as_json([{"name": "lake", "version": __version__}])
        return
    print(f"lake {__version__}")
