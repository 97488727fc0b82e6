"""One container of a task as a process: its program, environment, output and end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import ecs

from local.containers_files import Files
from local.containers_health import UNKNOWN, Check, Health
from local.containers_image import CannotStart, image_of
from local.iam.decisions import AccessDenied
from local.iam.services.ecs_tasks import start_as_its_roles
from local.iam.sessions import Credentials
from local.installed import REPOSITORY
from local.job_cloud import cloud_environment

Scope = tuple[str, str]
# What a process gets of this one's environment; the rest is the task definition's to say.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


def start(task: dict[str, Any], definition: dict[str, Any], scope: Scope) -> list[Container]:
    """The processes of a task; called in its scope."""
    overrides = {
        each.get("name"): each
        for each in (task.get("overrides") or {}).get("containerOverrides") or []
    }
    started = []
    for described in definition["containerDefinitions"]:
        override = overrides.get(described["name"], {})
        try:
            credentials = start_as_its_roles(definition, described, *scope)
        except AccessDenied as error:
            raise CannotStart(f"ResourceInitializationError: {error}") from error
        started.append(Container(task["taskArn"], described, override, scope, credentials))
    return started


class Container:
    """A running process; its group ends with it."""

    def __init__(
        self,
        task_arn: str,
        described: dict[str, Any],
        override: dict[str, Any],
        scope: Scope,
        credentials: Credentials | None,
    ) -> None:
        self.scope = scope
        self.essential = bool(described.get("essential", True))
        image = image_of(described["image"])
        self.program = image.program
        task_id = task_arn.rpartition("/")[2]
        self._folder = Path(os.environ["LAKE_STATE_DIR"]) / "containers" / task_id
        check = Check.of(described)
        files = Files.of(described, image, self._folder)
        for folder in (self._folder, *(place.folder for place in files.places)):
            folder.mkdir(parents=True, exist_ok=True)
        self._words = [
            sys.executable,
            # -X means nothing to Python; it tells a later start of the cloud whose process this is.
            *("-X", f"container={self._folder}"),
            *("-m", "local.containers_root", json.dumps(files.guard())),
        ]
        pairs = [*(described.get("environment") or []), *(override.get("environment") or [])]
        environment = dict(image.environment) | {pair["name"]: pair["value"] for pair in pairs}
        self._environment = {
            **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            "PYTHONPATH": str(REPOSITORY),
            "TMPDIR": files.here("/tmp"),  # noqa: S108 - the container's own
            **cloud_environment(*scope, credentials),
            **{name: files.here(value) for name, value in environment.items()},
            **ecs._resolve_container_secrets(described),
        }
        command = override.get("command") or described.get("command") or []
        self.started = time.monotonic()
        self._process = self._run(
            (*image.entrypoint, *command),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        (self._folder / "pid").write_text(str(self._process.pid))
        self._health = check and Health(check, self.started, self._run_check)
        log = ecs._awslogs_config(described, task_id, task_id)
        self._shipping = threading.Thread(target=self._ship, args=(log,), daemon=True)
        self._shipping.start()

    def _run(self, command: tuple[str, ...], **options: Any) -> subprocess.Popen[Any]:
        return subprocess.Popen(
            [*self._words, *command],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **options,
        )

    def _run_check(self, command: tuple[str, ...]) -> subprocess.Popen[Any]:
        return self._run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def runs(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def health(self) -> str:
        """What the container's health check says, as ECS spells it."""
        return self._health.look(time.monotonic()) if self._health else UNKNOWN

    @property
    def exit_code(self) -> int:
        """As Docker counts: 128 and more for a signal."""
        code = self._process.returncode or 0
        return code if code >= 0 else 128 - code

    def end(self, patience: float) -> None:
        """SIGTERM, patience, SIGKILL; nothing of it is left behind."""
        if self._health:
            self._health.stop()
        with suppress(ProcessLookupError):
            if self.runs():
                self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._shipping.join(1)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ship(self, log: dict[str, Any] | None) -> None:
        """Every line to CloudWatch, as the awslogs driver does."""
        output = self._process.stdout
        if output is None:
            return
        with request_scope(*self.scope):
            writable = log is not None and ecs._ensure_awslogs_stream(log)
            for line in output:
                if writable:
                    ecs._emit_awslogs_event(log, line.rstrip("\n"))
