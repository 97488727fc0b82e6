"""One deployment of an environment at a time here; the state's own lock guards the rest."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.deployment.runs import DeployError


@contextmanager
def alone(home: Path, env: str) -> Iterator[None]:
    """Holds an environment; whoever comes second is told at once, instead of waiting for the state.

    The lock goes with the process, however it ends.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "deploy.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise DeployError(
                f"somebody deploys {env} from this checkout just now (process {holder}): wait "
                "until that has ended, then try again."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
