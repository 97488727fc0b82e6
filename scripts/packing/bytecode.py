"""Compiled bytecode for archives that are read-only where they run.

Without it every cold start compiles its imports anew (boto3: 645 ms instead of 221 ms). The hash of
the source stands in each file and is not checked at run time, so no date gets in, and the path in
tracebacks is the one where the code will run, so none of this machine gets out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.packing.archives import Contents
from scripts.setup import find_minor

Minor = tuple[int, int]


def compiler_for(minor: Minor) -> str | None:
    """A Python of exactly this minor version, as bytecode is not portable between two."""
    return sys.executable if sys.version_info[:2] == minor else find_minor(minor)


def with_bytecode(contents: Contents, minor: Minor, runs_in: str) -> dict[str, bytes]:
    """The contents and the bytecode of their Python files, when this machine has such a Python."""
    python = compiler_for(minor)
    if python is None:
        return dict(contents)
    with tempfile.TemporaryDirectory(prefix="bytecode-") as temporary:
        folder = Path(temporary).resolve()
        sources = {name: data for name, data in contents.items() if name.endswith(".py")}
        for name, data in sources.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        _compile(python, folder, runs_in)
        compiled = {
            file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*.pyc")
        }
    return {**contents, **compiled}


def _compile(python: str, folder: Path, runs_in: str) -> None:
    # A fresh process with a fixed hash seed: what is interned there shows in the bytecode.
    words = ["-B", "-S", "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash"]
    places = ["-s", str(folder), "-p", runs_in, str(folder)]
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"}
    # Packages carry files that only some versions can read; compileall's exit code counts those.
    subprocess.run([python, *words, *places], env=environment, check=False)
