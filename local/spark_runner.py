"""Running a job's own process: start it, watch it end, find out why it failed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

GRACE_S = 5
ERROR_LINE = re.compile(r"^(Caused by: )?[\w.$]*(Error|Exception|Failure|Exit)\b.*|.*\bERROR\b.*")
TRACEBACK = "Traceback (most recent call last):"


@dataclass(frozen=True)
class JvmNeeds:
    """What a JVM can't change any more once it runs."""

    options: tuple[str, ...]
    jars: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Prepared:
    """A job whose files are in its working directory, ready to start."""

    command: list[str]
    environment: dict[str, str]
    folder: Path
    needs: JvmNeeds

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def stdout(self) -> Path:
        return self.folder / "stdout"

    @property
    def stderr(self) -> Path:
        return self.folder / "stderr"


async def run(
    prepared: Prepared, timeout_s: float | None, started: Callable[[Process], None]
) -> int | None:
    """Run the job in a process group of its own; None when its time is over."""
    with prepared.stdout.open("wb") as stdout:
        process = await asyncio.create_subprocess_exec(
            *prepared.command,
            cwd=prepared.work,
            env=prepared.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,
            stderr=asyncio.subprocess.STDOUT,  # as Spark has it with the Python that it starts
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
        # What the job started must not outlive it.
        kill_group(process.pid, signal.SIGKILL)


async def end(process: Process) -> None:
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

    Its Python's errors are in the driver's stdout, where its own prints are as well; what the JVM
    says is in stderr.
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
