"""EventBridge's rules: a queue, topic or function by its own policy, other targets by a role."""

from __future__ import annotations

import logging
from typing import Any

from local.iam.decisions import AccessDenied, may
from local.iam.facts import CloudFacts
from local.iam.grants import key_lets, service_may
from local.iam.needs import Need
from local.iam.services.targets import target_needs
from local.iam.sessions import session

SERVICE = "events.amazonaws.com"
KEY_VERBS = ("GenerateDataKey", "Decrypt")
logger = logging.getLogger("iam")


def install() -> None:
    """Deliver to a target only what may be delivered; AWS counts the others as failed."""
    from ministack.services import eventbridge

    invoke = eventbridge._invoke_target

    def invoke_allowed(target: Any, event: Any, rule: Any, *rest: Any) -> Any:
        if event.get("Source") == "aws.scheduler" or delivers(target, rule):
            return invoke(target, event, rule, *rest)
        logger.warning("a rule's target is not allowed: %s to %s", rule["Arn"], target["Arn"])
        return None

    eventbridge._invoke_target = invoke_allowed


def delivers(target: dict[str, Any], rule: dict[str, Any]) -> bool:
    """Whether a rule may deliver to its target."""
    arn, source = str(target.get("Arn", "")), str(rule.get("Arn", ""))
    kind = arn.split(":")[2] if arn.count(":") >= 5 else ""
    if kind in ("sqs", "sns", "lambda"):
        return _by_its_policy(kind, arn, source)
    if target.get("RoleArn"):
        try:
            credentials = session(target["RoleArn"], SERVICE, source, "rule")
            may(credentials.access_key, *target_needs(target, CloudFacts()))
        except AccessDenied:
            return False
    return True


def _by_its_policy(kind: str, arn: str, source: str) -> bool:
    from ministack.services import lambda_svc, sns, sqs

    facts = CloudFacts()
    if kind == "lambda":
        known = lambda_svc.function_policy_for_arn(arn)
        need = Need("lambda:InvokeFunction", arn, way="function policy")
        return service_may(SERVICE, source, need, known and known[0])
    if kind == "sqs":
        policy = ((sqs._queue_by_arn(arn) or {}).get("attributes") or {}).get("Policy")
        need, key = Need("sqs:SendMessage", arn, way="queue policy"), facts.queue_key(arn)
    else:
        policy = ((sns._topic_by_arn_any_scope(arn) or {}).get("attributes") or {}).get("Policy")
        need, key = Need("sns:Publish", arn, way="topic policy"), facts.topic_key(arn)
    # Both are asked, so that both are in the journal.
    answers = service_may(SERVICE, source, need, policy), key_lets(SERVICE, source, key, *KEY_VERBS)
    return all(answers)
