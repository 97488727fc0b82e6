"""Builds what Terraform uploads: `python -m scripts.build [--target laptop|aws] [--out DIR]`.

    catalog.json                  the compiled catalogue
    functions/<verb>.zip          one a Lambda, paths as in the repository; the API's has the page
    layers/lake.zip               the package lake
    layers/vendor.zip ingest.zip  third-party packages of the Lambdas, and of ingest alone
    layers/results.zip            DuckDB, which reads and writes Parquet
    spark/lake.zip                lake and jobs, for --py-files
    spark/environment.tar.gz      wheels for Spark, unpacked there as ./environment

The same inputs give the same bytes, and what is there already is not built again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from scripts.console import Console
from scripts.packing import docs, page, platforms
from scripts.packing.archives import replace, tar_gz_bytes, zip_bytes
from scripts.packing.bytecode import compiler_for, with_bytecode
from scripts.packing.platforms import Platform, Target
from scripts.packing.wheels import BuildError, needed_by, packages

ROOT = Path(__file__).resolve().parent.parent
CATALOG = "lake/catalog.json"
# What a function brings of every domain.
OF_DOMAINS = {"ingest": "clients"}
TASK, LAYER, SPARK = "/var/task", "/opt", "environment"
NOT_SHIPPED = ("__pycache__", "tests", ".mypy_cache")
SHIPPED = (".py", ".json", ".sql", ".typed")


@dataclass(frozen=True)
class Artefact:
    """A file to build, the hash of all that goes into it, and how."""

    name: str
    key: str
    make: Callable[[], bytes]


class Build:
    """One build: from a checkout and declarations into a folder, for a target."""

    def __init__(self, declared: Path, out: Path, target: Target, console: Console) -> None:
        self.declared, self.out, self.target, self.console = declared, out, target, console
        self.pins = ROOT / "constraints.txt"
        # Wheels depend on no catalogue, so builds into other folders share them.
        self.cache = ROOT / "build" / ".cache"
        self.record = out / ".inputs.json"

    def run(self) -> int:
        """Builds what changed; the number of files written."""
        known = self._known()
        compiled = self._compile_catalog(known)
        artefacts = [*self._functions(), *self._layers(compiled), *self._spark(compiled)]
        stale = [
            a for a in artefacts if known.get(a.name) != a.key or not (self.out / a.name).exists()
        ]
        try:
            with ThreadPoolExecutor(2) as pool:
                for artefact, content in zip(stale, pool.map(self._made, stale), strict=True):
                    replace(self.out / artefact.name, content)
                    known[artefact.name] = artefact.key
        finally:
            replace(self.record, json.dumps(known, indent=1, sort_keys=True).encode())
        return len(stale)

    def _known(self) -> dict[str, str]:
        try:
            return dict(json.loads(self.record.read_text()))
        except (OSError, ValueError):
            return {}

    def _made(self, artefact: Artefact) -> bytes:
        started = time.monotonic()
        content = artefact.make()
        seconds = time.monotonic() - started
        self.console.say(f"  {artefact.name}: {len(content) / 1024:,.0f} KB ({seconds:.1f} s)")
        return content

    def _compile_catalog(self, known: dict[str, str]) -> bytes:
        target = self.out / "catalog.json"
        inputs = tree(ROOT / "scripts" / "catalog_compiler", ROOT)
        for folder in (self.declared / "catalog", *self.declared.glob("domains/*/catalog")):
            inputs |= tree(folder, self.declared)
        key = hash_of(inputs | source("layers/lake/lake"))
        own = self.declared.resolve() == ROOT
        copy = ROOT / "layers" / "lake" / CATALOG
        if known.get("catalog.json") != key or not target.exists() or (own and not copy.exists()):
            command = [sys.executable, "-m", "scripts.catalog_compiler"]
            command += ["--declarations", str(self.declared), "--out", str(target)]
            if own:
                command += ["--dictionary", str(ROOT / "docs" / "data-dictionary.md")]
            path = os.pathsep.join((str(ROOT), str(ROOT / "layers" / "lake")))
            environment = os.environ | {"PYTHONPATH": path}
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise BuildError((done.stderr or done.stdout).strip())
            known["catalog.json"] = key
        content = target.read_bytes()
        if own:
            # For what runs from the checkout: tests, the command lake.
            replace(copy, content)
        check_jobs(content)
        return content

    def _functions(self) -> list[Artefact]:
        shared = {n: d for n, d in source("functions").items() if n.count("/") == 1}
        verbs = sorted(path.parent.name for path in ROOT.glob("functions/*/handler.py"))
        return [
            self._with_page(verb, shared) if verb == page.FUNCTION else self._code(verb, shared)
            for verb in verbs
        ]

    def _code(self, verb: str, shared: dict[str, bytes]) -> Artefact:
        part = OF_DOMAINS.get(verb)
        brought = of_domains(part) if part else {}
        own = shared | source(f"functions/{verb}") | brought
        return self._zip(f"functions/{verb}.zip", own, TASK)

    def _with_page(self, verb: str, shared: dict[str, bytes]) -> Artefact:
        """The function that serves the page brings it along."""
        code, platform = self._code(verb, shared), self.target.functions
        tried = docs.docs(ROOT)

        def pack() -> bytes:
            contents = shared | source(f"functions/{verb}")
            shown = page.page(ROOT, self.cache, self._log("page"))
            placed = {f"functions/{verb}/page/{name}": data for name, data in shown.items()}
            placed |= {f"functions/{verb}/docs/{name}": data for name, data in tried.items()}
            return zip_bytes(with_bytecode(contents, platform.python, TASK) | placed)

        key = hash_of(page.sources(ROOT) | tried | source("scripts/packing"), code.key)
        return Artefact(code.name, key, pack)

    def _layers(self, compiled: bytes) -> list[Artefact]:
        lake = {f"python/{name}": data for name, data in lake_package(compiled).items()}
        wanted = sorted(ROOT.glob("layers/*/requirements.txt"))
        return [self._zip("layers/lake.zip", lake, LAYER), *map(self._third_party, wanted)]

    def _third_party(self, wanted: Path) -> Artefact:
        name, platform = wanted.parent.name, self.target.functions

        def pack() -> bytes:
            found = packages(wanted, self.pins, platform, self._log(name), needed_by("function"))
            layer = {f"python/{path}": data for path, data in found.items()}
            return zip_bytes(with_bytecode(layer, platform.python, LAYER))

        return self._wheels(f"layers/{name}.zip", wanted, platform, pack)

    def _spark(self, compiled: bytes) -> list[Artefact]:
        engine = {name.removeprefix("spark/"): data for name, data in source("spark/jobs").items()}
        code = lake_package(compiled) | engine | of_domains("transforms")
        wanted = ROOT / "spark" / "requirements.txt"
        platform = self.target.spark

        def pack() -> bytes:
            found = packages(wanted, self.pins, platform, self._log("spark"), needed_by("job"))
            return tar_gz_bytes(with_bytecode(found, platform.python, SPARK))

        return [
            # No bytecode: Python reads none from __pycache__ inside a zip on its path.
            Artefact("spark/lake.zip", hash_of(code), lambda: zip_bytes(code)),
            self._wheels("spark/environment.tar.gz", wanted, platform, pack),
        ]

    def _zip(self, name: str, contents: dict[str, bytes], runs_in: str) -> Artefact:
        minor = self.target.functions.python
        key = hash_of(contents, f"{minor} {compiler_for(minor) is not None}")
        return Artefact(name, key, lambda: zip_bytes(with_bytecode(contents, minor, runs_in)))

    def _wheels(
        self, name: str, requirements: Path, platform: Platform, pack: Callable[[], bytes]
    ) -> Artefact:
        inputs = {
            str(file.relative_to(ROOT)): file.read_bytes() for file in (requirements, self.pins)
        }
        how = f"{platform} {sys.platform} {compiler_for(platform.python) is not None}"
        key = hash_of(inputs | source("scripts/packing"), how)
        kept = self.cache / f"{key[:16]}-{Path(name).name}"

        def make() -> bytes:
            if not kept.exists():
                replace(kept, pack())
            return kept.read_bytes()

        return Artefact(name, key, make)

    def _log(self, name: str) -> Path:
        return ROOT / ".laptop" / "logs" / f"build.{name}.log"


def tree(folder: Path, root: Path) -> dict[str, bytes]:
    """Every shipped or declared file below a folder, by its path from the root."""
    found = {}
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if file.is_file() and not any(part in NOT_SHIPPED for part in parts):
            outside = root not in file.parents
            found[str(file.relative_to(folder if outside else root))] = file.read_bytes()
    return found


def source(folder: str) -> dict[str, bytes]:
    """The code of a folder of the checkout, by its path from the checkout's root."""
    return {
        name: data for name, data in tree(ROOT / folder, ROOT).items() if name.endswith(SHIPPED)
    }


