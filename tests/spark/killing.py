"""How tests end a job in the middle, where `lakeio.kill_point` names a place."""

from __future__ import annotations

from collections.abc import Callable

AtPoint = Callable[[str, Callable[[], None], int], None]


class Killed(BaseException):
    """The end of a process: nothing in a job may catch it."""


def kill() -> None:
    """Ends the job here."""
    raise Killed
