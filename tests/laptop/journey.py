"""The lake as a person has it: the command in a process of its own, answers as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lake_cli.deployment import LAPTOP, Deployment
from lake_cli.roles import OWN_RIGHTS
from scripts.samples import Sample

ROOT = Path(__file__).resolve().parents[2]
COUNTS = ("read", "accepted", "duplicate", "rejected", "empty")
Answer = list[dict[str, Any]]


@dataclass(frozen=True)
class Lake:
    """One deployed lake and the command that belongs to it."""

    state_dir: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """What points the command at this lake; nothing of the tests' own environment else."""
        own = {"LAKE_DEPLOYMENT": str(self.deployment_file), "LAKE_PORT": str(self.port)}
        # A minute of two cores, for the few JVMs that these journeys start.
        return os.environ | own | {"LAKE_CLASS_ARCHIVE": "off"}

    @property
    def deployment_file(self) -> Path:
        """The outputs of the last apply."""
        return self.state_dir / "deployment.json"

    def start(self, *words: str) -> subprocess.Popen[str]:
        """The command, running."""
        lake = Path(sys.executable).parent / "lake"
        return subprocess.Popen(
            [str(lake), *words],
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, code: int = 0, timeout: float = 280) -> str:
        """The command's answer, once it has ended as expected."""
        with self.start(*words) as process:
            out, said = process.communicate(timeout=timeout)
        assert process.returncode == code, f"lake {words} gave {process.returncode}: {said}\n{out}"
        return out

    def ask(self, *words: str, code: int = 0) -> Answer:
        """The command's answer as objects."""
        answer: Answer = json.loads(self.run(*words, "--json", code=code))
        return answer

    def query(self, sql: str) -> Answer:
        """What Athena says."""
        return self.ask("query", sql)

    def count(self, table: str, where: str = "true") -> int:
        """Rows of a table."""
        return int(self.query(f"select count(*) as n from {table} where {where}")[0]["n"])

    def upload(self, source: str, *paths: Path, code: int = 0) -> Answer:
        """What became of files that were uploaded in one go."""
        return self.ask("upload", source, *map(str, paths), "--wait", code=code)

    def terraform(self, verb: str, *words: str, code: int = 0) -> str:
        """`make plan`, `make deploy`, `make destroy` on this lake."""
        place = ["--state-dir", str(self.state_dir), "--port", str(self.port)]
        command = [sys.executable, "-m", "scripts.deploy", verb, *place, *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{verb}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @property
    def deployment(self) -> Deployment:
        """The lake's names and clients, for what no command does (losing and doubling events)."""
        values = json.loads(self.deployment_file.read_text())
        return Deployment(LAPTOP, values, role=OWN_RIGHTS)

    def client(self, service: str) -> Any:
        """A client of this lake's AWS."""
        return self.deployment.client(service)

    def processes(self) -> list[str]:
        """Every process that names this lake's state: the cloud, its workers, its Sparks."""
        every = subprocess.run(
            ["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True
        )
        return [line for line in every.stdout.splitlines() if str(self.state_dir) in line]

    def runs(self) -> int:
        """How many Spark jobs were ever started."""
        pages = self.client("emr-serverless").get_paginator("list_job_runs")
        application = self.deployment["spark_application_id"]
        return sum(len(page["jobRuns"]) for page in pages.paginate(applicationId=application))


def counts(answer: Mapping[str, Any]) -> dict[str, int]:
    """The five numbers."""
    return {name: answer[name] for name in COUNTS}


def written(folder: Path, *samples: Sample) -> list[Path]:
    """Samples as files."""
    return [sample.write(folder) for sample in samples]


def eventually(found: Callable[[], Any], seconds: float = 120) -> Any:
    """What is found, as soon as it is true; an error when it never is."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.5)
    return value


def by_name(answers: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Answers by the file's name."""
    return {Path(answer["file"]).name: answer for answer in answers}
