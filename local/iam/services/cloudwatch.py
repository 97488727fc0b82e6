"""CloudWatch: an alarm publishes by its topic's policy, a log group is locked by its key's."""

from __future__ import annotations

import logging
from typing import Any

from local.iam.facts import CloudFacts
from local.iam.grants import key_lets, service_may
from local.iam.needs import Need, encryption_context

ALARMS = "cloudwatch.amazonaws.com"
LOG_VERBS = ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "DescribeKey")
logger = logging.getLogger("iam")


def install() -> None:
    """Let alarms and log groups do what policies let them."""
    from ministack.services import cloudwatch, cloudwatch_logs

    publish_by_the_topic_s_policy(cloudwatch)
    lock_by_the_key_s_policy(cloudwatch_logs)


def publish_by_the_topic_s_policy(cloudwatch: Any) -> None:
    """An alarm whose topic or key does not let CloudWatch in is not heard."""
    dispatch = cloudwatch._dispatch_alarm_actions
    lists = ("AlarmActions", "OKActions", "InsufficientDataActions")

    def dispatch_allowed(alarm: dict[str, Any], *rest: Any) -> None:
        source = str(alarm.get("AlarmArn", ""))
        heard = {name: [to for to in alarm.get(name) or [] if lets(to, source)] for name in lists}
        dispatch({**alarm, **heard}, *rest)

    cloudwatch._dispatch_alarm_actions = dispatch_allowed


def lets(topic_arn: str, source: str) -> bool:
    """Whether an alarm may do its action; what is no topic is not checked."""
    from ministack.services import sns

    topic = sns._topic_by_arn_any_scope(topic_arn) if ":sns:" in topic_arn else None
    if topic is None:
        return True
    policy = (topic.get("attributes") or {}).get("Policy")
    key = CloudFacts().topic_key(topic_arn)
    need = Need("sns:Publish", topic_arn, way="topic policy")
    answers = (
        service_may(ALARMS, source, need, policy),
        key_lets(ALARMS, source, key, "GenerateDataKey", "Decrypt"),
    )
    return all(answers)


def lock_by_the_key_s_policy(cloudwatch_logs: Any) -> None:
    """Refuse a log group whose key does not let CloudWatch Logs use it for this group."""
    from ministack.core.responses import get_region

    create = cloudwatch_logs._create_log_group

    def create_checked(data: dict[str, Any]) -> Any:
        key = data.get("kmsKeyId")
        group = cloudwatch_logs._make_group_arn(data.get("logGroupName")).removesuffix(":*")
        context = encryption_context(aws__logs__arn=group)
        service = f"logs.{get_region()}.amazonaws.com"
        if key and not key_lets(service, group, key, *LOG_VERBS, context=context):
            text = f"The specified KMS key does not exist or is not allowed to be used with {group}"
            return cloudwatch_logs.error_response_json("InvalidParameterException", text, 400)
        return create(data)

    cloudwatch_logs._create_log_group = create_checked
