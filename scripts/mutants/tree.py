"""A copy of the tree in which a bug may stand: the tree itself is never touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
# What is built or set up is read by the tests and changed by no bug.
_LINKED: Final = (
    "build",
    "layers/lake/lake/catalog.json",
    ".venv",
    ".venv-cloud",
    ".venv-checkov",
    ".laptop/jars",
)


class Copy:
    """The files that git knows or would, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._moment = time.time() - 86_400

    @classmethod
    def of(cls, root: Path, folder: Path) -> Copy:
        """What a checkout holds now."""
        listed = subprocess.check_output(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root
        )
        for name in filter(None, listed.decode().split("\0")):
            if (root / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, folder / name)
        for name in _LINKED:
            if (root / name).exists() and not (folder / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).symlink_to(root / name)
        return cls(folder)

    def twin(self, folder: Path) -> Copy:
        """Another one, whatever has become of the checkout since."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Copy(folder)

    def read(self, path: str) -> bytes:
        """A file as it stands in the copy."""
        return (self.folder / path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        """Puts a file, at a time of its own: by size and time Python tells modules apart."""
        self._moment += 2
        (self.folder / path).write_bytes(content)
        os.utime(self.folder / path, (self._moment, self._moment))
