"""`python -m scripts.mutants.nursery`: a process that has imported what the tests import.

It forks a child for each line on its standard input, `{"tests": [...], "seconds": n, "log": path}`,
and answers with the child's exit code, or with "late". To import boto3, moto and pyspark anew for
each bug would take longer than most tests.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import os
import signal
import sys
import time
from typing import Any

import pytest


def main() -> None:
    """Serves until its input ends."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        _import(json.loads(sys.stdin.readline()))
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_serve(json.loads(line))), flush=True)


def _import(names: list[str]) -> None:
    """All but pytest's plugins, which pytest wants to import itself."""
    plugins = {
        file.parts[0].removesuffix(".py")
        for package in importlib.metadata.distributions()
        if any(entry.group == "pytest11" for entry in package.entry_points)
        for file in package.files or ()
    }
    for name in names:
        if name.partition(".")[0] not in plugins:
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def _serve(order: dict[str, Any]) -> int | str:
    child = os.fork()
    if child == 0:
        os.setsid()
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        words = ["-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider"]
        code = 3
        try:
            code = int(pytest.main([*words, *order["tests"]]))
        finally:
            sys.stdout.flush()
            os._exit(code)
    end = time.monotonic() + order["seconds"]
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            _end(child)
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    _end(child)
    os.waitpid(child, 0)
    return "late"


def _end(group: int) -> None:
    """Ends the child and what it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
