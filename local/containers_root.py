"""Runs a container's program with the root file system that its task definition gives it.

`python -m local.containers_root GUARD python -m MODULE ...`: what ECS would refuse to write is
refused with the same error. Python tells its audit hooks of each change of a file, so this needs no
privilege and works wherever Python does; a program in another language would not be stopped.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Iterable
from typing import Any

from local.containers_files import refusal

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events of Python's audit hooks that change the file system, with how many of their first
# arguments are paths.
_CHANGES = {
    "os.chmod": 1,
    "os.chown": 1,
    "os.link": 2,
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rename": 2,
    "os.rmdir": 1,
    "os.symlink": 2,
    "os.truncate": 1,
    "os.utime": 1,
}


def guard(writable: Iterable[str], mounted: Iterable[str], *, read_only_root: bool) -> None:
    """Refuse, from now on and for good, each write outside the writable folders."""
    writable = tuple(os.path.realpath(folder) for folder in writable)
    mounted = tuple(os.path.realpath(folder) for folder in mounted)

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            changed = arguments[:1] if int(arguments[2] or 0) & _WRITES else ()
        else:
            changed = arguments[: _CHANGES.get(event, 0)]
        for name in changed:
            if not isinstance(name, str | bytes | os.PathLike):
                continue  # a file that is open already
            path = os.path.realpath(os.fsdecode(name))
            if number := refusal(path, writable, mounted, read_only_root=read_only_root):
                raise OSError(number, os.strerror(number), os.fsdecode(name))

    sys.addaudithook(refuse)


def main(argv: list[str]) -> None:
    """Become the program."""
    settings, _python, *words = argv
    guard(**json.loads(settings))
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