def of_domains(part: str) -> dict[str, bytes]:
    """One part of every domain, and the packages that it lies in."""
    found: dict[str, bytes] = {}
    for folder in sorted(ROOT.glob(f"domains/*/{part}")):
        packages = (folder.parent / "__init__.py", folder.parents[1] / "__init__.py")
        found |= {str(file.relative_to(ROOT)): file.read_bytes() for file in packages}
        found |= source(str(folder.relative_to(ROOT)))
    return found


def lake_package(compiled: bytes) -> dict[str, bytes]:
    """The package lake with the catalogue of this build in it, whatever the checkout holds."""
    code = source("layers/lake/lake")
    return {name.removeprefix("layers/lake/"): data for name, data in code.items()} | {
        CATALOG: compiled
    }


def hash_of(contents: dict[str, bytes], how: str = "") -> str:
    """One hash over names, contents and the way they are packed."""
    total = sha256(how.encode())
    for name in sorted(contents):
        total.update(f"\0{name}\0".encode() + sha256(contents[name]).digest())
    return total.hexdigest()


def check_jobs(compiled: bytes) -> None:
    """Every job that a source or a pipeline names has its entry script."""
    for job, details in json.loads(compiled)["jobs"].items():
        script = f"spark/{details['script']}.py"
        if not (ROOT / script).exists():
            users = "".join(f"{source}: " for source in details["sources"][:1])
            raise BuildError(f"{users}job {job} has no entry script {script}")


