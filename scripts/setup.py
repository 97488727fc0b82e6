"""Prepares this checkout: `python3 scripts/setup.py [dev] [cloud] [jars] [checkov] [browser]`.

Any Python 3.8 can start this file: it finds a Python that the project runs on and hands over to
it, so nothing newer may stand here. Quick when all is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)
VERSION_CODE = "import sys; print(*sys.version_info[:2])"
NO_PYTHON = (
    "Albufera needs Python 3.11, 3.12 or 3.13 and found none on the PATH: install one of them "
    "(for example python3.11 with your system's package manager), then run `make setup` again."
)


def supported(version: tuple[int, ...]) -> bool:
    return OLDEST <= version[:2] <= NEWEST


def version_of(command: str) -> tuple[int, ...] | None:
    """The version that a command runs, or None: a pyenv shim may stand there and start nothing."""
    try:
        answer = subprocess.run(
            [command, "-c", VERSION_CODE], capture_output=True, text=True, timeout=30, check=True
        )
        return tuple(int(part) for part in answer.stdout.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def find_python(path: str | None = None) -> str | None:
    """The first Python on the PATH that the project runs on, the oldest supported first."""
    for name in ("python3.11", "python3.12", "python3.13", "python3", "python"):
        command = shutil.which(name, path=path)
        if command is not None:
            version = version_of(command)
            if version is not None and supported(version):
                return command
    return None


def find_minor(minor: tuple[int, int]) -> str | None:
    """A Python on the PATH of exactly this minor version."""
    command = shutil.which(f"python{minor[0]}.{minor[1]}")
    return command if command is not None and version_of(command) == minor else None


def main(argv: list[str]) -> int:
    if not supported(sys.version_info[:2]):
        python = find_python()
        if python is None:
            print(NO_PYTHON, file=sys.stderr)
            return 1
        os.execv(python, [python, str(Path(__file__).resolve()), *argv])  # noqa: S606
    sys.path.insert(0, str(ROOT))
    from scripts.provision.prepare import prepare

    return prepare(ROOT, argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
