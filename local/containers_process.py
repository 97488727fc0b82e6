"""One container of a task as a process: its program, environment, output and end."""

from __future__ import annotations

import json
import os
import re
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

from local.installed import REPOSITORY
from local.job_cloud import cloud_environment

Scope = tuple[str, str]
# What a process gets of this one's environment; the rest is the task definition's to say.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")
_ENTRYPOINT = re.compile(r"^ENTRYPOINT (\[.*\])\s*$", re.MULTILINE)


class CannotStart(RuntimeError):
    """A task that can't run here; the text is what ECS says as its reason."""


def start(task: dict[str, Any], definition: dict[str, Any], scope: Scope) -> list[Container]:
    """The processes of a task; called in its scope."""
    overrides = {
        each.get("name"): each
        for each in (task.get("overrides") or {}).get("containerOverrides") or []
    }
    started = []
    for described in definition["containerDefinitions"]:
        override = overrides.get(described["name"], {})
        started.append(Container(task["taskArn"], described, override, scope))
    return started


class Container:
    """A running process; its group ends with it."""

    def __init__(
        self, task_arn: str, described: dict[str, Any], override: dict[str, Any], scope: Scope
    ) -> None:
        self.scope = scope
        self.essential = bool(described.get("essential", True))
        self.program, entrypoint = program_of(described["image"])
        task_id = task_arn.rpartition("/")[2]
        self._folder = Path(os.environ["LAKE_STATE_DIR"]) / "containers" / task_id
        self._folder.mkdir(parents=True, exist_ok=True)
        command = override.get("command") or described.get("command") or []
        self.started = time.monotonic()
        self._process = subprocess.Popen(
            # -X means nothing to Python; it tells a later start of the cloud whose process this is.
            [sys.executable, "-X", f"container={self._folder}", *entrypoint[1:], *command],
            cwd=self._folder,
            env=self._environment(described, override),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        (self._folder / "pid").write_text(str(self._process.pid))
        log = ecs._awslogs_config(described, task_id, task_id)
        self._shipping = threading.Thread(target=self._ship, args=(log,), daemon=True)
        self._shipping.start()

    def runs(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int:
        """As Docker counts: 128 and more for a signal."""
        code = self._process.returncode or 0
        return code if code >= 0 else 128 - code

    def end(self, patience: float) -> None:
        """SIGTERM, patience, SIGKILL; nothing of it is left behind."""
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

    def _environment(self, described: dict[str, Any], override: dict[str, Any]) -> dict[str, str]:
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        pairs = [*(described.get("environment") or []), *(override.get("environment") or [])]
        return {
            **passed,
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            # In a container /tmp is its own.
            "TMPDIR": str(self._folder),
            "HEALTH_FILE": str(self._folder / "health.json"),
            **cloud_environment(*self.scope),
            **{pair["name"]: pair["value"] for pair in pairs},
            **ecs._resolve_container_secrets(described),
        }

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


def program_of(image: str) -> tuple[str, list[str]]:
    """The service of this checkout that an image is built from, and its entry point."""
    repository = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    for dockerfile in sorted((REPOSITORY / "services").glob("*/Dockerfile")):
        name = dockerfile.parent.name
        if repository.endswith(name.replace("_", "-")):
            found = _ENTRYPOINT.search(dockerfile.read_text())
            if found is None:
                raise CannotStart(f"{dockerfile} names no ENTRYPOINT")
            return name, json.loads(found[1])
    raise CannotStart(f"CannotPullContainerError: no service of this checkout is {repository}")
