"""Uploads as they go: one live line a file on a terminal, a line a change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lake_cli.outcomes import STEPS, Outcome
from lake_cli.views import say, screen

if TYPE_CHECKING:
    from rich.console import Console

QUIET_S = 2.0
GOES_ON = "what is sent is loaded all the same; look with `lake loads`"


@contextmanager
def watching(
    *, wait: bool, quiet_s: float = QUIET_S, stderr: bool = True
) -> Iterator[Callable[[Sequence[Outcome]], None]]:
    """Gives what to call with the outcomes of each look."""
    console = screen(stderr=stderr)
    try:
        if console.is_terminal:
            with _live(console) as show:
                yield show
        else:
            yield _changes(console, wait=wait, quiet_s=quiet_s)
    except KeyboardInterrupt:
        say(GOES_ON)
        raise


@contextmanager
def _live(console: Console) -> Iterator[Callable[[Sequence[Outcome]], None]]:
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.table import Table

    spinner = Spinner("dots")

    def picture(outcomes: Sequence[Outcome]) -> Table:
        table = Table.grid(padding=(0, 1))
        for outcome in outcomes[:20]:
            mark = ("!" if outcome.bad else "+") if outcome.settled else spinner
            text = outcome.status if outcome.settled else STEPS[outcome.step]
            table.add_row(mark, Path(outcome.file).name, f"{text} ({outcome.seconds:.0f} s)")
        return table

    with Live(console=console, refresh_per_second=8, transient=True) as live:
        yield lambda outcomes: live.update(picture(outcomes))


def _changes(
    console: Console, *, wait: bool, quiet_s: float
) -> Callable[[Sequence[Outcome]], None]:
    began = time.monotonic()
    told: dict[int, str] = {}

    def show(outcomes: Sequence[Outcome]) -> None:
        if time.monotonic() - began < quiet_s:
            return
        for index, outcome in enumerate(outcomes):
            text = outcome.status if outcome.settled else STEPS[outcome.step]
            if wait and told.get(index) != text:
                told[index] = text
                line = f"  {Path(outcome.file).name}: {text} ({outcome.seconds:.1f} s)"
                console.print(line, markup=False, soft_wrap=True)

    return show
