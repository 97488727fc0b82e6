"""Time as a poll sees it: now, how long is left, and how to wait."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Clock:
    """Passed in, so that no test waits and a demo may play another day."""

    remaining: Callable[[], float]
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def until(cls, remaining: Callable[[], float], at: datetime | None = None) -> Clock:
        """The real clock, or one that began to run at a moment of another day."""
        if at is None:
            return cls(remaining)
        began = time.monotonic()
        return cls(remaining, now=lambda: at + timedelta(seconds=time.monotonic() - began))
