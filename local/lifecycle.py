"""Starting, stopping and looking at the laptop cloud; needs the standard library only."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from local.installed import REPOSITORY, LaptopError, cloud_python, spark_environment
from local.processes import alive, command_of, group_alive, wait

__all__ = ["HOST", "REGION", "LaptopCloud", "LaptopError"]

HOST = "127.0.0.1"
REGION = "eu-west-1"
HEALTH_PATH = "/_albufera/health"
LOG_LIMIT = 20_000_000
# What the cloud and its Lambda workers get of the user's environment: never credentials, profiles,
# proxies or Python paths.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LOG_LEVEL", "SYSTEMROOT")


class LaptopCloud:
    """One laptop cloud: a state folder and a port."""

    def __init__(self, state_dir: Path = REPOSITORY / ".laptop", port: int = 4566) -> None:
        self.state_dir = state_dir.resolve()
        self.port = port

    @property
    def endpoint(self) -> str:
        """The URL that every AWS client is pointed at."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """Where the cloud writes what it does."""
        return self.state_dir / "cloud.log"

    def environment(self) -> dict[str, str]:
        """Variables that make any AWS SDK and Terraform talk to this cloud and to nothing else."""
        own = self.state_dir / "aws.ini"
        direct = ",".join(
            dict.fromkeys(
                [*filter(None, os.environ.get("NO_PROXY", "").split(",")), HOST, "localhost"]
            )
        )
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "laptop",
            "AWS_SECRET_ACCESS_KEY": "laptop",
            "AWS_SESSION_TOKEN": "",
            "AWS_EC2_METADATA_DISABLED": "true",
            # A profile of the user's would bring real keys, or an error about a missing one.
            "AWS_PROFILE": "default",
            "AWS_CONFIG_FILE": str(own),
            "AWS_SHARED_CREDENTIALS_FILE": str(own),
            "NO_PROXY": direct,
            "no_proxy": direct,
        }

    def up(self, timeout: float = 60) -> None:
        """Start the cloud unless it runs already, and wait until it answers."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        (self.state_dir / "aws.ini").write_text(
            "[default]\naws_access_key_id = laptop\naws_secret_access_key = laptop\n"
            f"region = {REGION}\n"
        )
        with self._locked():
            health = self._health()
            if health is None and self._pid() is not None:
                # Started by somebody a moment ago, or stuck.
                health = self._await_health(timeout, lambda: self._pid() is not None)
            if health is None:
                self._refuse_a_taken_port()
                process = self._start()
                health = self._await_health(timeout, lambda: process.poll() is None)
                if health is None:
                    process.kill()
                    self._pid_file.unlink(missing_ok=True)
                # It is meant to outlive this program: Python must not warn about it.
                process.returncode = 0
            if health is None:
                raise LaptopError(f"The laptop cloud did not start; {self.log} says why.")
            if health.get("state_dir") != str(self.state_dir):
                raise LaptopError(
                    f"Port {self.port} is used by another laptop cloud ({health.get('state_dir')}):"
                    " stop that one, or set LAKE_PORT to a free port."
                )

    def down(self, timeout: float = 30) -> None:
        """Stop the cloud, wait until its state is saved, and leave none of its processes behind."""
        pid = self._pid()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            if not wait(lambda: not alive(pid), timeout):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                wait(lambda: not alive(pid), 5)
            self._end_group(pid)
        self._end_jobs()
        self._pid_file.unlink(missing_ok=True)

    def status(self) -> dict[str, Any]:
        """Whether it runs, where, and what its Spark is doing."""
        health = self._health() or {}
        ours = health.get("state_dir") == str(self.state_dir)
        return {
            "running": ours,
            "endpoint": self.endpoint,
            "port": self.port,
            "pid": health.get("pid") if ours else None,
            "state_dir": str(self.state_dir),
            "log": str(self.log),
            "spark": health.get("spark") if ours else None,
        }

    @property
    def _pid_file(self) -> Path:
        return self.state_dir / "cloud.pid"

    def _pid(self) -> int | None:
        """The process of the pid file, if it is alive and really this cloud."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if alive(pid) and str(self.state_dir) in command_of(pid) else None

    def _health(self) -> dict[str, Any] | None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.endpoint + HEALTH_PATH, timeout=2) as answer:
                health = json.load(answer)
        except (OSError, ValueError):
            return None
        return health if isinstance(health, dict) and "state_dir" in health else None

    def _await_health(self, timeout: float, lives: Callable[[], bool]) -> dict[str, Any] | None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and lives():
            if (health := self._health()) is not None:
                return health
            time.sleep(0.1)
        return None

    def _refuse_a_taken_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise LaptopError(
                    f"Port {self.port} is used by another program: stop it, or set LAKE_PORT to a"
                    " free port."
                ) from error

    def _start(self) -> subprocess.Popen[bytes]:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._end_jobs()
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [
                    str(cloud_python()),
                    *("-m", "local.cloud"),
                    *("--state-dir", str(self.state_dir)),
                    *("--port", str(self.port)),
                    *("--region", REGION),
                ],
                cwd=REPOSITORY,
                env=self._cloud_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._pid_file.write_text(str(process.pid))
        return process

    def _cloud_environment(self) -> dict[str, str]:
        passed = {
            name: value
            for name, value in os.environ.items()
            if name in PASSED_ON or name.startswith("LAKE_")
        }
        return {
            "LOG_LEVEL": "WARNING",
            # Dozens of threads that copy objects of megabytes would each keep what they freed.
            "MALLOC_ARENA_MAX": "2",
            **spark_environment(),
            **passed,
            "AWS_ACCESS_KEY_ID": "laptop",
            "AWS_SECRET_ACCESS_KEY": "laptop",
        }

    def _end_group(self, pid: int) -> None:
        """Lambda workers share the cloud's process group; most end by themselves with it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, number)
                wait(lambda: not group_alive(pid), 3)

    def _end_jobs(self) -> None:
        """A Spark or a container that a killed cloud left behind; each noted its process group."""
        notes = [*self.state_dir.glob("spark/*/*/pid"), *self.state_dir.glob("containers/*/pid")]
        for note in notes:
            with suppress(ValueError, OSError):
                pid = int(note.read_text())
                if str(note.parent) in command_of(pid):
                    os.killpg(pid, signal.SIGKILL)
                note.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two commands that start the cloud at once: the second one waits for the first."""
        with (self.state_dir / "cloud.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
