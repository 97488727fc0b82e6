"""ECS for the laptop: a task of ministack's is a process of the same program that its image holds.

ministack keeps clusters, task definitions, services and tasks, and without Docker calls every task
RUNNING and runs nothing. Here each such task gets its process; one that ends by itself is told to
ECS, and a service's task is replaced, as on Fargate.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import ecs

from local.containers_health import HEALTHY, UNHEALTHY, UNKNOWN
from local.containers_image import CannotStart
from local.containers_process import Container, Scope, start

WATCH_S = 0.2
STEADY_S = 60.0
LONGEST_PAUSE_S = 30.0
STOP_TIMEOUT_S = 30.0
_WORST_FIRST = (UNHEALTHY, UNKNOWN, HEALTHY)
logger = logging.getLogger("containers")


class Engine:
    """Keeps processes as ECS says they should be."""

    def __init__(self) -> None:
        self._containers: dict[str, list[Container]] = {}
        self._over: set[str] = set()
        self._failures: dict[tuple[Scope, str], int] = {}
        self._due: dict[tuple[Scope, str, str], float] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch the tasks from now on."""
        self._thread = threading.Thread(target=self._watch, name="containers", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End every process; a service's tasks come back at the next start."""
        self._stopping.set()
        running = [container for group in self._containers.values() for container in group]
        await asyncio.gather(*(asyncio.to_thread(each.end, 3.0) for each in running))

    def health(self) -> dict[str, int]:
        """How many processes run, by program."""
        counts: dict[str, int] = {}
        for group in list(self._containers.values()):
            for container in group:
                counts[container.program] = counts.get(container.program, 0) + container.runs()
        return counts

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_S):
            try:
                self._look()
            except Exception:
                logger.exception("containers cannot be looked after")

    def _look(self) -> None:
        tasks = {arn: (account, region, task) for (account, region, arn), task in _tasks()}
        for arn, (account, region, task) in tasks.items():
            wanted = task.get("lastStatus") == "RUNNING"
            if wanted and arn not in self._containers and arn not in self._over:
                self._begin(arn, task, (account, region))
        for arn, group in list(self._containers.items()):
            found = tasks.get(arn)
            if found is None or found[2].get("lastStatus") != "RUNNING":
                self._end(arn, group)
            elif any(container.essential and not container.runs() for container in group):
                self._ended_by_itself(arn, found[2], group)
            else:
                self._look_at_health(arn, found[2], group)
        self._over &= tasks.keys()
        self._replace_due()

    def _begin(self, arn: str, task: dict[str, Any], scope: Scope) -> None:
        try:
            with request_scope(*scope):
                definition = ecs._task_defs[ecs._resolve_td_key(task["taskDefinitionArn"])]
                self._containers[arn] = start(task, definition, scope)
        except (CannotStart, ecs._SecretResolutionError, KeyError) as error:
            self._over.add(arn)
            logger.warning("task %s does not start: %s", arn, error)
            with request_scope(*scope):
                ecs._mark_task_stopped(arn, task, str(error), "TaskFailedToStart")
            self._replace_later(task, scope, 0.0)

    def _end(self, arn: str, group: list[Container]) -> None:
        """ECS stopped the task: its processes get time to finish, off this thread."""
        self._containers.pop(arn)
        self._over.add(arn)
        for container in group:
            threading.Thread(target=container.end, args=(STOP_TIMEOUT_S,), daemon=True).start()

    def _ended_by_itself(self, arn: str, task: dict[str, Any], group: list[Container]) -> None:
        ended = next(each for each in group if each.essential and not each.runs())
        scope = ended.scope
        self._end(arn, group)
        with request_scope(*scope):
            reason = "Essential container in task exited"
            ecs._mark_task_stopped(
                arn, task, reason, "EssentialContainerExited", exit_code=ended.exit_code
            )
        self._replace_later(task, scope, time.monotonic() - ended.started)

    def _look_at_health(self, arn: str, task: dict[str, Any], group: list[Container]) -> None:
        """Tell ECS what the checks say; a service's task that is ill is stopped and replaced."""
        for container, told in zip(group, task["containers"], strict=True):
            told["healthStatus"] = container.health()
        states = {each["healthStatus"] for each in task["containers"]}
        task["healthStatus"] = min(states, key=_WORST_FIRST.index)
        ill = [each for each in group if each.essential and each.health() == UNHEALTHY]
        if not ill or not str(task.get("group") or "").startswith("service:"):
            return
        self._end(arn, group)
        with request_scope(*ill[0].scope):
            reason = "Task failed container health checks"
            ecs._mark_task_stopped(arn, task, reason, "ServiceSchedulerInitiated")
        self._replace_later(task, ill[0].scope, time.monotonic() - ill[0].started)

    def _replace_later(self, task: dict[str, Any], scope: Scope, ran_s: float) -> None:
        """A service's task comes back, at once after a long life, ever later after short ones."""
        group = str(task.get("group") or "")
        if not group.startswith("service:"):
            return
        cluster = task["clusterArn"].rpartition("/")[2]
        key = f"{cluster}/{group.removeprefix('service:')}"
        failures = 0 if ran_s > STEADY_S else self._failures.get((scope, key), -1) + 1
        self._failures[scope, key] = failures
        pause = min(LONGEST_PAUSE_S, 0.5 * 2**failures)
        self._due[scope, cluster, key] = time.monotonic() + pause

    def _replace_due(self) -> None:
        for (scope, cluster, key), due in list(self._due.items()):
            if time.monotonic() >= due:
                del self._due[scope, cluster, key]
                with request_scope(*scope), suppress(KeyError):
                    ecs._reconcile_service_tasks(cluster, key)


def _tasks() -> list[tuple[tuple[str, str, str], dict[str, Any]]]:
    return list(ecs._tasks.all_items())


engine = Engine()
