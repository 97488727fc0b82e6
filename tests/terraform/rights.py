"""Who may do what in the lake, on one page of text: every statement of every policy.

`rights.txt` is that page as people have read and approved it. After a change that is meant,
`python -m tests.terraform.rights > tests/terraform/rights.txt` writes it anew; read the diff.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from tests.terraform.mocked_lake import ACCOUNT, Lake, Resource

# What hangs on a thing itself: the kind, the argument with the policy, the one with its name.
RESOURCE_POLICIES = (
    ("aws_kms_key", "policy", "description"),
    ("aws_sns_topic_policy", "policy", "arn"),
    ("aws_sqs_queue", "policy", "name"),
    ("aws_s3_bucket_policy", "policy", "bucket"),
    ("aws_ecr_repository_policy", "policy", "repository"),
    ("aws_secretsmanager_secret_policy", "policy", "secret_arn"),
)


def page(lake: Lake) -> str:
    """All blocks, one after the other."""
    return "\n\n".join(f"{title}\n{text}" for title, text in sorted(blocks(lake).items())) + "\n"


def blocks_of(text: str) -> dict[str, str]:
    """The blocks of a page by their titles."""
    split = [block.partition("\n") for block in text.strip().split("\n\n")]
    return {title: body for title, _, body in split}


def blocks(lake: Lake) -> dict[str, str]:
    """Each role with its trust and its statements, and each thing with a policy of its own."""
    short = Shortener(lake)
    found: dict[str, list[str]] = {}
    for role in lake.all("aws_iam_role"):
        trust = lines(role["assume_role_policy"], short, "trusts")
        found.setdefault(f"role {short(role['name'])}", []).extend(trust)
    for policy in lake.all("aws_iam_role_policy"):
        title = f"role {short(role_of(lake, policy))}"
        found[title].extend(lines(policy["policy"], short, "may"))
    for policy in lake.all("aws_iam_policy"):
        found[f"policy {short(policy['name'])}"] = list(lines(policy["policy"], short, "may"))
    for kind, argument, name in RESOURCE_POLICIES:
        for resource in lake.all(kind):
            # A mocked provider makes up a word for a policy that nobody wrote.
            if str(resource[argument]).startswith("{"):
                text, title = str(resource[argument]), str(resource[name])
                if kind == "aws_s3_bucket_policy":  # and another one for a bucket's ARN
                    bucket = lake.one("aws_s3_bucket", resource.module)
                    title = bucket["bucket"]
                    text = text.replace(bucket["arn"], f"arn:aws:s3:::{title}")
                found[f"{kind.removeprefix('aws_')} {short(title)}"] = [*lines(text, short, "lets")]
    return {title: "\n".join(body) for title, body in found.items()}


def role_of(lake: Lake, policy: Resource) -> str:
    """The name of the role that an inline policy hangs on: its address has the same ending."""
    if policy.module:
        names = [role["name"] for role in lake.all("aws_iam_role", policy.module)]
    else:
        address = policy.address.replace("aws_iam_role_policy.", "aws_iam_role.")
        names = [role["name"] for role in lake.all("aws_iam_role") if role.address == address]
    (name,) = names
    return str(name)


def lines(policy: str, short: Shortener, verb: str) -> Iterator[str]:
    """One statement after the other; what is in no order is sorted."""
    for statement in json.loads(policy)["Statement"]:
        known = dict(statement)
        effect, sid = known.pop("Effect"), known.pop("Sid", "-")
        actions = ", ".join(sorted(words(known.pop("Action"))))
        yield f"  {sid}: {verb if effect == 'Allow' else 'DENIES'} {actions}"
        if "Principal" in known:
            yield f"    by {principal(known.pop('Principal'), short)}"
        for resource in sorted(short(word) for word in words(known.pop("Resource", []))):
            yield f"    on {resource}"
        for operator, keys in known.pop("Condition", {}).items():
            for key, values in keys.items():
                for value in sorted(short(word) for word in words(values)):
                    yield f"    if {operator} {key} = {value}"
        assert not known, f"the page would leave out {sorted(known)}"


def principal(value: str | Mapping[str, Any], short: Shortener) -> str:
    """Services and accounts, each by its kind."""
    if isinstance(value, str):
        return value
    return "; ".join(
        f"{kind} {', '.join(sorted(short(word) for word in words(named)))}"
        for kind, named in sorted(value.items())
    )


def words(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


class Shortener:
    """Leaves out of a name what is the same everywhere: this account, this region, this lake."""

    def __init__(self, lake: Lake) -> None:
        prefix, databases = lake.prefix, lake.databases
        here = rf"arn:aws:([a-z0-9-]+):eu-west-1:{ACCOUNT}:"
        self._rules = (
            (re.compile(rf"arn:aws:s3:::{prefix}-([a-z]+)-{ACCOUNT}"), r"s3:\1"),
            (re.compile(rf"{prefix}-([a-z]+)-{ACCOUNT}"), r"\1"),
            (re.compile(here), r"\1:"),
            (re.compile(rf"arn:aws:iam::{ACCOUNT}:"), "iam:"),
            (re.compile(rf"\b{databases}"), "~"),
            (re.compile(rf"\b{prefix}\b"), "~"),
        )

    def __call__(self, text: str) -> str:
        for pattern, replacement in self._rules:
            text = pattern.sub(replacement, text)
        return text


def main() -> None:
    """Prints the page of a lake with everything that is optional."""
    from tests.terraform.conftest import EVERYTHING
    from tests.terraform.mocked_lake import Workbench

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        text = page(Workbench(Path(folder)).lake("prod", *EVERYTHING))
    print(text, end="")


if __name__ == "__main__":
    main()
