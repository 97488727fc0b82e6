"""Engines know a caller by its role: the keys of one command are no reason to begin anew."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from local.iam.sessions import lasting

ANA = "arn:aws:sts::000000000000:assumed-role/operator/lake"


def session(arn: str = ANA, **more: Any) -> dict[str, Any]:
    return {"Arn": arn, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": 1.0, **more}


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """STS's own record of sessions, without the cloud around it."""
    known: dict[str, dict[str, Any]] = {}
    sts = ModuleType("ministack.services.sts")
    sts.__dict__.update(_sessions=known, register_session=known.__setitem__)
    services = ModuleType("ministack.services")
    services.__dict__.update(sts=sts)
    for name, module in (("ministack", ModuleType("ministack")), ("ministack.services", services)):
        monkeypatch.setitem(sys.modules, name, module)
    return known


def test_two_sessions_of_a_role_are_one_caller_to_an_engine(
    sessions: dict[str, dict[str, Any]],
) -> None:
    sessions |= {"ASIAFIRST": session(), "ASIASECOND": session()}

    key = lasting("ASIAFIRST")

    assert lasting("ASIASECOND") == key
    assert sessions[key]["Arn"] == ANA
    assert "Expiration" not in sessions[key], "an engine works on when the command is over"
    assert sessions[key]["SecretAccessKey"] not in ("", "s")


def test_another_role_is_another_caller(sessions: dict[str, dict[str, Any]]) -> None:
    sessions |= {"ASIAFIRST": session(), "ASIAOTHER": session(ANA.replace("operator", "reader"))}

    assert lasting("ASIAFIRST") != lasting("ASIAOTHER")


def test_a_session_that_was_narrowed_stays_what_it_is(sessions: dict[str, dict[str, Any]]) -> None:
    sessions |= {"ASIANARROW": session(SessionPolicies={"Policy": "{}"})}

    assert lasting("ASIANARROW") == "ASIANARROW"


def test_who_has_no_session_is_nobody(sessions: dict[str, dict[str, Any]]) -> None:
    assert lasting("test") == ""
