"""What a resource's own policy lets a service do: queues, topics, functions and keys."""

from __future__ import annotations

from typing import Any

from local.iam.decisions import enforced, note
from local.iam.journal import ALLOW, DENY
from local.iam.needs import Context, Need

# EventBridge tells a topic's policy nothing of the rule: a condition there is never met.
WITHOUT_CONDITIONS = {"events.amazonaws.com": ("topic policy",)}


def service_may(service: str, source_arn: str, need: Need, policy: Any) -> bool:
    """Whether a policy lets a service do this for a resource; noted, and true while observing."""
    from ministack.core import iam_evaluator
    from ministack.core.responses import get_account_id, get_region

    source = {"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()}
    if need.way in WITHOUT_CONDITIONS.get(service, ()):
        source = {}
    context = {
        **{name.lower(): value for name, value in need.context.items()},
        **source,
    }
    need = Need(need.action, need.resource, context, need.way)
    asked = iam_evaluator.EvalContext(
        principal_arn="", principal_type="Service", principal_account="",
        action=need.action, resource_arn=need.resource, region=get_region(),
        service_context=context, secure_transport=True,
    )  # fmt: skip
    result = iam_evaluator.evaluate_resource_policy(policy, asked, service=service)
    if result.decision == "Allow":
        note(ALLOW, service, need, statement=result.matched_sid)
        return True
    reason = (
        f"{service} is not authorized to perform: {need.action} on resource: {need.resource} "
        f"for {source_arn} because no resource-based policy allows the {need.action} action"
    )
    note(DENY, service, need, reason=reason)
    return not enforced()


def key_lets(
    service: str, source_arn: str, key: str | None, *verbs: str, context: Context | None = None
) -> bool:
    """Whether a key's policy lets a service use it; true where there is no key."""
    from ministack.services import kms

    if not key:
        return True
    policy = (kms._resolve_key(key) or {}).get("Policy")
    needs = [Need(f"kms:{verb}", key, context or {}, "key policy") for verb in verbs]
    # Each is asked, so that each is in the journal.
    answers = [service_may(service, source_arn, need, policy) for need in needs]
    return all(answers)
