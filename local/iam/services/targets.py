"""What a role needs to reach a target of a schedule or a rule."""

from __future__ import annotations

from typing import Any

from local.iam.facts import Facts
from local.iam.needs import Need, key_needs

ACTIONS = {
    "events": "events:PutEvents",
    "kinesis": "kinesis:PutRecord",
    "lambda": "lambda:InvokeFunction",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
    "states": "states:StartExecution",
}
WAY = "target"


def target_needs(target: dict[str, Any], facts: Facts) -> list[Need]:
    """The target itself, its key, and the queue for what could not be delivered."""
    dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn")
    needs = _reach(str(target["Arn"]), facts, WAY)
    return needs + (_reach(str(dead_letters), facts, "dead letters") if dead_letters else [])


def _reach(arn: str, facts: Facts, way: str) -> list[Need]:
    kind, region = arn.split(":")[2:4]
    action = ACTIONS.get(kind)
    if action is None:
        raise ValueError(f"nothing is known of a target like {arn}")
    keys = {"sqs": facts.queue_key, "sns": facts.topic_key}
    key = keys[kind](arn) if kind in keys else None
    return [Need(action, arn, way=way), *key_needs(key, kind, region, "GenerateDataKey", "Decrypt")]
