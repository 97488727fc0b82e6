"""EventBridge Scheduler: it takes a schedule's role on behalf of the schedule's group."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from local.iam.decisions import AccessDenied, may
from local.iam.facts import CloudFacts
from local.iam.services.targets import target_needs
from local.iam.sessions import session, trusts

SERVICE = "scheduler.amazonaws.com"
NOT_ASSUMED = (
    "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
)
logger = logging.getLogger("iam")
Make = Callable[[str, dict[str, Any]], Any]


def install() -> None:
    """Refuse a schedule whose role trusts no group of its name, and a turn that it may not take."""
    from ministack.services import eventbridge, scheduler

    def trusting(make: Make) -> Make:
        def made(name: str, body: dict[str, Any]) -> Any:
            role = (body.get("Target") or {}).get("RoleArn")
            if role and not trusts(role, SERVICE, group_arn(body)):
                return scheduler._error(400, "ValidationException", NOT_ASSUMED)
            return make(name, body)

        return made

    invoke = eventbridge._invoke_target

    def invoke_as_its_role(target: Any, event: Any, schedule: Any, *rest: Any) -> Any:
        if event.get("Source") == "aws.scheduler":
            try:
                check_turn(target, schedule)
            except AccessDenied as error:
                logger.warning("a schedule's turn is lost: %s: %s", schedule.get("Arn"), error)
                return None
        return invoke(target, event, schedule, *rest)

    scheduler._create_schedule = trusting(scheduler._create_schedule)
    scheduler._update_schedule = trusting(scheduler._update_schedule)
    eventbridge._invoke_target = invoke_as_its_role


def group_arn(schedule: dict[str, Any]) -> str:
    """The source that a schedule's role sees: AWS names the group, never the schedule."""
    from ministack.core.responses import get_account_id, get_region

    group = schedule.get("GroupName") or "default"
    return f"arn:aws:scheduler:{get_region()}:{get_account_id()}:schedule-group/{group}"


def check_turn(target: dict[str, Any], schedule: dict[str, Any]) -> None:
    """Refuse a turn that the schedule's role may not take."""
    credentials = session(target["RoleArn"], SERVICE, group_arn(schedule), "schedule")
    may(credentials.access_key, *target_needs(target, CloudFacts()))
