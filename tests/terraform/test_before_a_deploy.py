"""What a deploy asks AWS before it applies, asked about the lake as Terraform plans it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.deployment.adoption import FINDERS, orphans
from scripts.deployment.preflight import Place, Plan, look
from tests.scripts.deploying import Answer, answering, limits, refusal
from tests.terraform.mocked_lake import ACCOUNT, Lake

REGION = "eu-west-1"
# Of a new account, as AWS tells it. Moto reads APIs only with a library that nothing else needs,
# and knows each workgroup that it is asked for.
NEW: Mapping[str, Answer] = {
    "GetAccountSettings": limits(10),
    "GetServiceQuota": {"Quota": {"Value": 16.0}},
    "GetApis": {"Items": []},
    "GetWorkGroup": refusal("InvalidRequestException", text="WorkGroup is not found."),
}


@pytest.fixture(autouse=True)
def _new_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws(), answering(NEW):
        yield


def first_plan(lake: Lake) -> Mapping[str, Any]:
    """The plan of a first apply: everything is to be made."""
    return {
        "variables": {"env": {"value": lake.env}, "region": {"value": REGION}},
        "resource_changes": [
            {
                "address": resource.address,
                "mode": "managed",
                "type": resource.kind,
                "change": {"actions": ["create"], "before": None, "after": resource.values},
            }
            for resource in lake.resources
        ],
    }


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def test_a_new_account_takes_dev_as_it_is(dev: Lake) -> None:
    report = look(Plan(first_plan(dev)), Place(ACCOUNT, REGION))

    assert report.problems == []
    assert [warning.partition(":")[0] for warning in report.warnings] == [
        "this account runs 10 Lambdas at once"
    ]


def test_names_that_are_taken_are_those_of_the_lake(dev: Lake) -> None:
    (first, *_) = (resource["name"] for resource in dev.all("aws_glue_catalog_database"))
    client("glue").create_database(DatabaseInput={"Name": first})

    report = look(Plan(first_plan(dev)), Place(ACCOUNT, REGION))

    (problem,) = report.problems
    assert problem.startswith(f"the Glue database {first}: there already, and not in this")


def test_whatever_a_cut_off_apply_may_have_made_is_looked_for(lake: Lake) -> None:
    plan = first_plan(lake)
    assert list(orphans(plan, client)) == []
    for resource in lake.all("aws_iam_role"):
        client("iam").create_role(RoleName=resource["name"], AssumeRolePolicyDocument="{}")

    found = {orphan.address: orphan.identifier for orphan in orphans(plan, client)}

    assert found == {resource.address: resource["name"] for resource in lake.all("aws_iam_role")}


def test_every_kind_that_is_looked_for_is_one_of_the_lakes(prod: Lake, laptop: Lake) -> None:
    kinds = {resource.kind for resource in (*prod.resources, *laptop.resources)}

    assert set(FINDERS) <= kinds
