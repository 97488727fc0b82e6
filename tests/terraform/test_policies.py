"""Every policy speaks AWS's own words: parliament knows each action, resource and condition key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from scripts.deployment.deployer import Place
from scripts.deployment.deployer import documents as documents_of_the_deployer
from tests.terraform.mocked_lake import ACCOUNT, Lake, Resource
from tests.terraform.policy_lint import findings

# Each resource that carries a policy, and the attributes that hold it.
POLICIES = {
    "aws_iam_policy": ("policy",),
    "aws_iam_role": ("assume_role_policy",),
    "aws_iam_role_policy": ("policy",),
    "aws_kms_key": ("policy",),
    "aws_s3_bucket_policy": ("policy",),
    "aws_sns_topic_policy": ("policy",),
    "aws_sqs_queue": ("policy",),
}
# A finding that is none, and why.
EXCUSED = {
    # AWS lists the ARN of an express or a map run beside it as if both were needed.
    "states:DescribeExecution needs arn:*:states:*:*:express:*:*:*": "a standard run has one ARN",
    "states:ListExecutions needs arn:*:states:*:*:mapRun:*/*:*": "runs of a machine, of no map",
    # The encryption context of CloudWatch Logs is an ARN, and its own guide compares it as one.
    "ArnLike requires a value of type Arn but given String": "the context is an ARN",
    "Unknown condition kms:EncryptionContext:aws:logs:arn for action kms:DescribeKey": (
        "DescribeKey has no context; logs ask it beside the others, as their guide has it"
    ),
}


def documents(lake: Lake) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every policy of a lake, as AWS would get it."""
    for kind, attributes in POLICIES.items():
        for resource in lake.all(kind):
            for attribute in attributes:
                text = str(resource[attribute])
                if text.startswith("{"):
                    yield resource.address, _as_aws_has_it(resource, json.loads(text), lake)


def _as_aws_has_it(resource: Resource, document: dict[str, Any], lake: Lake) -> dict[str, Any]:
    """With ARNs where the mocked provider made up a word, and a resource in a trust policy."""
    if resource.kind == "aws_iam_role":
        role = f"arn:aws:iam::{ACCOUNT}:role/{resource['name']}"
        statements = [{**statement, "Resource": role} for statement in document["Statement"]]
        return {**document, "Statement": statements}
    text = json.dumps(document)
    for bucket in lake.all("aws_s3_bucket"):
        text = text.replace(f'"{bucket["arn"]}', f'"arn:aws:s3:::{bucket["bucket"]}')
    replaced: dict[str, Any] = json.loads(text)
    return replaced


def test_no_policy_names_what_aws_does_not_know(lake: Lake) -> None:
    seen = [f"{name}/{finding}" for name, policy in documents(lake) for finding in findings(policy)]

    assert [finding for finding in seen if not any(map(finding.endswith, EXCUSED))] == []


def test_every_excuse_is_needed(prod: Lake) -> None:
    seen = [finding for _, policy in documents(prod) for finding in findings(policy)]

    unused = [text for text in EXCUSED if not any(finding.endswith(text) for finding in seen)]
    assert unused == [], "an excuse for something that is gone"


def test_every_kind_of_policy_is_read(prod: Lake) -> None:
    read = [name for name, _ in documents(prod)]

    kinds = {resource.kind for resource in prod.resources if resource.address in read}
    assert kinds == set(POLICIES)
    for kind in ("aws_iam_role", "aws_iam_role_policy"):
        assert len([name for name in read if name in {one.address for one in prod.all(kind)}]) > 15


BUCKET = "arn:aws:s3:::a-bucket"
GOOD: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [BUCKET, f"{BUCKET}/*"],
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    ],
}


@pytest.mark.parametrize(
    ("part", "value", "finding"),
    [
        ("Action", ["s3:GetObjekt"], "UNKNOWN_ACTION"),
        ("Action", ["s4:GetObject"], "UNKNOWN_PREFIX"),
        ("Action", ["s3:ListBucket"], "IDLE_RESOURCE"),
        ("Resource", [BUCKET], "RESOURCE_MISMATCH"),
        ("Resource", ["arn:aws:sqs:eu-west-1:123456789012:a-queue"], "RESOURCE_MISMATCH"),
        ("Condition", {"StringEquals": {"s3:prefiks": "x"}}, "UNKNOWN_CONDITION_FOR_ACTION"),
        ("Condition", {"StringEqual": {"aws:SourceAccount": "x"}}, "UNKNOWN_OPERATOR"),
        ("Sid", "Read it", "INVALID_SID"),
    ],
)
def test_a_planted_fault_is_found(part: str, value: Any, finding: str) -> None:
    assert list(findings(GOOD)) == []
    bad = deepcopy(GOOD)
    bad["Statement"][0][part] = value

    assert finding in {text.split(": ")[1] for text in findings(bad)}


@pytest.mark.parametrize("kind", ["aws_iam_role_policy", "aws_s3_bucket_policy", "aws_iam_role"])
def test_a_fault_in_the_lakes_own_policies_is_found(dev: Lake, kind: str) -> None:
    addresses = {resource.address for resource in dev.all(kind)}
    policy = next(policy for name, policy in documents(dev) if name in addresses)
    policy["Statement"][0]["Action"] = "sts:AssumeRoll"

    assert any("UNKNOWN_ACTION" in finding for finding in findings(policy))


# Findings in what deploying needs that are none, and why.
EXCUSED_OF_THE_DEPLOYER = {
    "states:ListExecutions needs arn:*:states:*:*:mapRun:*/*:*": "runs of a machine, of no map",
    "IDLE_RESOURCE: no action of the statement knows arn:aws:apigateway:eu-west-1::/tags/*": (
        "tags of an API are a path of their own, listed under the older half of the service"
    ),
    **{
        f"athena:{verb} needs arn:*:athena:*:*:{kind}/*": "any one of three kinds carries the tags"
        for verb in ("ListTagsForResource", "TagResource", "UntagResource")
        for kind in ("capacity-reservation", "datacatalog")
    },
}
DEPLOYER = documents_of_the_deployer(Place.of("prod", ACCOUNT))


@pytest.mark.parametrize("name", DEPLOYER)
def test_what_deploying_needs_is_in_aws_own_words(name: str) -> None:
    seen = [detail for finding in findings(DEPLOYER[name]) for detail in _details(finding)]

    assert [detail for detail in seen if detail not in EXCUSED_OF_THE_DEPLOYER] == []


def _details(finding: str) -> list[str]:
    """Each detail of a finding; a list of resources is one detail a resource."""
    _, kind, detail = finding.split(": ", 2)
    return detail.split(", ") if kind == "RESOURCE_MISMATCH" else [f"{kind}: {detail}"]


def test_every_excuse_of_the_deployer_is_needed() -> None:
    seen = {
        detail
        for document in DEPLOYER.values()
        for finding in findings(document)
        for detail in _details(finding)
    }

    assert set(EXCUSED_OF_THE_DEPLOYER) <= seen
