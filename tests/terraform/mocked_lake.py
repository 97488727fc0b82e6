"""The lake's whole Terraform applied to a mocked AWS: no network, no account, every value known."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.catalog_compiler.compiler import compile_catalog
from scripts.console import Console
from scripts.deployment.runs import Terraform, terraform_environment

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Resource:
    """One resource of the applied state."""

    address: str
    kind: str
    module: str
    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def __str__(self) -> str:
        return self.address


@dataclass(frozen=True)
class Statement:
    """One statement of one policy, with lists where a policy may say a word."""

    address: str
    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principal: Any
    condition: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.address}/{self.sid}"


class Lake:
    """The state that an apply left."""

    def __init__(self, env: str, state: Mapping[str, Any]) -> None:
        self.env = env
        self.prefix = f"tfm-dgv-mbdde-{env}"
        self.namespace = "Albufera/prod" if env == "prod" else "Albufera"
        self.databases = "tfm_dgv_mbdde_prod_" if env == "prod" else "tfm_dgv_mbdde_"
        self.resources = list(_walk(state["root_module"], ""))
        self.outputs = {name: output["value"] for name, output in state["outputs"].items()}

    def all(self, kind: str, module: str | None = None) -> list[Resource]:
        """Every resource of a type, in one module where one is named."""
        return [
            resource
            for resource in self.resources
            if resource.kind == kind and module in (None, resource.module)
        ]

    def one(self, kind: str, module: str | None = None) -> Resource:
        """The only resource of a type."""
        (resource,) = self.all(kind, module)
        return resource

    def policies(self, *kinds: str) -> Iterator[Statement]:
        """Every statement of the policies that hang on these types of resources."""
        for kind in kinds:
            for resource in self.all(kind):
                # A mocked provider makes up a word for a policy that nobody wrote.
                if str(resource["policy"]).startswith("{"):
                    yield from statements(resource.address, resource["policy"])


def statements(address: str, policy: str) -> Iterator[Statement]:
    """The statements of one policy document."""
    for number, statement in enumerate(json.loads(policy)["Statement"]):
        yield Statement(
            address=address,
            sid=statement.get("Sid", str(number)),
            effect=statement["Effect"],
            actions=_words(statement["Action"]),
            resources=_words(statement.get("Resource", [])),
            principal=statement.get("Principal"),
            condition=statement.get("Condition", {}),
        )


def _words(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _walk(module: Mapping[str, Any], address: str) -> Iterator[Resource]:
    for resource in module.get("resources", []):
        if resource["mode"] == "managed":
            yield Resource(resource["address"], resource["type"], address, resource["values"])
    for child in module.get("child_modules", []):
        yield from _walk(child, child["address"])


class Workbench:
    """A copy of terraform/ that is initialised once, with a build of empty zips beside it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "terraform"
        self.build = folder / "build"
        shutil.copytree(
            ROOT / "terraform",
            self.root,
            # adopted.tf: of a deploy from this checkout that heals a lake in this moment.
            ignore=shutil.ignore_patterns(
                ".terraform", "*.tfstate*", "backend_override.tf", "adopted.tf"
            ),
        )
        _write_build(self.build)
        self._data = folder / "home" / "data"
        Terraform(
            root=self.root,
            env="none",
            home=folder / "home",
            variables={},
            environment=terraform_environment(),
            console=Console(live=False),
        ).init()

    def test(self, file: str, *arguments: str) -> list[dict[str, Any]]:
        """Run one file of terraform/tests; gives Terraform's own messages."""
        variables = [f"-var=build_dir={self.build}", f"-var=spark_dir={ROOT / 'spark'}"]
        command = ["terraform", f"-chdir={self.root}", "test", "-json", "-verbose"]
        answer = subprocess.run(
            [*command, f"-filter=tests/{file}", *variables, *arguments],
            env=terraform_environment() | {"TF_DATA_DIR": str(self._data)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.stdout, answer.stderr
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def lake(self, env: str, *arguments: str) -> Lake:
        """The lake as an environment's values make it."""
        words = ("lake.tftest.hcl", f"-var-file=environments/{env}.tfvars", *arguments)
        told = self.test(*words)
        if failures(told):
            # On a busy machine a provider may not answer Terraform in time; an error stays one.
            told = self.test(*words)
        if errors := failures(told):
            raise AssertionError("\n".join(errors))
        (state,) = (message["test_state"] for message in told if message["type"] == "test_state")
        return Lake(env, state)


def failures(told: list[dict[str, Any]]) -> list[str]:
    """What went wrong, in Terraform's words."""
    return [
        f"{message['diagnostic']['summary']}: {message['diagnostic'].get('detail', '')}"
        for message in told
        if message["type"] == "diagnostic" and message["diagnostic"]["severity"] == "error"
    ]


def _write_build(build: Path) -> None:
    """The real catalogue, and for each zip a file: Terraform only hashes and sends them."""
    for name in (
        *(f"functions/{path.parent.name}.zip" for path in ROOT.glob("functions/*/handler.py")),
        *(f"layers/{name}.zip" for name in ("lake", "vendor", "ingest", "results")),
        *("spark/lake.zip", "spark/environment.tar.gz"),
    ):
        path = build / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    catalog = compile_catalog(ROOT)
    (build / "catalog.json").write_text(json.dumps(catalog))
