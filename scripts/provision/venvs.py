"""Virtual environments, each with a stamp of what went into it; a half-made one is made anew."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.provision.pip import SetupError, pip_environment, run_pip

# Raise it when the way an environment is made changes, so that every checkout makes its own anew.
FORMAT = "2"
# Python compiles what is imported, when it is; of 130 packages that is the smaller part.
INSTALL = ("install", "--no-compile")
# The one that comes with Python 3.11 takes twice as long for all that follows.
PIP = "pip==26.3"
BUILD_TOOLS = ("setuptools", "wheel")


@dataclass(frozen=True)
class Venv:
    """One environment: where it stands and which requirement files fill it."""

    root: Path
    name: str
    requirements: Path
    constraints: Path | None = None
    project: bool = False

    @property
    def path(self) -> Path:
        return self.root / self.name

    @property
    def python(self) -> Path:
        return self.path / "bin" / "python"

    @property
    def log(self) -> Path:
        return self.root / ".laptop" / "logs" / f"setup{self.name}.log"

    @property
    def _stamp(self) -> Path:
        return self.path / ".complete"

    @property
    def _project_stamp(self) -> Path:
        return self.path / ".project"

    def _wanted(self) -> str:
        """Hash of all that decides which packages are in; an environment knows its own path."""
        files = [self.requirements, *([self.constraints] if self.constraints else [])]
        return digest(files, FORMAT, str(self.path), sys.version)

    def _wanted_project(self) -> str:
        return digest([self.root / "pyproject.toml"], FORMAT, self._wanted())

    def is_ready(self) -> bool:
        return self._packages_ready() and self._project_ready()

    def _packages_ready(self) -> bool:
        # `exists` follows the link to the interpreter: one that was upgraded away is not ready.
        return self.python.exists() and _reads(self._stamp, self._wanted())

    def _project_ready(self) -> bool:
        return not self.project or _reads(self._project_stamp, self._wanted_project())

    def make(self, note: Callable[[str], None]) -> None:
        """Installs what is missing; what an interrupted run left behind is thrown away first."""
        if not self.requirements.exists():
            missing = self.requirements.relative_to(self.root)
            raise SetupError(f"{missing} is missing from this checkout.")
        if not self._packages_ready():
            self._fill(note)
        if not self._project_ready():
            note("installing the command lake")
            own = ["install", "--no-deps", "--no-build-isolation", "-e", str(self.root)]
            run_pip(self.python, own, self.log, note)
            self._project_stamp.write_text(self._wanted_project())

    def _fill(self, note: Callable[[str], None]) -> None:
        if not (self._stamp.exists() and self.python.exists() and self._same_python()):
            note("making the environment")
            shutil.rmtree(self.path, ignore_errors=True)
            self._create()
        self._stamp.unlink(missing_ok=True)
        run_pip(self.python, [*INSTALL, PIP], self.log, note)
        pins = ["-c", str(self.constraints)] if self.constraints else []
        if self.project:
            # pyspark comes as source: built with our pinned tools, not with those of the day.
            run_pip(self.python, [*INSTALL, *pins, *BUILD_TOOLS], self.log, note)
            pins.append("--no-build-isolation")
        run_pip(self.python, [*INSTALL, *pins, "-r", str(self.requirements)], self.log, note)
        self._stamp.write_text(self._wanted())

    def _same_python(self) -> bool:
        link = self.python.resolve()
        return link == Path(base_python()).resolve()

    def _create(self) -> None:
        made = subprocess.run(
            [base_python(), "-m", "venv", str(self.path)],
            env=pip_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            hint = " ".join((made.stdout + made.stderr).strip().splitlines()[:1])
            raise SetupError(
                f"{base_python()} cannot make a virtual environment ({hint}): install its venv "
                "package (on Debian and Ubuntu: python3-venv), then run `make setup` again."
            )


def base_python() -> str:
    """The interpreter behind the running one: an environment must not be made by another one's."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def _reads(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text() == wanted


def digest(files: Iterable[Path], *words: str) -> str:
    """Hash over the contents of files and some words."""
    total = hashlib.sha256()
    for word in words:
        total.update(word.encode() + b"\0")
    for file in files:
        total.update(file.name.encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest() if file.exists() else b"missing")
    return total.hexdigest()
