"""Bugs that people wrote down, for what is no Python or needs more than fast tests."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from scripts.mutants.operators import Bug
from scripts.mutants.tree import Copy
from scripts.mutants.trials import RED, Verdict

LIST: Final = Path(__file__).with_name("written.yaml")
_MINUTES: Final = 15


class NotInTheFile(ValueError):
    """A bug's text does not stand in its file, or more than once."""


@dataclass(frozen=True)
class Written:
    """What is changed, and which tests are to notice."""

    bug: str
    file: str
    tests: tuple[str, ...]
    text: str
    becomes: str

    def placed(self, source: bytes) -> Bug:
        """The bug in its file as it stands."""
        if source.decode().count(self.text) != 1:
            raise NotInTheFile(
                f"{self.file}: stands {source.decode().count(self.text)} times: {self.text}"
            )
        start = source.index(self.text.encode())
        line = source[:start].count(b"\n") + 1
        end = start + len(self.text.encode())
        return Bug(self.file, self.bug, start, end, self.becomes, line, line, line)


def written(root: Path) -> list[Written]:
    """All of the list; `statement` stands for the whole of an IAM statement with this Sid."""
    entries = []
    for entry in yaml.safe_load(LIST.read_text("utf-8")):
        text = entry.get("text")
        if text is None:
            text = statement((root / entry["file"]).read_text("utf-8"), entry["statement"])
        tests = tuple(entry["tests"])
        entries.append(Written(entry["bug"], entry["file"], tests, text, entry.get("becomes", "")))
    return entries


def statement(source: str, sid: str) -> str:
    """The braces around a Sid, and the comma behind them."""
    places = [match.start() for match in re.finditer(rf'\bSid\s*=\s*"{sid}"', source)]
    if len(places) != 1:
        raise NotInTheFile(f"the statement {sid} stands {len(places)} times")
    start = source.rindex("{", 0, places[0])
    depth = 0
    for end in range(start, len(source)):
        depth += {"{": 1, "}": -1}.get(source[end], 0)
        if depth == 0:
            return source[start : end + 1] + ("," if source[end + 1 : end + 2] == "," else "")
    raise NotInTheFile(f"the statement {sid} does not end")


def try_written(entry: Written, copy: Copy, log: Path) -> Verdict:
    """Puts one in, runs its tests, takes it out."""
    source = copy.read(entry.file)
    bug = entry.placed(source)
    copy.write(entry.file, bug.put(source))
    words = ["-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *words, *entry.tests]
    try:
        with log.open("w") as output:
            code = subprocess.run(
                command,
                cwd=copy.folder,
                stdout=output,
                stderr=output,
                check=False,
                timeout=60 * _MINUTES,
            ).returncode
    except subprocess.TimeoutExpired:
        return Verdict(bug, noticed=True, by="a test that did not end")
    finally:
        copy.write(entry.file, source)
    lines = log.read_text(errors="replace").splitlines()
    red = next((line for line in lines if line.startswith(RED)), "")
    if code == 0:
        return Verdict(bug, noticed=False, by=f"{', '.join(entry.tests)}: all green")
    return Verdict(bug, noticed=True, by=red.partition(" - ")[0] or (lines or [""])[-1])
