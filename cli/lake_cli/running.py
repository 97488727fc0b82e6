"""A pipeline's run as it goes: live on a terminal, a line a change elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lake_cli.pipelines import Run, Step
from lake_cli.views import say, screen

if TYPE_CHECKING:
    from rich.console import Console

MARKS = {"running": "…", "succeeded": "+", "failed": "!"}


@contextmanager
def showing(goes_on: str) -> Iterator[Callable[[Run], None]]:
    """Gives what to call with each look at a run."""
    console = screen(stderr=True)
    try:
        if console.is_terminal:
            with _live(console) as show:
                yield show
        else:
            yield _changes(console)
    except KeyboardInterrupt:
        say(goes_on)
        raise


def line(step: Step) -> str:
    """One job: where it stands and for how long."""
    again = ", second attempt" if step.attempt > 1 else ""
    seconds = step.seconds(datetime.now(UTC))
    why = f": {step.reason}" if step.reason else ""
    return f"stage {step.stage}  {step.job}  {step.state} ({seconds:.0f} s{again}){why}"


@contextmanager
def _live(console: Console) -> Iterator[Callable[[Run], None]]:
    from rich.live import Live
    from rich.text import Text

    def picture(run: Run) -> Text:
        steps = "".join(f"\n  {MARKS[step.state]} {line(step)}" for step in run.steps)
        waits = "" if run.steps or run.ended else "\n  waiting for its turn"
        return Text(f"{run.pipeline}  {run.name}  {run.status}{waits}{steps}")

    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield lambda run: live.update(picture(run))


def _changes(console: Console) -> Callable[[Run], None]:
    told: dict[tuple[str, int, str], tuple[int, str]] = {}

    def show(run: Run) -> None:
        for step in run.steps:
            place, now = (run.name, step.stage, step.job), (step.attempt, step.state)
            if told.get(place) != now:
                told[place] = now
                console.print(f"  {line(step)}", markup=False, soft_wrap=True)

    return show
