"""Set-up finds a Chrome or Chromium, or says in one sentence what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.provision.browser import find_browser, install_browser
from scripts.provision.pip import SetupError


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture(autouse=True)
def unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROME_PATH", raising=False)


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_on_the_path_is_found(tmp_path: Path, name: str) -> None:
    assert find_browser(str(tmp_path), ()) is None

    expected = program(tmp_path / name)

    assert find_browser(str(tmp_path), ()) == expected


def test_a_mac_keeps_it_in_its_applications(tmp_path: Path) -> None:
    expected = program(tmp_path / "Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

    assert find_browser(str(tmp_path), (tmp_path,)) == expected


def test_a_named_browser_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "chromium")
    expected = program(tmp_path / "own" / "chrome")
    monkeypatch.setenv("CHROME_PATH", expected)

    assert find_browser(str(tmp_path), ()) == expected


def test_where_apt_is_missing_a_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SetupError, match="need Chrome or Chromium and found neither"):
        install_browser(tmp_path / "log", print)


def test_an_installation_that_fails_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apt-get").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("sys.platform", "linux")

    with pytest.raises(SetupError, match="apt-get could not install Chromium"):
        install_browser(tmp_path / "log", print)
