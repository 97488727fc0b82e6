"""A laptop cloud that dies right behind a named effect of a Firehose delivery, as by kill -9.

`Mortal` has a test's clouds started by way of this module. The steps of a delivery are wrapped, and
behind each of them the wrapper looks for a file that names it.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from local import installed, lifecycle
from local.lifecycle import LaptopCloud
from local.processes import alive, wait

if TYPE_CHECKING:
    import pytest  # which the cloud's own Python has not

# In the order in which a delivery has them.
EFFECTS: Final = ("plan noted", "rows appended", "failures written", "state saved", "all noted")
LOST: Final = "answer lost"  # nobody dies: the append is done, and its answer does not arrive
_ORDER: Final = "die-behind"  # the file


class Mortal:
    """Starts clouds that can be told when to die."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        python, starter = installed.cloud_python(), folder / "python"
        starter.write_text(f'#!/bin/sh\nexec "{python}" -m tests.local.mortal_cloud "$@"\n')
        starter.chmod(0o755)
        monkeypatch.setattr(lifecycle, "cloud_python", lambda: starter)

    @staticmethod
    def order(cloud: LaptopCloud, effect: str) -> None:
        """Has what comes next go wrong behind this effect, once."""
        (cloud.state_dir / _ORDER).write_text(effect)

    @staticmethod
    def awaits_order(cloud: LaptopCloud) -> bool:
        """Whether no order stands: what was ordered has happened."""
        return not (cloud.state_dir / _ORDER).exists()

    @staticmethod
    def dead(pid: int, patience: float = 60) -> bool:
        """Whether the process ends within so many seconds."""
        return wait(lambda: not alive(pid), patience)


def _install(folder: Path) -> None:
    """Wraps the steps of a delivery, once ministack has read its settings."""
    from pyiceberg.exceptions import CommitStateUnknownException
    from pyiceberg.table import Table

    from local.firehose_iceberg_errors import ErrorPrefix
    from local.firehose_iceberg_progress import Progress
    from local.firehose_iceberg_sink import Sink

    order = folder / _ORDER

    def ordered(effect: str) -> bool:
        if order.exists() and order.read_text() == effect:
            order.unlink()
            return True
        return False

    def die(effect: str) -> None:
        if ordered(effect):
            os.kill(os.getpid(), signal.SIGKILL)

    def behind(owner: type, name: str, effect: str, before: str = "") -> None:
        step = getattr(owner, name)

        @functools.wraps(step)
        def wrapped(*args: Any, **words: Any) -> Any:
            if before:
                die(before)
            answer = step(*args, **words)
            die(effect)
            return answer

        setattr(owner, name, wrapped)

    behind(Progress, "begin", "plan noted")
    behind(Sink, "write", "rows appended")
    behind(ErrorPrefix, "write", "failures written")
    behind(Progress, "done", "all noted", before="state saved")

    append = Table.append

    @functools.wraps(append)
    def unheard(*args: Any, **words: Any) -> None:
        append(*args, **words)
        if ordered(LOST):
            raise CommitStateUnknownException("the connection broke")

    Table.append = unheard  # type: ignore[method-assign]


def main() -> None:
    """Serves as `python -m local.cloud` does, which stands first among the words."""
    from local import cloud

    build = cloud.build_app

    def build_mortal(state_dir: Path) -> Callable[..., Awaitable[None]]:
        app = build(state_dir)
        _install(state_dir)
        return app

    cloud.build_app = build_mortal
    sys.argv = [sys.argv[0], *sys.argv[3:]]
    cloud.main()


if __name__ == "__main__":
    main()
