"""Corrections of ministack 1.5.33's EventBridge Scheduler.

Schedules fire in the zone that they name (ministack: in UTC), at most a second after their turn,
and tell their target the time of the turn; what AWS takes for no schedule is refused.
"""

from __future__ import annotations

import logging
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ministack.core.responses import request_scope

from local.schedule_times import NotASchedule, Times

TICK_S: Final = 1
logger = logging.getLogger("schedules")


def install() -> None:
    """Put the corrections in place, before ministack starts its ticker."""
    from ministack.services import scheduler

    clock = Clock(datetime.now(UTC))
    scheduler._SCHEDULE_TICK_INTERVAL = TICK_S
    scheduler._tick_schedules = lambda: clock.tick(time.time())
    for change in ("_create_schedule", "_update_schedule"):
        setattr(scheduler, change, _checked(getattr(scheduler, change)))


class Clock:
    """Fires each enabled schedule when its turn has come."""

    def __init__(self, started: datetime) -> None:
        self._started = started
        # Until when the turns of a schedule have been fired; one that is changed begins anew.
        self._fired: dict[tuple[Any, ...], datetime] = {}

    def tick(self, now: float) -> None:
        """Fire what has had its turn since the last tick; of several turns, the last one only."""
        from ministack.services import scheduler

        moment = datetime.fromtimestamp(now, UTC)
        fired = {}
        for place, schedule in list(scheduler._schedules._data.items()):
            if schedule["State"] != "ENABLED" or not _in_force(schedule, now):
                continue
            key = (*place, schedule["LastModificationDate"])
            turn = _last_turn(schedule, self._fired.get(key) or self._begin(schedule), moment)
            fired[key] = moment
            if turn is not None:
                self._fire(place, schedule, turn)
                if _is_over(schedule):
                    scheduler._schedules._data.pop(place, None)
        self._fired = fired

    def _begin(self, schedule: dict[str, Any]) -> datetime:
        """From when the turns of a schedule count: its last change, and never before this process.

        A one-time schedule may be made within the very minute that it names.
        """
        changed = datetime.fromtimestamp(schedule["LastModificationDate"], UTC)
        grace = timedelta(minutes=1) if _is_one_time(schedule) else timedelta(microseconds=1)
        return max(changed - grace, self._started)

    def _fire(self, place: tuple[str, str, str], schedule: dict[str, Any], turn: datetime) -> None:
        from ministack.services import eventbridge

        account, region, _ = place
        event = {
            "EventId": str(uuid.uuid4()),
            "Source": "aws.scheduler",
            "DetailType": "Scheduled Event",
            "Detail": "{}",
            "Time": turn.timestamp(),
            "Resources": [schedule["Arn"]],
            "Account": account,
            "Region": region,
        }
        target = schedule["Target"]
        if target.get("Input"):
            target = {**target, "Input": in_context(target["Input"], schedule["Arn"], turn)}
        with request_scope(account, region):
            try:
                eventbridge._invoke_target(target, event, schedule)
            except Exception:
                logger.exception("the schedule %s cannot reach its target", schedule["Arn"])


def in_context(text: str, schedule_arn: str, turn: datetime) -> str:
    """A target's input with AWS's context attributes filled in, as plain text."""
    for name, value in {
        "scheduled-time": turn.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "schedule-arn": schedule_arn,
        "execution-id": uuid.uuid4().hex,
        "attempt-number": "1",
    }.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _last_turn(schedule: dict[str, Any], since: datetime, until: datetime) -> datetime | None:
    created = datetime.fromtimestamp(schedule["CreationDate"], UTC)
    times = Times.of(schedule["ScheduleExpression"], _zone(schedule), created)
    last = None
    while (turn := times.first_after(last or since)) is not None and turn <= until:
        last = turn
    return last


def _checked(change: Any) -> Any:
    """CreateSchedule or UpdateSchedule that refuses what would never have a turn."""
    from ministack.services import scheduler

    def changed(name: str, body: dict[str, Any]) -> Any:
        try:
            Times.of(body.get("ScheduleExpression") or "", _zone(body), datetime.now(UTC))
        except NotASchedule as error:
            return scheduler._error(400, "ValidationException", str(error))
        return change(name, body)

    return changed


def _in_force(schedule: dict[str, Any], now: float) -> bool:
    from ministack.services import scheduler

    start = scheduler._to_epoch(schedule.get("StartDate"))
    end = scheduler._to_epoch(schedule.get("EndDate"))
    return (start is None or now >= start) and (end is None or now <= end)


def _is_one_time(schedule: dict[str, Any]) -> bool:
    return str(schedule["ScheduleExpression"]).startswith("at(")


def _is_over(schedule: dict[str, Any]) -> bool:
    return _is_one_time(schedule) and schedule.get("ActionAfterCompletion") == "DELETE"


def _zone(schedule: dict[str, Any]) -> str:
    return str(schedule.get("ScheduleExpressionTimezone") or "UTC")
