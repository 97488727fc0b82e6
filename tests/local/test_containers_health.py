"""Health checks as ECS counts them, by a clock that the test moves."""

from __future__ import annotations

from typing import Any

import pytest

from local.containers_health import HEALTHY, UNHEALTHY, UNKNOWN, Check, Health
from local.containers_image import CannotStart

COMMAND = ["CMD", "python", "-m", "services.weather_poller.health"]


class Answer:
    """A check's process that has its answer, or none for ever."""

    def __init__(self, code: int | None) -> None:
        self.code, self.killed = code, False

    def poll(self) -> int | None:
        return self.code

    def kill(self) -> None:
        self.killed, self.code = True, -9

    def wait(self) -> int | None:
        return self.code


class Checked:
    """A container that started at 0, with the answers of its checks to come."""

    def __init__(self, *codes: int | None, **numbers: Any) -> None:
        self.answers = [Answer(code) for code in codes]
        self._next = iter(self.answers)
        self.commands: list[tuple[str, ...]] = []
        check = Check.of({"healthCheck": {"command": COMMAND, **numbers}})
        assert check is not None
        self.health = Health(check, 0, self._run)

    def _run(self, command: tuple[str, ...]) -> Any:
        self.commands.append(command)
        return next(self._next)

    def at(self, *moments: float) -> list[str]:
        return [self.health.look(moment) for moment in moments]


def test_a_container_without_a_check_has_none() -> None:
    assert Check.of({"name": "poller"}) is None


def test_the_defaults_are_ecs_own() -> None:
    assert Check.of({"healthCheck": {"command": COMMAND}}) == Check(
        ("python", "-m", "services.weather_poller.health"), 30, 5, 3, 0
    )


def test_what_cannot_be_run_here_is_refused() -> None:
    with pytest.raises(CannotStart, match="CMD python"):
        Check.of({"healthCheck": {"command": ["CMD-SHELL", "curl localhost"]}})


def test_the_first_check_comes_after_one_interval_and_tells_the_health() -> None:
    container = Checked(0, interval=10)

    assert container.at(0, 9.9) == [UNKNOWN, UNKNOWN]
    assert container.commands == []
    assert container.at(10, 10.2) == [UNKNOWN, HEALTHY]
    assert container.commands == [("python", "-m", "services.weather_poller.health")]


def test_as_many_failures_in_a_row_as_retries_make_it_ill() -> None:
    container = Checked(1, 1, 0, 1, 1, 1, interval=10, retries=3)

    told = [container.at(moment, moment + 1)[-1] for moment in range(10, 76, 11)]

    assert told == [UNKNOWN, UNKNOWN, HEALTHY, HEALTHY, HEALTHY, UNHEALTHY]


def test_failures_within_the_start_period_do_not_count_until_it_was_well_once() -> None:
    patient = Checked(1, 1, 1, interval=10, retries=1, startPeriod=25)
    assert patient.at(10, 11, 21, 22) == [UNKNOWN] * 4
    assert patient.at(32, 33) == [UNKNOWN, UNHEALTHY]

    begun = Checked(0, 1, interval=10, retries=1, startPeriod=300)
    assert begun.at(10, 11, 21, 22) == [UNKNOWN, HEALTHY, HEALTHY, UNHEALTHY]


def test_a_check_that_takes_too_long_is_ended_and_has_failed() -> None:
    container = Checked(None, interval=10, timeout=2, retries=1)

    assert container.at(10, 11.9) == [UNKNOWN, UNKNOWN]
    assert not container.answers[0].killed
    assert container.at(12) == [UNHEALTHY]
    assert container.answers[0].killed


def test_a_container_that_ends_leaves_no_check_behind() -> None:
    container = Checked(None, interval=10)
    container.at(10)

    container.health.stop()

    assert container.answers[0].killed
