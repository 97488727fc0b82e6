"""`make mutants`: which small bugs do the tests notice?

Each is put into a copy of the tree, one at a time, and the fast tests that run its line are run;
`--written` tries those of `written.yaml` instead, for what is no Python or needs a cloud.
"""

from __future__ import annotations

import argparse
import difflib
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from scripts.mutants.covering import CleanRunFailed, cover
from scripts.mutants.operators import Bug, bugs
from scripts.mutants.tree import ROOT, Copy
from scripts.mutants.trials import Verdict, try_all
from scripts.mutants.written import try_written, written

KEPT: Final = ROOT / ".mutants"
# The modules that carry the promises and that fast tests hold; written.yaml has some of the others.
MODULES: Final = (
    "layers/lake/lake/*.py",
    "functions/*/*.py",
    "domains/*/clients/*.py",
    "!functions/results_api/openapi*.py",  # held by questions that are made up anew each time
    "services/*/*.py",
    "scripts/catalog_compiler/*.py",
    "domains/emt/transforms/cells.py",
    "domains/emt/transforms/arrivals.py",
    "spark/jobs/batch.py",
    "domains/emt/transforms/lines.py",
    "domains/openweather/transforms/observations.py",
    "spark/jobs/records.py",
    "domains/openweather/transforms/solar.py",
)


def modules(pattern: str) -> list[str]:
    """Their paths; `pattern` is a part of one."""
    tracked = subprocess.check_output(["git", "ls-files", "*.py"], cwd=ROOT, text=True).split()
    return [
        path
        for path in tracked
        if pattern in path
        and any(fnmatch(path, module) for module in MODULES)
        and not any(fnmatch(path, module[1:]) for module in MODULES if module[0] == "!")
    ]


def sample(every: list[Bug], number: int, seed: int) -> list[Bug]:
    """A fixed choice: no statement twice, and each kind of bug as often as it may be."""
    order = random.Random(seed)  # noqa: S311 (a choice that can be repeated)
    kinds: dict[str, list[Bug]] = {}
    for bug in order.sample(every, len(every)):
        kinds.setdefault("not given" if bug.kind.endswith("not given") else bug.kind, []).append(
            bug
        )
    chosen: list[Bug] = []
    taken: set[tuple[str, int]] = set()
    while len(chosen) < number and kinds:
        kind = order.choices(list(kinds), [len(some) ** 0.5 for some in kinds.values()])[0]
        bug = kinds[kind].pop()
        if not kinds[kind]:
            del kinds[kind]
        if (bug.path, bug.first) not in taken:
            taken.add((bug.path, bug.first))
            chosen.append(bug)
    return sorted(chosen, key=lambda bug: (bug.path, bug.start))


def shown(bug: Bug, source: bytes) -> str:
    """The bug as a difference of lines."""
    before, after = source.decode().splitlines(), bug.put(source).decode().splitlines()
    lines = list(difflib.unified_diff(before, after, lineterm="", n=0))[3:]
    return "\n".join(f"      {line}" for line in lines[:8])


def report(verdict: Verdict, source: bytes) -> str:
    """One bug's line, and of a survivor its difference."""
    bug = verdict.bug
    word = "noticed " if verdict.noticed else "SURVIVED"
    line = f"{word} {bug.path}:{bug.line} {bug.kind} ({verdict.by})"
    return line if verdict.noticed else f"{line}\n{shown(bug, source)}"


def main(argv: list[str] | None = None) -> int:
    """0, however many survive: this measures, it does not judge."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--number", type=int, default=100, help="how many to try (0: every one)")
    parser.add_argument("--seed", type=int, default=1, help="which of them")
    parser.add_argument("--module", default="", help="only files whose path has this in it")
    parser.add_argument("--written", action="store_true", help="those of written.yaml")
    parser.add_argument("--list", action="store_true", help="show them, try none")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--budget", type=float, default=120.0, help="seconds of tests, at most, for each"
    )
    args = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="albufera-mutants-"))
    try:
        _measure(args, folder)
    except CleanRunFailed as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _measure(args: argparse.Namespace, folder: Path) -> None:
    clean = Copy.of(ROOT, folder / "clean")
    entries = [entry for entry in written(clean.folder) if args.module in entry.file]
    paths = sorted({entry.file for entry in entries}) if args.written else modules(args.module)
    sources = {path: clean.read(path) for path in paths}
    if args.written:
        chosen = [entry.placed(sources[entry.file]) for entry in entries]
    else:
        every = [bug for path, source in sources.items() for bug in bugs(path, source)]
        chosen = sample(every, args.number or len(every), args.seed)
        print(f"{len(every)} bugs in {len(paths)} modules; {len(chosen)} of them:")
    if args.list:
        for bug in chosen:
            print(f"{bug.path}:{bug.line} {bug.kind}\n{shown(bug, sources[bug.path])}")
        return
    tried: Iterator[Verdict]
    if args.written:
        tried = (try_written(entry, clean, folder / "log.txt") for entry in entries)
    else:
        tried = _try_made(chosen, clean, folder, args.processes, args.budget)
    noticed = 0
    for verdict in tried:
        noticed += verdict.noticed
        print(report(verdict, sources[verdict.bug.path]), flush=True)
    print(f"{noticed} of {len(chosen)} noticed: {noticed / max(len(chosen), 1):.0%}")


def _try_made(
    chosen: list[Bug], clean: Copy, folder: Path, processes: int, budget: float
) -> Iterator[Verdict]:
    print("First one clean run, to see which tests run which lines...", flush=True)
    covering = cover(clean, modules(""), KEPT)
    if covering.red:
        print(f"Red without a bug, and left out: {', '.join(covering.red)}")
    yield from try_all(chosen, covering, clean, folder, processes, budget)


if __name__ == "__main__":
    sys.exit(main())
