"""What deploying needs of AWS, as policies: `python -m scripts.deployment.deployer --env dev ...`.

Writes the documents of terraform/deployer with the names of one environment filled in, or makes a
role that has them (docs/operations.md): it may plan, apply and destroy that environment, no more.
On the laptop each deploy takes that role, so a right that is missing is missed there first.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
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


def enrol(iam: Any, place: Place, trusted: Sequence[str] = ()) -> None:
    """Make the role that deploys, with its policies as they are now; an administrator's task."""
    arn = f"arn:{place.partition}:iam::{place.account}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": list(trusted) or [f"{arn}:root"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    try:
        iam.create_role(RoleName=place.role, AssumeRolePolicyDocument=dense(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=place.role, PolicyDocument=dense(trust))
    for name, document in documents(place).items():
        _keep_policy(iam, f"{arn}:policy/{name}", document)
        iam.attach_role_policy(RoleName=place.role, PolicyArn=f"{arn}:policy/{name}")


def _keep_policy(iam: Any, arn: str, document: Mapping[str, Any]) -> None:
    """Make a policy, or give it a new version when it says something else."""
    text = dense(document)
    try:
        iam.create_policy(PolicyName=arn.rpartition("/")[2], PolicyDocument=text)
    except iam.exceptions.EntityAlreadyExistsException:
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        (current,) = (each["VersionId"] for each in versions if each["IsDefaultVersion"])
        known = iam.get_policy_version(PolicyArn=arn, VersionId=current)["PolicyVersion"]
        if known["Document"] == document:
            return
        for version in versions:  # AWS keeps five
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)


def main(argv: list[str] | None = None) -> int:
    """Write the documents of an environment into a folder, or make the role with your own keys."""
    parser = argparse.ArgumentParser(prog="deployer", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--env", required=True, help="dev or prod")
    parser.add_argument("--account", required=True, help="number of the account")
    parser.add_argument("--out", type=Path, help="write the policies into this folder")
    parser.add_argument("--make", action="store_true", help="make or renew the role itself")
    whom = "who may take the role; unsaid, whom the account's administrators let"
    parser.add_argument("--trust", action="append", default=[], metavar="ARN", help=whom)
    args = parser.parse_args(argv)
    if not (args.out or args.make):
        parser.error("say --out FOLDER, --make, or both")
    place = Place.of(args.env, args.account)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        for name, document in documents(place).items():
            (args.out / f"{name}.json").write_text(dense(document) + "\n", encoding="utf-8")
            print(args.out / f"{name}.json")
    if args.make:
        import boto3

        enrol(boto3.client("iam"), place, args.trust)
        print(place.role_arn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
