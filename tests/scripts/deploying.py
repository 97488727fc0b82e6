"""A deployment to AWS without either: Terraform writes down how it is called, moto answers for AWS.

What moto does not know (quotas, refusals, other people's buckets) each test answers itself.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scripts import deploy

ACCOUNT = "123456789012"
# Does as Terraform does towards scripts.deployment.runs, and no more.
TERRAFORM = """\
#!{python}
import json, os, sys
from pathlib import Path
words = sys.argv[1:]
os.chdir(Path(__file__).parents[1])
if "TF_DATA_DIR" in os.environ:
    Path(os.environ["TF_DATA_DIR"]).mkdir(exist_ok=True)
place = Path({place!r})
with (place / "calls.jsonl").open("a") as record:
    record.write(json.dumps(words) + "\\n")
verb = next(word for word in words if not word.startswith("-"))
answers = {{
    "version": json.dumps({{"terraform_version": (place / "version").read_text()}}),
    "show": (place / ("state.json" if words[-1] == "-json" else "plan.json")).read_text(),
    "output": (place / "outputs.json").read_text(),
}}
if verb == "plan" and (place / "held").exists():
    (place / "held").read_text()  # a pipe: until the test writes into it
if verb == "plan" and Path("terraform/adopted.tf").exists():
    (place / "adopted.tf").write_text(Path("terraform/adopted.tf").read_text())
if verb == "apply" and (place / "killed").exists():
    (place / "killed").unlink()
    os.kill(os.getpid(), 9)
print(answers.get(verb, ""))
for word in words:
    if word.startswith("-out="):
        Path(word.removeprefix("-out=")).touch()
sys.exit(2 if verb == "plan" else 0)
"""
Answer = Mapping[str, Any] | Exception | Callable[[Mapping[str, Any]], Any]


def refusal(code: str, status: int = 400, text: str = "no") -> Callable[[Mapping[str, Any]], Any]:
    """An answer of AWS that says no."""

    def raise_it(_: Mapping[str, Any]) -> Any:
        answer = {"Error": {"Code": code, "Message": text}}
        raise ClientError({**answer, "ResponseMetadata": {"HTTPStatusCode": status}}, "Asked")

    return raise_it


class Stage:
    """A checkout with an environment `dev`, and the AWS that it would go to."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.answers: dict[str, Answer] = {
            "GetAccountSettings": limits(1000),
            "GetServiceQuota": {"Quota": {"Value": 16.0}},
        }
        environments = folder / "terraform" / "environments"
        environments.mkdir(parents=True)
        (environments / "dev.tfvars").write_text('env = "dev"\n')
        (folder / "outputs.json").write_text("{}")
        self.holds()
        self.installed("1.11.4")
        self.wants()
        program = folder / "bin" / "terraform"
        program.parent.mkdir()
        program.write_text(TERRAFORM.format(python=sys.executable, place=str(folder)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        patch.setenv("PATH", str(program.parent))
        patch.setattr(deploy, "ROOT", folder)

    def installed(self, version: str) -> None:
        """The Terraform of this machine."""
        (self.folder / "version").write_text(version)

    def wants(self, *changes: dict[str, Any], **variables: Any) -> None:
        """What Terraform plans."""
        values = {"env": "dev", "region": "eu-west-1"} | variables
        document = {
            "variables": {name: {"value": value} for name, value in values.items()},
            "resource_changes": list(changes),
        }
        (self.folder / "plan.json").write_text(json.dumps(document))

    def holds(self, *resources: Mapping[str, Any]) -> None:
        """What Terraform's state says of a module below the root."""
        module = {"root_module": {"child_modules": [{"resources": list(resources)}]}}
        (self.folder / "state.json").write_text(json.dumps({"values": module}))

    def applied(self, outputs: Mapping[str, Any]) -> None:
        """What Terraform has made by now."""
        values = {name: {"value": value} for name, value in outputs.items()}
        (self.folder / "outputs.json").write_text(json.dumps(values))

    def kill_the_next_apply(self) -> None:
        """As the out-of-memory killer does."""
        (self.folder / "killed").touch()

    @property
    def adopted(self) -> str:
        """What Terraform was last told to take over."""
        file = self.folder / "adopted.tf"
        return file.read_text() if file.exists() else ""

    @contextmanager
    def planning(self) -> Iterator[Future[int]]:
        """A first deploy that stands at its plan until the block has ended."""
        pipe = self.folder / "held"
        os.mkfifo(pipe)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(self.deploy)
            deadline = time.monotonic() + 30
            while "plan" not in self.verbs:
                assert time.monotonic() < deadline, "the first deploy never came to its plan"
                time.sleep(0.02)
            try:
                yield first
            finally:
                pipe.write_text("go on")
                first.result()
        pipe.unlink()

    @property
    def verbs(self) -> list[str]:
        """What Terraform was asked for."""
        file = self.folder / "calls.jsonl"
        calls = (
            [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        )
        return [next(word for word in words if not word.startswith("-")) for words in calls]

    def deploy(self, verb: str = "apply") -> int:
        """The real entry point."""
        return deploy.main([verb, "--env", "dev", "--yes"])


@contextmanager
def answering(answers: Mapping[str, Answer]) -> Iterator[None]:
    """Answers the named operations, and leaves the others to moto."""
    ask = BaseClient._make_api_call

    def answer(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        known = answers.get(operation)
        if known is None:
            return ask(client, operation, parameters)
        if isinstance(known, Exception):
            raise known
        return known(parameters) if callable(known) else known

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", answer)
        yield


def limits(every: int, free: int | None = None) -> dict[str, Any]:
    """What Lambda says of an account."""
    unreserved = every if free is None else free
    return {
        "AccountLimit": {
            "ConcurrentExecutions": every,
            "UnreservedConcurrentExecutions": unreserved,
        }
    }


def to_make(kind: str, **after: Any) -> dict[str, Any]:
    """A resource that a plan makes."""
    return change(kind, ["create"], None, after)


def change(kind: str, actions: list[str], before: Any, after: Any) -> dict[str, Any]:
    """A resource in a plan."""
    return {
        "address": f"{kind}.this",
        "mode": "managed",
        "type": kind,
        "change": {"actions": actions, "before": before, "after": after},
    }
