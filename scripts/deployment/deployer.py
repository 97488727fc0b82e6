"""What deploying needs of AWS, as policies: `python -m scripts.deployment.deployer --env dev ...`.

Writes the documents of terraform/deployer with the names of one environment filled in. Whoever has
them attached (docs/operations.md) may plan, apply and destroy that environment and nothing else. On
the laptop each deploy takes a role that has just these, so a right that is missing is missed here.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "terraform" / "deployer"
Documents = dict[str, dict[str, Any]]
LONGEST = 6144  # characters of a managed policy, as AWS counts them: without white space


@dataclass(frozen=True)
class Place:
    """Where an environment stands and how its names begin."""

    account: str
    region: str
    prefix: str
    database_prefix: str
    partition: str = "aws"

    @classmethod
    def of(cls, env: str, account: str, root: Path = ROOT) -> Place:
        """As terraform/ names things: an environment's values, else those of variables.tf."""
        own = (root / "terraform" / "environments" / f"{env}.tfvars").read_text(encoding="utf-8")
        usual = (root / "terraform" / "variables.tf").read_text(encoding="utf-8")

        def value(name: str) -> str:
            chosen = re.search(rf'^{name}\s*=\s*"([^"]+)"', own, re.MULTILINE)
            block = re.search(rf'^variable "{name}" \{{(.*?)^\}}', usual, re.MULTILINE | re.DOTALL)
            default = block and re.search(r'default\s*=\s*"([^"]+)"', block[1])
            found = chosen or default
            if found is None:
                raise ValueError(f"neither {env}.tfvars nor variables.tf gives {name} a value")
            return found[1]

        words = [value(name) for name in ("project", "owner", "master")]
        prefix, database_prefix = "-".join([*words, value("env")]), "_".join([*words, ""])
        return cls(account, value("region"), prefix, database_prefix)

    @property
    def role(self) -> str:
        """The role that deploys; no right on the lake's own roles is one on this."""
        return f"deployer-{self.prefix}"

    @property
    def role_arn(self) -> str:
        """The same, as AWS names it."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.role}"


def documents(place: Place, folder: Path = FOLDER) -> Documents:
    """Each policy by its name in AWS."""
    return {
        f"{place.role}-{path.stem}": json.loads(
            Template(path.read_text(encoding="utf-8")).substitute(vars(place))
        )
        for path in sorted(folder.glob("*.json"))
    }


def dense(document: Mapping[str, Any]) -> str:
    """A policy as it is sent: AWS counts no white space, and a limit is near."""
    return json.dumps(document, separators=(",", ":"))


def main(argv: list[str] | None = None) -> int:
    """Write the documents of an environment into a folder."""
    parser = argparse.ArgumentParser(prog="deployer", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--env", required=True, help="dev or prod")
    parser.add_argument("--account", required=True, help="number of the account")
    parser.add_argument("--out", type=Path, required=True, help="folder for the documents")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    for name, document in documents(Place.of(args.env, args.account)).items():
        (args.out / f"{name}.json").write_text(dense(document) + "\n", encoding="utf-8")
        print(args.out / f"{name}.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
