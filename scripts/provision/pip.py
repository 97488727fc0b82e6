"""One pip run: no questions, its output in a log, its usual failures as one sentence."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

# A user's own settings for these would send packages elsewhere than into our environments.
FOREIGN = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_USER",
    "PIP_REQUIRE_VIRTUALENV",
)
NO_NETWORK = (
    "Failed to establish a new connection",
    "Name or service not known",
    "nodename nor servname",
    "Temporary failure in name resolution",
    "Network is unreachable",
    "Connection refused",
    "Connection timed out",
    "Read timed out",
    "ProxyError",
)


# What runs now, in whichever thread, so that it can be stopped.
_running: set[subprocess.Popen[str]] = set()


class SetupError(Exception):
    """Set-up cannot go on; the text says what a person can do."""


def pip_environment() -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    return environment | {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_RETRIES": environment.get("PIP_RETRIES", "5"),
        "PYTHONUNBUFFERED": "1",
    }


def run_pip(python: Path, arguments: Sequence[str], log: Path, note: Callable[[str], None]) -> None:
    """`python -m pip ARGUMENTS`; `note` hears which package it is at."""
    command = [str(python), "-m", "pip", *arguments]
    code, tail = run_logged(command, pip_environment(), log, lambda line: _tell(line, note))
    if code:
        raise SetupError(pip_failure(tail, log))


def run_logged(
    command: Sequence[str], environment: dict[str, str], log: Path, hear: Callable[[str], None]
) -> tuple[int, str]:
    """The exit code and the last lines of a command whose whole output goes to a log file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    tail: deque[str] = deque(maxlen=120)
    with (
        log.open("w", encoding="utf-8") as sink,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        _running.add(process)
        for line in process.stdout or ():
            sink.write(line)
            tail.append(line)
            hear(line.strip())
    _running.discard(process)
    return process.returncode, "".join(tail)


def stop_all() -> None:
    """Ends every command that runs; the threads that wait for them then see a failure."""
    for process in tuple(_running):
        process.terminate()


def pip_failure(tail: str, log: Path) -> str:
    """What a failed pip means for a person, from the end of its output."""
    if any(sign in tail for sign in NO_NETWORK):
        return (
            "pip cannot reach its package index: connect to the network, or point pip at a mirror "
            f"(PIP_INDEX_URL or pip's own settings), then run `make setup` again. Log: {log}"
        )
    if "No space left on device" in tail:
        return "The disk is full: set-up needs about 3 GB. Free some and run `make setup` again."
    if "ResolutionImpossible" in tail:
        cause = tail.partition("The conflict is caused by:")[2].partition("To fix this")[0]
        return f"Two version pins contradict each other: {'; '.join(cause.strip().splitlines())}"
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error:")] or lines[-3:]
    return "pip failed: " + " ".join(errors) + f" Log: {log}"


def _tell(line: str, note: Callable[[str], None]) -> None:
    words = line.split()
    if len(words) >= 2 and words[0] in {"Collecting", "Downloading"}:
        note(f"{words[0].lower()} {words[1].rsplit('/', 1)[-1]}")
    elif line.startswith("Building wheel for"):
        note(f"building {words[3]}")
    elif line.startswith("Installing collected packages"):
        note(f"unpacking {line.count(',') + 1} packages")
