"""What deploying needs: names filled in, short enough for AWS, and no more than one environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.deployment import deployer
from scripts.deployment.deployer import LONGEST, Place, dense, documents
from scripts.deployment.teardown import MANAGED_RULE

ACCOUNT = "123456789012"
DEV = Place.of("dev", ACCOUNT)
# Where AWS takes nothing but *, and why.
BARE = {
    "MakeTheKey": "a key that is to be made has no ARN yet, and a list knows no resources",
    "WakeFunctions": "what wakes a function has no ARN yet; the condition names the functions",
    "MakeTheSparkApplication": "an application that is to be made has no ARN yet",
    "CheckPipelines": "a definition is checked before there is a machine",
    "DefinitionsOfTasks": "AWS's list has no resource for them, nor for a login to the registry",
    "Subscriptions": "AWS's list has no resource for them",
    "SizesOfStreams": "a limit is the account's; AWS's lists differ about the other two",
    "FindWhatWorks": "lists know no resources",
    "DeliverAccessLogs": "the delivery of logs knows no resources",
    "LookBeforeDeploying": "quotas and settings are the account's",
    "LookAtTheNetwork": "EC2's describes know no resources",
}
# What AWS names by random ids: of the account and region, not of the lake.
BY_ID = ("/apis", "/tags/", ":event-source-mapping:", ":/applications/", ":key/", ":ec2:")


def statements(place: Place = DEV) -> list[dict[str, Any]]:
    return [each for document in documents(place).values() for each in document["Statement"]]


def words(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("env", ["dev", "prod", "laptop"])
def test_each_policy_is_short_enough_for_aws(env: str) -> None:
    # As long as names may be, in the region with the longest name.
    place = Place(
        ACCOUNT, "ap-southeast-1", f"tfm-dgv-mbdde-{env:x<10}", "tfm_dgv_mbdde_", "aws-cn"
    )

    for name, document in documents(place).items():
        assert len(dense(document)) <= LONGEST, name
        assert len(name) <= 128
    assert len(documents(place)) <= 10, "a role carries ten managed policies"


def test_names_are_terraforms_own() -> None:
    assert Place(ACCOUNT, "eu-west-1", "tfm-dgv-mbdde-dev", "tfm_dgv_mbdde_") == DEV


def test_an_environments_own_values_come_first(tmp_path: Path) -> None:
    environments = tmp_path / "terraform" / "environments"
    environments.mkdir(parents=True)
    usual = (deployer.ROOT / "terraform" / "variables.tf").read_text()
    (tmp_path / "terraform" / "variables.tf").write_text(usual)
    (environments / "dev.tfvars").write_text('env = "dev"\nowner = "ana"\nregion = "eu-south-2"\n')

    place = Place.of("dev", ACCOUNT, tmp_path)

    assert place == Place(ACCOUNT, "eu-south-2", "tfm-ana-mbdde-dev", "tfm_ana_mbdde_")


def test_no_action_is_wild_and_no_name_stands_twice() -> None:
    actions = [action for each in statements() for action in words(each["Action"])]
    names = [each["Sid"] for each in statements()]

    assert [action for action in actions if "*" in action] == []
    assert len(names) == len(set(names))


def test_a_bare_resource_stands_only_where_aws_demands_it() -> None:
    bare = {each["Sid"] for each in statements() if "*" in words(each["Resource"])}

    assert bare == set(BARE)


def test_everything_that_has_a_name_is_this_environments() -> None:
    for each in statements():
        for resource in words(each["Resource"]):
            own = any(name in resource for name in (DEV.prefix, DEV.database_prefix))
            service_role = resource.endswith((":role/aws-service-role/*", f":rule/{MANAGED_RULE}"))
            catalog = resource.endswith(":catalog")
            by_id = any(part in resource for part in BY_ID)
            assert own or resource == "*" or service_role or catalog or by_id, (each, resource)


def test_roles_are_handed_to_the_services_that_the_lake_uses() -> None:
    passing = [each for each in statements() if "iam:PassRole" in words(each["Action"])]

    (only,) = passing
    services = only["Condition"]["StringEquals"]["iam:PassedToService"]
    assert sorted(services) == [
        f"{name}.amazonaws.com"
        for name in ("ecs-tasks", "firehose", "lambda", "scheduler", "states")
    ]
    assert only["Resource"] == f"arn:aws:iam::{ACCOUNT}:role/{DEV.prefix}-*"


def test_who_deploys_can_give_nothing_to_itself() -> None:
    roles = [
        resource.rstrip("*")
        for each in statements()
        if any(action.startswith("iam:") for action in words(each["Action"]))
        for resource in words(each["Resource"])
    ]

    assert DEV.role_arn == f"arn:aws:iam::{ACCOUNT}:role/deployer-tfm-dgv-mbdde-dev"
    assert not any(DEV.role_arn.startswith(start) for start in roles)


def test_the_documents_are_written_for_an_administrator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = deployer.main(["--env", "dev", "--account", ACCOUNT, "--out", str(tmp_path / "out")])

    assert code == 0
    files = sorted((tmp_path / "out").iterdir())
    assert capsys.readouterr().out.splitlines() == [str(file) for file in files]
    assert [json.loads(file.read_text()) for file in files] == list(documents(DEV).values())
    assert not any("${" in file.read_text() for file in files)


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield boto3.client("iam")


def attached(iam: Any) -> dict[str, Any]:
    """What the role may do, by the names of its policies."""
    found = {}
    for each in iam.list_attached_role_policies(RoleName=DEV.role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=each["PolicyArn"])["Policy"]["DefaultVersionId"]
        answer = iam.get_policy_version(PolicyArn=each["PolicyArn"], VersionId=version)
        found[each["PolicyName"]] = answer["PolicyVersion"]["Document"]
    return found


def test_an_administrator_makes_the_role_once_and_renews_it_later(iam: Any) -> None:
    ana = f"arn:aws:iam::{ACCOUNT}:role/ana"

    assert deployer.main(["--env", "dev", "--account", ACCOUNT, "--make", "--trust", ana]) == 0
    assert attached(iam) == documents(DEV)
    role = iam.get_role(RoleName=DEV.role)["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": [ana]}

    policy = f"arn:aws:iam::{ACCOUNT}:policy/{DEV.role}-roles"
    old = json.dumps({"Version": "2012-10-17", "Statement": statements()[:1]})
    for _ in range(7):  # AWS keeps five versions
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=old, SetAsDefault=True)
        deployer.enrol(iam, DEV)
        assert attached(iam) == documents(DEV)
    account = f"arn:aws:iam::{ACCOUNT}:root"
    role = iam.get_role(RoleName=DEV.role)["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": [account]}
    assert len(iam.list_policy_versions(PolicyArn=policy)["Versions"]) <= 5
