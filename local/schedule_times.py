"""When a schedule of EventBridge Scheduler has its turns: cron, rate or at, in a zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")


class NotASchedule(ValueError):
    """An expression or a zone that AWS takes for no schedule."""


@dataclass(frozen=True)
class Times:
    """The turns of one schedule; all moments are in UTC."""

    expression: str
    zone: ZoneInfo
    created: datetime
    _cron: Any = None

    @classmethod
    def of(cls, expression: str, zone: str, created: datetime) -> Times:
        """Read an expression; `NotASchedule` says what is wrong with it."""
        from ministack.services import eventbridge

        try:
            place = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise NotASchedule(f"Invalid ScheduleExpressionTimezone {zone}.") from None
        cron = eventbridge._parse_cron_fields(expression)
        if cron is None and not _RATE.fullmatch(expression) and not _AT.fullmatch(expression):
            raise NotASchedule(f"Invalid Schedule Expression {expression}.")
        return cls(expression, place, created, cron)

    def first_after(self, moment: datetime) -> datetime | None:
        """The first turn that is later than a moment, or None when there is none any more."""
        if rate := _RATE.fullmatch(self.expression):
            every = timedelta(**{f"{rate[2]}s": int(rate[1])})
            # The first one comes as the schedule is made.
            turns = max(0, (moment - self.created) // every + 1)
            return self.created + turns * every
        if once := _AT.fullmatch(self.expression):
            turn = datetime.fromisoformat(once[1]).replace(tzinfo=self.zone).astimezone(UTC)
            return turn if turn > moment else None
        return self._cron_after(moment)

    def _cron_after(self, moment: datetime) -> datetime | None:
        """By the clock on the wall: a time that is skipped in spring has no turn, one that comes
        twice in autumn has one."""
        from ministack.services import eventbridge

        wall: datetime | None = moment.astimezone(self.zone)
        while (wall := eventbridge._cron_next_fire(self._cron, wall)) is not None:
            turn: datetime = wall.astimezone(UTC)
            exists = turn.astimezone(self.zone).replace(tzinfo=None) == wall.replace(tzinfo=None)
            if exists and turn > moment:
                return turn
        return None
