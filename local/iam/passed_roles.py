"""The roles that a request hands over to a service: each needs iam:PassRole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.iam.needs import Need, Request

# Operation, the fields that hold a role's ARN (at any depth), and the service that gets it.
PASSED: dict[str, tuple[frozenset[str], str]] = {
    "ecs:RegisterTaskDefinition": (
        frozenset({"executionRoleArn", "taskRoleArn"}),
        "ecs-tasks.amazonaws.com",
    ),
    "ecs:RunTask": (frozenset({"executionRoleArn", "taskRoleArn"}), "ecs-tasks.amazonaws.com"),
    "emr-serverless:StartJobRun": (
        frozenset({"executionRoleArn"}),
        "emr-serverless.amazonaws.com",
    ),
    "events:PutTargets": (frozenset({"RoleArn"}), "events.amazonaws.com"),
    "firehose:CreateDeliveryStream": (frozenset({"RoleARN"}), "firehose.amazonaws.com"),
    "firehose:UpdateDestination": (frozenset({"RoleARN"}), "firehose.amazonaws.com"),
    "lambda:CreateFunction": (frozenset({"Role"}), "lambda.amazonaws.com"),
    "lambda:UpdateFunctionConfiguration": (frozenset({"Role"}), "lambda.amazonaws.com"),
    "scheduler:CreateSchedule": (frozenset({"RoleArn"}), "scheduler.amazonaws.com"),
    "scheduler:UpdateSchedule": (frozenset({"RoleArn"}), "scheduler.amazonaws.com"),
    "states:CreateStateMachine": (frozenset({"roleArn"}), "states.amazonaws.com"),
    "states:UpdateStateMachine": (frozenset({"roleArn"}), "states.amazonaws.com"),
}


def passed_roles(request: Request, action: str) -> list[Need]:
    """What the request needs for the roles in its body."""
    if action not in PASSED:
        return []
    fields, service = PASSED[action]
    roles = sorted(set(_values(request.json, fields)))
    return [
        Need("iam:PassRole", role, {"iam:PassedToService": service}, "a role handed over")
        for role in roles
    ]


def _values(tree: Any, fields: frozenset[str]) -> Iterator[str]:
    for name, value in tree.items() if isinstance(tree, dict) else ():
        if name in fields and isinstance(value, str) and value.startswith("arn:"):
            yield value
        else:
            yield from _values(value, fields)
    for item in tree if isinstance(tree, list) else ():
        yield from _values(item, fields)
