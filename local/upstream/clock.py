"""A clock that can be set and sped up, so that a demo plays two days in minutes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class VirtualClock:
    """Real time until somebody sets it."""

    base: datetime = field(default_factory=lambda: datetime.now(UTC))
    speed: float = 1.0
    since: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """The moment that the stand-ins believe in."""
        return self.base + timedelta(seconds=(time.monotonic() - self.since) * self.speed)

    def set(self, now: datetime | None, speed: float | None) -> None:
        """Go on from a moment, at a speed; 0 stands still."""
        self.base = now or self.now()
        self.since = time.monotonic()
        self.speed = self.speed if speed is None else speed
