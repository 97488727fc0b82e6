"""Which of the fast tests run a line, as one clean run under coverage has shown.

What it has shown is kept until a file changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from scripts.mutants.recording import RECORD
from scripts.mutants.tree import Copy

# Seconds each: no Spark, no laptop cloud, no Terraform, and no questions made up anew each time.
# Two halves of about equal length, for two processors.
FAST_TESTS: Final = (
    ("tests/functions", "--ignore=tests/functions/test_results_openapi.py"),
    ("tests/catalog", "tests/lake", "tests/services", "tests/spark", "tests/sources"),
)
_FAST: Final = "not spark and not laptop and not browser"


class CleanRunFailed(RuntimeError):
    """The tests do not run without any bug put in."""


@dataclass(frozen=True)
class Covering:
    """Lines to tests."""

    lines: dict[str, dict[int, list[str]]]  # by file: the tests that run each line
    seconds: dict[str, float]  # by test
    red: list[str]  # tests that fail without a bug, and so tell nothing of one
    imported: list[str]  # modules from elsewhere that the tests import

    def tests(self, path: str, first: int, last: int) -> list[str]:
        """Tests that run one of these lines, the quickest first.

        What runs when the module is imported only belongs to every test that runs anything of it.
        """
        lines = self.lines.get(path, {})
        run = [line for line in range(first, last + 1) if line in lines]
        running = {test for line in run for test in lines[line]}
        if run and not running:
            running = {test for tests in lines.values() for test in tests}
        return sorted(running, key=lambda test: (self.seconds.get(test, 0.0), test))


def cover(copy: Copy, paths: list[str], kept: Path) -> Covering:
    """Runs the fast tests once, or reads what the last run of the same tree has shown."""
    fingerprint = _fingerprint(copy)
    known = kept / "covering.json"
    if known.exists():
        record = json.loads(known.read_text("utf-8"))
        if record.pop("fingerprint") == fingerprint:
            lines = {
                path: {int(line): tests for line, tests in by_line.items()}
                for path, by_line in record.pop("lines").items()
            }
            return Covering(lines, **record)
    kept.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(len(FAST_TESTS)) as pool:
        parts = list(pool.map(lambda place: _run(copy, paths, kept, place), range(len(FAST_TESTS))))
    covering = Covering({}, {}, [], [])
    for part in parts:
        covering.seconds.update(part.seconds)
        covering.red.extend(part.red)
        covering.imported.extend(set(part.imported) - set(covering.imported))
        for path, by_line in part.lines.items():
            whole = covering.lines.setdefault(path, {})
            for line, tests in by_line.items():
                whole[line] = [*whole.get(line, ()), *tests]
    known.write_text(json.dumps({"fingerprint": fingerprint, **asdict(covering)}), "utf-8")
    return covering


def _run(copy: Copy, paths: list[str], kept: Path, place: int) -> Covering:
    """One of the halves."""
    data, recorded = kept / f"coverage-{place}", kept / f"recorded-{place}.json"
    folders = sorted({Path(path).parts[0] for path in paths})
    command = [
        *(sys.executable, "-m", "coverage", "run", f"--data-file={data}"),
        *(f"--source={','.join(folders)}", "-m", "pytest", "-p", "scripts.mutants.recording"),
        *("-q", "--tb=short", "-p", "no:cacheprovider", "-m", _FAST, *FAST_TESTS[place]),
    ]
    environment = {**os.environ, RECORD: str(recorded)}
    with (kept / f"clean-run-{place}.txt").open("w") as log:
        code = subprocess.run(
            command, cwd=copy.folder, env=environment, stdout=log, stderr=log, check=False
        ).returncode
    if code not in (0, 1):
        raise CleanRunFailed(f"the tests do not run as the tree stands: see {log.name}")
    record = json.loads(recorded.read_text("utf-8"))
    return Covering(_lines(data, copy.folder, set(paths), set(record["red"])), **record)


def _lines(
    data: Path, folder: Path, paths: set[str], red: set[str]
) -> dict[str, dict[int, list[str]]]:
    import coverage

    measured = coverage.CoverageData(str(data))
    measured.read()
    lines = {}
    for name in measured.measured_files():
        path = Path(name).resolve().relative_to(folder.resolve()).as_posix()
        if path in paths:
            by_line = measured.contexts_by_lineno(name)
            lines[path] = {line: sorted({*tests} - {"", *red}) for line, tests in by_line.items()}
    return lines


def _fingerprint(copy: Copy) -> str:
    digest = hashlib.sha256(json.dumps(FAST_TESTS).encode())
    for path in sorted(copy.folder.rglob("*.py")):
        if not {"build", ".venv", ".venv-cloud", ".venv-checkov"} & set(path.parts):
            digest.update(path.relative_to(copy.folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