def read_target(args: argparse.Namespace) -> Target:
    if args.target == "laptop":
        return platforms.laptop()
    major, minor = (int(part) for part in args.functions_python.split("."))
    return platforms.aws((major, minor), args.functions_processor, args.spark_processor)


def main(argv: list[str] | None = None) -> int:
    """0: all is built; 1: one sentence says what is wrong."""
    parser = argparse.ArgumentParser(prog="build", description=(__doc__ or "").splitlines()[0])
    processors = sorted(platforms.PROCESSORS)
    parser.add_argument("--target", choices=("laptop", "aws"), default="laptop")
    parser.add_argument(
        "--declarations",
        type=Path,
        default=ROOT,
        help="where domains/ and catalog/ are",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build")
    parser.add_argument("--functions-python", default="3.13", help="of the Lambdas on AWS")
    parser.add_argument("--functions-processor", choices=processors, default="arm64")
    parser.add_argument("--spark-processor", choices=processors, default="arm64")
    args = parser.parse_args(argv)
    started = time.monotonic()
    console = Console()
    target = read_target(args)
    if compiler_for(target.functions.python) is None:
        minor = ".".join(map(str, target.functions.python))
        console.say(f"  no python{minor} here: the Lambdas go without bytecode and start slower")
    try:
        written = Build(args.declarations.resolve(), args.out.resolve(), target, console).run()
    except BuildError as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    seconds = time.monotonic() - started
    news = f"{written} files written" if written else "nothing to do"
    console.say(f"build: ready for {target.name}, {news} ({seconds:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
