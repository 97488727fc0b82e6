"""The options that many commands share, and how a command opens the lake it talks to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from lake_cli.deployment import LAPTOP, Deployment
from lake_cli.exits import Exit, Stop, told

Env = Annotated[
    str, typer.Option("--env", envvar="LAKE_ENV", help="Which lake: laptop, dev, prod, ...")
]
Profile = Annotated[
    str | None, typer.Option("--profile", envvar="AWS_PROFILE", help="Credentials for AWS.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print a JSON array of objects on stdout, nothing else.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many rows to show.")]
Timeout = Annotated[float, typer.Option("--timeout", min=1, help="Give up after so many seconds.")]
DEFAULT_ENV = LAPTOP


@contextmanager
def lake(env: str, profile: str | None) -> Iterator[Deployment]:
    """The deployed lake; what goes wrong inside is told as a sentence."""
    deployment = Deployment.load(env, profile)
    try:
        with told(deployment.endpoint):
            yield deployment
    except KeyboardInterrupt:
        # Left to typer it would be exit code 1, which is what a refused file says.
        raise Stop("interrupted", code=Exit.INTERRUPTED) from None
