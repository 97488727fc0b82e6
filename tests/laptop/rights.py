"""What the lake's roles may do and what they did, as the laptop's journal of IAM has it."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from local.iam import journal
from local.iam.journal import ALLOW, DENY, Decision
from tests.laptop.journey import Lake
from tests.laptop.unused_grants import UNUSED


class Grant(NamedTuple):
    """One action of one statement of a role, without the lake's prefix."""

    role: str
    statement: str
    action: str


def denied(decisions: list[Decision]) -> list[str]:
    """The denials, as sentences."""
    return [str(each) for each in decisions if each.verdict == DENY]


def policies(lake: Lake) -> dict[str, list[dict[str, Any]]]:
    """The inline policies of each role of the lake, with the names that they have there."""
    iam = lake.client("iam")
    found: dict[str, list[dict[str, Any]]] = {}
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            name = role["RoleName"]
            for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                policy = iam.get_role_policy(RoleName=name, PolicyName=inline)
                document = policy["PolicyDocument"]
                document = json.loads(document) if isinstance(document, str) else document
                found.setdefault(name, []).append({"name": inline, "document": document})
    return found


def granted(lake: Lake, prefix: str) -> set[Grant]:
    """Every action that a role was granted."""
    return {
        Grant(role.removeprefix(prefix), statement["Sid"], action)
        for role, inline in policies(lake).items()
        for policy in inline
        for statement in policy["document"]["Statement"]
        for action in _actions(statement)
    }


def used(lake: Lake, grants: set[Grant], prefix: str) -> set[Grant]:
    """The grants by which something was allowed."""
    allowed = {
        (each.role.removeprefix(prefix), each.statement, each.action)
        for each in journal.read(lake.state_dir)
        if each.verdict == ALLOW
    }
    return {
        grant
        for grant in grants
        if any(
            (role, statement) == grant[:2] and fnmatchcase(action, grant.action)
            for role, statement, action in allowed
        )
    }


class Reason(NamedTuple):
    """Why roles have actions of a statement that no journey uses; all three are patterns."""

    role: str
    statement: str
    action: str
    why: str

    def covers(self, grant: Grant) -> bool:
        """Whether the reason is one for this grant."""
        return all(map(fnmatchcase, grant, self[:3]))


def reasons() -> list[Reason]:
    """The list of grants that no journey uses, one by one."""
    return [
        Reason(role, statement, action, why)
        for why, entries in UNUSED.items()
        for role, statement, *actions in entries
        for action in actions
    ]


def _actions(statement: dict[str, Any]) -> list[str]:
    actions = statement.get("Action", [])
    return [actions] if isinstance(actions, str) else list(actions)
