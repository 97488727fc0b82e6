"""What builds and pushes container images: Docker, Podman or Finch, whichever is here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.deployment.runs import DeployError

ENGINES = ("docker", "podman", "finch")
SHOWN_LINES = 15


@dataclass(frozen=True)
class Engine:
    """One container engine that answers."""

    name: str
    environment: Mapping[str, str]

    def build(self, image: str, context: Path, platform: str, note: Callable[[str], None]) -> None:
        """Builds the folder's Dockerfile for a processor; `note` gets each line of its output."""
        command = [self.name, "build", "--platform", platform, "--tag", image, str(context)]
        lines: deque[str] = deque(maxlen=SHOWN_LINES)
        with subprocess.Popen(
            command,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            for line in process.stdout or ():
                lines.append(line.rstrip())
                note(line.strip())
        if process.returncode:
            raise DeployError(build_failure(self.name, platform, "\n  ".join(lines)))

    def login(self, registry: str, password: str) -> None:
        """Opens the registry; the password goes by stdin, for everybody may read command lines."""
        words = ("login", "--username", "AWS", "--password-stdin", registry)
        self._run(*words, stdin=password)

    def logout(self, registry: str) -> None:
        """Forgets the password, which engines keep in a file."""
        self._run("logout", registry)

    def push(self, image: str) -> None:
        """Uploads an image that was built."""
        self._run("push", image)

    def _run(self, *words: str, stdin: str = "") -> None:
        done = subprocess.run(
            [self.name, *words],
            env=self._environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DeployError(f"`{self.name} {words[0]}` failed: {done.stderr.strip()}")

    def _environment(self) -> dict[str, str]:
        # Docker would push an attestation beside the image, which the registry counts as one more.
        return {**self.environment, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def find_engine(environment: Mapping[str, str] = os.environ) -> Engine:
    """The first engine that answers, or what to do where none does."""
    installed = [name for name in ENGINES if shutil.which(name, path=environment.get("PATH"))]
    for name in installed:
        asked = subprocess.run(
            [name, "info"], env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True
        )
        if asked.returncode == 0:
            return Engine(name, environment)
    if installed:
        names = " and ".join(installed)
        raise DeployError(f"{names} is installed but its engine does not answer: start it first.")
    raise DeployError(
        "an image needs Docker, Podman or Finch, and none is on the PATH: install one of them, or "
        "run `make image` on a machine that has one."
    )


def build_failure(engine: str, platform: str, lines: str) -> str:
    """What a failed build means for a person."""
    if "exec format error" in lines:
        return (
            f"{engine} can't run programs for {platform} here: set up emulation (`docker run "
            "--privileged --rm tonistiigi/binfmt --install all`), or build on such a machine."
        )
    return f"`{engine} build` failed:\n  {lines}"
