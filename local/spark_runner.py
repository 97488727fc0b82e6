"""Running one Spark job for real: fetch its files, start spark-submit's class, watch it end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GRACE_S = 5
ERROR_LINE = re.compile(r"^(Caused by: )?[\w.$]*(Error|Exception|Failure|Exit)\b.*|.*\bERROR\b.*")
TRACEBACK = "Traceback (most recent call last):"
SUBMIT_CLASS = "org.apache.spark.deploy.SparkSubmit"


@dataclass(frozen=True)
class Prepared:
    """A job whose files are in its working directory, ready to start."""

    command: list[str]
    environment: dict[str, str]
    folder: Path

    @property
    def stdout(self) -> Path:
        return self.folder / "stdout"

    @property
    def stderr(self) -> Path:
        return self.folder / "stderr"


async def run(prepared: Prepared, timeout_s: float | None, started: Any) -> int | None:
    """Run the job in a process group of its own; None when its time is over."""
    with prepared.stdout.open("wb") as stdout, prepared.stderr.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *prepared.command,
            cwd=prepared.folder / "work",
            env=prepared.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            process_group=0,
        )
    (prepared.folder / "pid").write_text(str(process.pid))
    started(process)
    try:
        return await asyncio.wait_for(process.wait(), timeout_s)
    except TimeoutError:
        await end(process)
        return None
    finally:
        # The driver's Python is the JVM's child: it must not outlive it.
        kill_group(process.pid, signal.SIGKILL)


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask the whole group to end, then insist."""
    kill_group(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(asyncio.shield(process.wait()), GRACE_S)
    except TimeoutError:
        kill_group(process.pid, signal.SIGKILL)
        await process.wait()


def kill_group(pid: int, number: signal.Signals) -> None:
    """Signal a job's process group; one that is gone already is no error."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def last_error(prepared: Prepared) -> str:
    """The line that tells best why a job failed.

    Spark sends its Python's errors to the driver's stdout, where the job's own prints are as well.
    """
    stdout, stderr = (_lines(path) for path in (prepared.stdout, prepared.stderr))
    raised: list[str] = []
    if TRACEBACK in stdout:
        last = len(stdout) - stdout[::-1].index(TRACEBACK)
        raised = [line for line in stdout[last:] if ERROR_LINE.match(line)]
    errors = [line for line in stderr if ERROR_LINE.match(line)]
    # Without any of these a job has ended of its own will, with a last word.
    return (raised or errors or stdout or stderr or ["no output"])[-1]


def _lines(path: Path) -> list[str]:
    lines = map(str.rstrip, path.read_text(errors="replace").splitlines())
    return [line for line in lines if line]
