"""Seconds and peak memory of whole processes, as the operating system accounts for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_WATCHED = Path(__file__).with_name("watched.py")
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes on macOS, KiB on Linux


@dataclass(frozen=True)
class Run:
    """One finished process."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end; a failing one is an error, never a figure."""
    heard, told = os.pipe()
    watched = [sys.executable, "-IS", str(_WATCHED), str(told), *command]
    start = time.perf_counter()
    try:
        with subprocess.Popen(
            watched,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
            pass_fds=(told,),
        ) as process:
            output = process.communicate()[0]
        wall_s = time.perf_counter() - start
        if process.returncode:
            raise RuntimeError(f"{' '.join(command[:3])} ended with {process.returncode}")
        cpu_s, peak = json.loads(os.read(heard, 1024))
    finally:
        os.close(heard)
        os.close(told)
    return Run(wall_s=wall_s, cpu_s=cpu_s, peak_mb=peak * _PEAK_UNIT / 1_000_000, output=output)


def python(code: str, env: Mapping[str, str] | None = None) -> Run:
    """Run a piece of Python in a process of its own, with this interpreter."""
    return run([sys.executable, "-c", code], env)


def middle(runs: Sequence[Run]) -> Run:
    """The run with the median wall time."""
    wall = median(run.wall_s for run in runs)
    return min(runs, key=lambda run: abs(run.wall_s - wall))


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes in this process."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mb(pid: int) -> float | None:
    """The most memory that a process has held so far; None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    held = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(held[0].split()[1]) * 1024 / 1_000_000 if held else None


def group_peak_mb(group: int) -> float | None:
    """The peaks of a process group's members, added: at least what they held at one time."""
    pids = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    peaks = [peak_mb(pid) for pid in pids if _group(pid) == group]
    return sum(peak or 0 for peak in peaks) or None


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
