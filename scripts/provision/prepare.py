"""The parts of set-up, what each needs, and the order in which they run."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from scripts.console import Console
from scripts.provision.browser import find_browser, install_browser
from scripts.provision.jars import fetch_jars, jars_ready
from scripts.provision.pip import SetupError, stop_all
from scripts.provision.venvs import Venv

PARTS = ("dev", "cloud", "jars", "checkov", "browser")
USUAL = ("dev", "cloud", "jars")
# A secret is handed over without being kept in the state (write-only arguments).
TERRAFORM_AT_LEAST = (1, 11)


class Workshop:
    """The environments and jars of one checkout."""

    def __init__(self, root: Path, console: Console) -> None:
        pins = root / "constraints.txt"
        self.console = console
        self.dev = Venv(root, ".venv", root / "requirements-dev.txt", pins, project=True)
        self.cloud = Venv(root, ".venv-cloud", root / "local" / "requirements.txt", pins)
        # checkov pins an old boto3, so it lives alone and brings its own pins.
        self.checkov = Venv(root, ".venv-checkov", root / "terraform" / "requirements-checkov.txt")
        self.jars = root / ".laptop" / "jars"
        self.log = root / ".laptop" / "logs" / "setup.jars.log"

    def missing(self, parts: tuple[str, ...]) -> list[str]:
        ready: dict[str, Callable[[], bool]] = {
            "dev": self.dev.is_ready,
            "cloud": self.cloud.is_ready,
            "jars": lambda: jars_ready(self.jars),
            "checkov": self.checkov.is_ready,
            "browser": lambda: find_browser() is not None,
        }
        return [part for part in parts if not ready[part]()]

    def make(self, missing: list[str]) -> None:
        """Two at a time: downloads wait for the network, unpacking for the processor."""
        with ThreadPoolExecutor(2) as pool:
            spark = pool.submit(self._dev_then_jars, missing)
            rest = [venv for part, venv in self._others() if part in missing]
            others = [pool.submit(self._make_venv, venv) for venv in rest]
            if "browser" in missing:
                others.append(pool.submit(self._install_browser))
            try:
                for done in as_completed((spark, *others)):
                    done.result()
            except BaseException:
                # One part failed, or Ctrl-C: nobody waits for what the other is downloading.
                stop_all()
                raise

    def _others(self) -> tuple[tuple[str, Venv], ...]:
        return (("cloud", self.cloud), ("checkov", self.checkov))

    def _dev_then_jars(self, missing: list[str]) -> None:
        if "dev" in missing:
            self._make_venv(self.dev)
        if "jars" in missing:
            if not self.dev.is_ready():
                self._make_venv(self.dev)
            with self.console.step(".laptop/jars", "starting Spark's resolver", "ready") as step:
                fetch_jars(self.jars, self.dev.python, self.log, step.note)

    def _install_browser(self) -> None:
        log = self.log.with_name("setup.browser.log")
        with self.console.step("Chromium", "starting", "ready") as step:
            install_browser(log, step.note)

    def _make_venv(self, venv: Venv) -> None:
        with self.console.step(venv.name, "starting", "ready") as step:
            venv.make(step.note)


def prepare(root: Path, argv: list[str]) -> int:
    """Makes the named parts or the usual ones; 0: all is there, 1: one sentence says why not."""
    parts = tuple(argv) or USUAL
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        print(f"setup knows {', '.join(PARTS)}, not {unknown[0]}", file=sys.stderr)
        return 2
    console = Console()
    started = time.monotonic()
    try:
        check_terraform()
        workshop = Workshop(root, console)
        missing = workshop.missing(parts)
        if missing:
            with only_one(root / ".laptop" / "setup.lock", console):
                missing = workshop.missing(parts)
                if missing:
                    console.say(f"setup: making {', '.join(missing)}")
                    workshop.make(missing)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; `make setup` goes on from here", file=sys.stderr)
        return 130
    console.say(f"setup: ready ({time.monotonic() - started:.1f} s)")
    return 0


@contextmanager
def only_one(lock: Path, console: Console) -> Iterator[None]:
    """Two set-ups of one checkout at a time would write into each other's folders."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            console.say("setup: another set-up of this checkout is running, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def check_terraform(path: str | None = None) -> None:
    """Terraform is on the PATH and new enough; else one sentence says what to install."""
    advice = "install Terraform 1.11 or newer and put it on your PATH, then run `make setup` again."
    command = shutil.which("terraform", path=path)
    if command is None:
        raise SetupError(f"Albufera needs Terraform and found none: {advice}")
    # Without this, an offline `terraform version` first waits for its update check.
    environment = os.environ | {"CHECKPOINT_DISABLE": "1"}
    answer = subprocess.run(
        [command, "version", "-json"], env=environment, capture_output=True, text=True, check=False
    )
    try:
        version = str(json.loads(answer.stdout)["terraform_version"])
        number = tuple(int(part) for part in version.split("-")[0].split(".")[:2])
    except (ValueError, KeyError):
        raise SetupError(f"`{command} version` gives no answer: {advice}") from None
    if number < TERRAFORM_AT_LEAST:
        raise SetupError(f"This is Terraform {version}: {advice}")
