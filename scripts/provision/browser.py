"""A Chrome or Chromium for the tests of the page: the one that is there, or Debian's."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from scripts.provision.pip import SetupError, run_logged

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS = (
    "Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "Applications/Chromium.app/Contents/MacOS/Chromium",
)
NO_BROWSER = (
    "The tests of the page need Chrome or Chromium and found neither: install one of them (on "
    "Debian and Ubuntu: apt-get install chromium), or name its program in CHROME_PATH, then run "
    "make again."
)


def find_browser(path: str | None = None, roots: Iterable[Path] | None = None) -> str | None:
    """The program that CHROME_PATH names, else one on the PATH or in macOS's folders."""
    named = os.environ.get("CHROME_PATH")
    if named:
        return named if os.access(named, os.X_OK) else None
    on_path = (shutil.which(name, path=path) for name in NAMES)
    folders = (Path("/"), Path.home()) if roots is None else roots
    places = (str(root / app) for root in folders for app in MACOS)
    in_folders = (place for place in places if os.access(place, os.X_OK))
    return next((found for found in (*on_path, *in_folders) if found), None)


def install_browser(log: Path, note: Callable[[str], None]) -> None:
    """Debian's own package where we may install it; elsewhere one sentence says what to do."""
    if not (sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get")):
        raise SetupError(NO_BROWSER)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    note("asking apt for Chromium")
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]):
        code, _ = run_logged(command, environment, log, lambda line: _tell(line, note))
        # An old list may still do: only the installation decides.
        if code and "install" in command:
            raise SetupError(f"apt-get could not install Chromium. {NO_BROWSER} Log: {log}")


def _tell(line: str, note: Callable[[str], None]) -> None:
    if line.startswith(("Unpacking ", "Setting up ")):
        note(line.removesuffix(" ...").lower())
