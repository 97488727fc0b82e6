"""A container's health check: when it is due, and what its answers come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from subprocess import Popen
from typing import Any, Final

from local.containers_image import CannotStart

UNKNOWN: Final = "UNKNOWN"
HEALTHY: Final = "HEALTHY"
UNHEALTHY: Final = "UNHEALTHY"


@dataclass(frozen=True)
class Check:
    """The health check of a container definition, with ECS's own defaults."""

    command: tuple[str, ...]
    interval_s: float = 30
    timeout_s: float = 5
    retries: int = 3
    start_period_s: float = 0

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Check | None:
        """The check of a container; None where it has none (an image's own counts for nothing)."""
        declared = described.get("healthCheck")
        if not declared:
            return None
        form, *command = declared["command"]
        if form != "CMD" or command[:1] != ["python"]:
            raise CannotStart(f"a health check here is CMD python ..., not {declared['command']}")
        numbers = {
            "interval_s": declared.get("interval"),
            "timeout_s": declared.get("timeout"),
            "retries": declared.get("retries"),
            "start_period_s": declared.get("startPeriod"),
        }
        return cls(tuple(command), **{k: v for k, v in numbers.items() if v is not None})


class Health:
    """What the checks of one container came to; `look` is called often and never waits."""

    def __init__(
        self, check: Check, started: float, run: Callable[[tuple[str, ...]], Popen[Any]]
    ) -> None:
        self.status = UNKNOWN
        self._check, self._run = check, run
        self._started, self._due = started, started + check.interval_s
        self._failures = 0
        self._running: Popen[Any] | None = None
        self._began = 0.0

    def look(self, now: float) -> str:
        """The status now; begins a check that is due, ends one that takes too long."""
        if self._running is None:
            if now >= self._due:
                self._running, self._began = self._run(self._check.command), now
            return self.status
        code = self._running.poll()
        if code is None and now - self._began >= self._check.timeout_s:
            self._running.kill()
            code = self._running.wait()
        if code is not None:
            self._running, self._due = None, now + self._check.interval_s
            self._count(passed=code == 0, age=now - self._started)
        return self.status

    def stop(self) -> None:
        """Leave no check behind."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None

    def _count(self, *, passed: bool, age: float) -> None:
        if passed:
            self.status, self._failures = HEALTHY, 0
        elif self.status != UNKNOWN or age > self._check.start_period_s:
            self._failures += 1
            if self._failures >= self._check.retries:
                self.status = UNHEALTHY
