"""One bug at a time into a copy of the tree, and the tests that run its line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Final

from scripts.mutants.covering import CleanRunFailed, Covering
from scripts.mutants.operators import Bug
from scripts.mutants.tree import Copy

RED: Final = ("FAILED tests/", "ERROR tests/")  # pytest's summary, and not a line of a log
# What a test may take of the time that it took alone, while others run beside it.
_PATIENCE: Final = 5
_AT_LEAST_S: Final = 30.0


@dataclass(frozen=True)
class Verdict:
    """What became of one bug."""

    bug: Bug
    noticed: bool
    by: str  # the test that went red, or why none did


class Bench:
    """A copy of the tree and a process that runs tests in it."""

    def __init__(self, clean: Copy, folder: Path, covering: Covering, budget: float) -> None:
        self._covering = covering
        self._budget = budget
        self._log = folder / "log.txt"
        folder.mkdir(parents=True)
        self.copy = clean.twin(folder / "tree")
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "scripts.mutants.nursery"],
            cwd=self.copy.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ask(covering.imported)

    def try_clean(self, bugs: list[Bug]) -> None:
        """The tests that the bugs will meet are green here without them."""
        covering = [self._covering.tests(bug.path, bug.first, bug.last) for bug in bugs]
        tests = {test for some in covering for test in some[:3]}
        code = self._run(sorted(tests))
        if code != 0:
            raise CleanRunFailed(f"red without a bug ({code}):\n{self._log.read_text()[-2000:]}")

    def try_bug(self, bug: Bug) -> Verdict:
        """Puts the bug in, runs the tests, takes it out."""
        every = self._covering.tests(bug.path, bug.first, bug.last)
        tests = self._quickest(every)
        if not tests:
            return Verdict(bug, noticed=False, by="no test runs this line")
        source = self.copy.read(bug.path)
        self.copy.write(bug.path, bug.put(source))
        try:
            code = self._run(tests)
        finally:
            self.copy.write(bug.path, source)
        match code:
            case 0:
                count = str(len(tests)) if tests == every else f"{len(tests)} of {len(every)}"
                return Verdict(bug, noticed=False, by=f"{count} tests that run it are green")
            case "late":
                return Verdict(bug, noticed=True, by="a test that did not end")
            case _:
                return Verdict(bug, noticed=True, by=self._red())

    def _quickest(self, tests: list[str]) -> list[str]:
        left = self._budget
        chosen: list[str] = []
        for test in tests:
            left -= self._covering.seconds.get(test, 0.0)
            if left < 0 and chosen:
                break
            chosen.append(test)
        return chosen

    def _run(self, tests: list[str]) -> int | str:
        alone = sum(self._covering.seconds.get(test, 0.0) for test in tests)
        order = {"tests": tests, "log": str(self._log)}
        return self._ask({**order, "seconds": _AT_LEAST_S + _PATIENCE * alone})

    def _ask(self, order: object) -> int | str:
        assert self._nursery.stdin and self._nursery.stdout  # noqa: S101, PT018
        print(json.dumps(order), file=self._nursery.stdin, flush=True)
        answer = self._nursery.stdout.readline().strip()
        if answer == "ready":
            return 0
        decoded: int | str = json.loads(answer)
        return decoded

    def _red(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        red = (line for line in lines if line.startswith(RED))
        return next(red, lines[-1] if lines else "").partition(" - ")[0]

    def close(self) -> None:
        """Ends the process."""
        for pipe in (self._nursery.stdin, self._nursery.stdout):
            if pipe:
                pipe.close()
        self._nursery.wait(30)


def try_all(
    bugs: list[Bug],
    covering: Covering,
    clean: Copy,
    folder: Path,
    processes: int,
    budget: float,
) -> Iterator[Verdict]:
    """Each bug's verdict, as soon as it is known."""
    free: Queue[Bench] = Queue()
    benches = [Bench(clean, folder / str(n), covering, budget) for n in range(processes)]
    try:
        benches[0].try_clean(bugs)
        for bench in benches:
            free.put(bench)

        def attempt(bug: Bug) -> Verdict:
            bench = free.get()
            try:
                return bench.try_bug(bug)
            finally:
                free.put(bench)

        with ThreadPoolExecutor(processes) as pool:
            yield from pool.map(attempt, bugs)
    finally:
        for bench in benches:
            bench.close()
