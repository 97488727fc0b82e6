"""Who may start in an application: its runs hold their workers' capacity until they end."""

from __future__ import annotations

from local.emr_capacity import Capacity, Need, exceeded

# So long does a driver on EMR wait for an executor before it gives up.
STARVED_S = 1200
NO_PLACE = "Job failed as application has exceeded maximumCapacity settings: "
NO_WORKER = (
    "Job failed due to Worker could not be allocated as the application has exceeded "
    "maximumCapacity settings: "
)


class CapacityExceeded(Exception):
    """A run that EMR fails because its application is full."""


class Admission:
    """What the runs of each application hold."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, Capacity]] = {}

    def enter(self, application: str, run: str, need: Need, limit: Capacity | None) -> bool:
        """Take the workers of a run; False when there is room for its driver alone."""
        if over := exceeded(need.driver, limit) or exceeded(self._with(application, need), limit):
            raise CapacityExceeded(f"{NO_PLACE}{over}")
        if over := exceeded(need.whole, limit):
            raise CapacityExceeded(f"{NO_WORKER}{over}")
        self._held.setdefault(application, {})[run] = need.driver
        return self.grow(application, run, need, limit)

    def grow(self, application: str, run: str, need: Need, limit: Capacity | None) -> bool:
        """Take a run's executors as well, if there is room for them now."""
        others = self._of(application, but=run)
        if exceeded(others + need.whole, limit):
            return False
        self._held[application][run] = need.whole
        return True

    def leave(self, application: str, run: str) -> None:
        """Give back what a run holds."""
        self._held.get(application, {}).pop(run, None)

    def _with(self, application: str, need: Need) -> Capacity:
        return self._of(application) + need.driver

    def _of(self, application: str, but: str = "") -> Capacity:
        held = self._held.get(application, {})
        return sum((taken for run, taken in held.items() if run != but), Capacity())
