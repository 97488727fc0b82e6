"""The command works as the lake's operator: taken once, renewed, a clear word when refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lake_cli import roles
from lake_cli.deployment import LAPTOP, Deployment
from lake_cli.exits import Exit, Stop, told

ROLE = "arn:aws:iam::123456789012:role/tfm-dgv-mbdde-dev-operator"
ANA = "arn:aws:iam::123456789012:user/ana"
VALUES = {"region": "eu-west-1", "operator_role_arn": ROLE}


class Sts:
    """Gives a role's credentials for some minutes, or refuses; counts how often it was asked."""

    def __init__(self, minutes: float = 60, refusal: str = "", caller: str = ANA) -> None:
        self.minutes, self.refusal, self.caller = minutes, refusal, caller
        self.taken: list[dict[str, str]] = []

    def assume_role(self, **asked: str) -> dict[str, Any]:
        self.taken.append(asked)
        if self.refusal:
            said = {"Error": {"Code": self.refusal, "Message": "not for you"}}
            raise ClientError(said, "AssumeRole")
        number = len(self.taken)
        return {
            "Credentials": {
                "AccessKeyId": f"ASIA{number}",
                "SecretAccessKey": f"secret{number}",
                "SessionToken": f"token{number}",
                "Expiration": datetime.now(UTC) + timedelta(minutes=self.minutes),
            }
        }

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": self.caller}


def caller() -> boto3.Session:
    return boto3.Session("AKIAOWN", "secret", region_name="eu-west-1")


def key_of(session: boto3.Session) -> str:
    """The access key that a request would be signed with now."""
    return str(session.get_credentials().get_frozen_credentials().access_key)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("LAKE_ROLE", raising=False)
    with mock_aws():
        yield


def identity(deployment: Deployment) -> str:
    """Who AWS takes the command for."""
    return str(deployment.client("sts").get_caller_identity()["Arn"])


@pytest.mark.parametrize("env", ["dev", LAPTOP])
def test_the_command_works_as_the_lakes_operator(
    aws: None, env: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = VALUES | {"endpoint": "https://sts.eu-west-1.amazonaws.com"}

    found = identity(Deployment(env, values))

    assert found.endswith(":assumed-role/tfm-dgv-mbdde-dev-operator/lake")


def test_a_role_is_taken_once_however_many_clients_there_are() -> None:
    sts = Sts()

    session = roles.assumed(caller(), sts, ROLE)

    for service in ("s3", "sqs", "glue"):
        assert session.client(service)._request_signer._credentials.access_key == "ASIA1"
    assert sts.taken == [{"RoleArn": ROLE, "RoleSessionName": "lake"}]
    assert session.region_name == "eu-west-1"


def test_a_role_that_ages_is_taken_again() -> None:
    sts = Sts(minutes=5)  # within botocore's margin: a backfill runs longer than an hour

    session = roles.assumed(caller(), sts, ROLE)

    assert key_of(session) == "ASIA2"
    assert len(sts.taken) == 2


def test_who_may_not_take_it_reads_what_to_do() -> None:
    with pytest.raises(Stop) as stopped:
        roles.assumed(caller(), Sts(refusal="AccessDenied"), ROLE)

    assert stopped.value.message == f"{ANA} may not take the role {ROLE}"
    assert "operator_principals" in stopped.value.hint
    assert "LAKE_ROLE=none" in stopped.value.hint
    assert stopped.value.code == Exit.UNREACHABLE


def test_who_works_as_the_operator_already_need_not_take_it() -> None:
    own = caller()
    session = "arn:aws:sts::123456789012:assumed-role/tfm-dgv-mbdde-dev-operator/ana"

    assert roles.assumed(own, Sts(refusal="AccessDenied", caller=session), ROLE) is own


@pytest.mark.parametrize(
    "session",
    [
        "arn:aws:sts::123456789012:assumed-role/tfm-dgv-mbdde-prod-operator/ana",
        "arn:aws:sts::999999999999:assumed-role/tfm-dgv-mbdde-dev-operator/ana",
    ],
)
def test_another_lakes_operator_is_not_this_ones(session: str) -> None:
    with pytest.raises(Stop):
        roles.assumed(caller(), Sts(refusal="AccessDenied", caller=session), ROLE)


def test_what_else_goes_wrong_is_told_as_ever() -> None:
    with pytest.raises(Stop, match="does not accept the credentials"), told(None):
        roles.assumed(caller(), Sts(refusal="ExpiredToken"), ROLE)


def test_own_rights_and_another_role_can_be_chosen(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = identity(Deployment("dev", {"region": "eu-west-1"}))  # older than the role
    assert ":assumed-role/" not in own

    monkeypatch.setenv("LAKE_ROLE", "none")
    assert identity(Deployment("dev", VALUES)) == own

    monkeypatch.setenv("LAKE_ROLE", "arn:aws:iam::123456789012:role/auditor")
    assert ":assumed-role/auditor/" in identity(Deployment("dev", VALUES))
    assert identity(Deployment("dev", VALUES, role="none")) == own


def test_on_a_laptop_nobody_goes_round_the_role(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_ROLE", "none")
    values = VALUES | {"endpoint": "https://sts.eu-west-1.amazonaws.com"}

    assert "-operator/" in identity(Deployment(LAPTOP, values))
