"""Correction of ministack 1.5.33's EventBridge Scheduler: what a schedule tells its target."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any


def install() -> None:
    """Fill in the context attributes of a target's input, which ministack hands on as they are."""
    from ministack.services import eventbridge

    invoke = eventbridge._invoke_target

    def invoke_in_context(target: Any, event: Any, rule: Any, *args: Any) -> Any:
        if event.get("Source") == "aws.scheduler" and target.get("Input"):
            target = {**target, "Input": told(target["Input"], event)}
        return invoke(target, event, rule, *args)

    eventbridge._invoke_target = invoke_in_context


def told(text: str, event: dict[str, Any]) -> str:
    """The input with `<aws.scheduler.scheduled-time>` and its siblings said."""
    # A cron fires on the minute; the ticker notices some seconds later.
    moment = datetime.fromtimestamp(event["Time"], UTC).replace(second=0, microsecond=0)
    for name, value in {
        "scheduled-time": moment.isoformat().replace("+00:00", "Z"),
        "schedule-arn": (event.get("Resources") or [""])[0],
        "execution-id": uuid.uuid4().hex,
        "attempt-number": "1",
    }.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text
