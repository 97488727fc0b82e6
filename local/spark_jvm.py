"""The JVMs that Spark jobs run in: one job at a time, one job after another.

A JVM that has just started runs Spark's code for the first time and is slow at it. So one whose
job ended well waits for the next that needs the same; each job has a SparkContext and a process
of its own. What went wrong in any way takes its JVM with it.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import struct
import time
import uuid
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from local import spark_runner
from local.spark_home import SparkHome
from local.spark_runner import JvmNeeds, Prepared

SUBMIT_CLASS = "org.apache.spark.deploy.SparkSubmit"
START_S = 120
END_S = 5
LOOK_S = 0.02
# What a job's Python still held when it ended stays in the JVM.
MOST_JOBS = 40


class JvmFailed(RuntimeError):
    """A JVM that does not start."""


class Jvm:
    """One JVM that listens for the Python of a job; it ends with the process that started it."""

    def __init__(self, needs: JvmNeeds, folder: Path) -> None:
        self.needs = needs
        self._folder = folder
        self._process: Process | None = None
        self._jobs = 0
        self.gateway: dict[str, str] = {}

    async def start(self, home: SparkHome, *before: str) -> None:
        """Start it and wait until it listens; `before` stands before the command."""
        work, temporary, told = (self._folder / name for name in ("work", "tmp", "gateway"))
        for path in (work, temporary):
            path.mkdir(parents=True)
        command = [
            *before,
            *home.java_command(temporary, *self.needs.options),
            *(SUBMIT_CLASS, "--master", f"local[{home.cores}]"),
            *(("--jars", ",".join(self.needs.jars)) if self.needs.jars else ()),
            "pyspark-shell",
        ]
        places = {"HOME": str(temporary), "TMPDIR": str(temporary)}
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                cwd=work,
                env={
                    **dict(self.needs.environment),
                    **places,
                    "_PYSPARK_DRIVER_CONN_INFO_PATH": str(told),
                },
                stdin=PIPE,  # when it closes, the JVM ends
                stdout=log,
                stderr=STDOUT,
                process_group=0,
            )
        # By this note the next start ends what a killed cloud leaves behind.
        (self._folder / "pid").write_text(str(self._process.pid))
        try:
            await self._listening(told)
        except BaseException:  # also when nobody wants it any more
            await self.kill()
            raise

    async def _listening(self, told: Path) -> None:
        deadline = time.monotonic() + START_S
        while not told.exists():
            if not self.alive or time.monotonic() > deadline:
                said = self._log.read_text(errors="replace").strip().splitlines()
                raise JvmFailed(f"Spark's JVM does not start: {(said or ['no output'])[-1]}")
            await asyncio.sleep(LOOK_S)
        port, length = struct.unpack(">ii", (content := told.read_bytes())[:8])
        secret = content[8 : 8 + length].decode()
        self.gateway = {"PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": secret}
        told.unlink()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def worn(self) -> bool:
        """Whether it has done its part."""
        return self._jobs >= MOST_JOBS

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    async def run(
        self, prepared: Prepared, timeout_s: float | None, started: Callable[[Process], None]
    ) -> int | None:
        """Run one job, with its files where Python looks for them; None when its time is over."""
        self._jobs += 1
        shown = self._folder / "work"
        for old in filter(Path.is_symlink, shown.iterdir()):
            old.unlink()
        for path in prepared.work.iterdir():
            (shown / path.name).symlink_to(path)
        said = self._log.stat().st_size
        known = replace(prepared, environment=prepared.environment | self.gateway)
        try:
            return await spark_runner.run(known, timeout_s, started)
        finally:
            prepared.stderr.write_bytes(self._log.read_bytes()[said:])

    async def end(self) -> None:
        """Let it end by itself, then insist."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), END_S)
        await self.kill()

    async def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self.alive:
            spark_runner.kill_group(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class JvmPool:
    """The JVMs that wait for a job, as many as jobs may run side by side."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: list[Jvm] = []
        self._timers: dict[Jvm, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def take(self, home: SparkHome, needs: JvmNeeds) -> Jvm:
        """One that waits and is as needed, else a new one."""
        for jvm in list(self._idle):
            if jvm.needs == needs and jvm.alive:
                self._forget(jvm)
                return jvm
        while len(self._idle) >= self._size:
            self._retire(self._idle[0])
        jvm = Jvm(needs, home.work / "jvms" / uuid.uuid4().hex[:8])
        await jvm.start(home)
        return jvm

    def give_back(self, jvm: Jvm, idle_s: float) -> None:
        """It waits for another job, for a while."""
        self._idle.append(jvm)
        if jvm.worn or not jvm.alive or idle_s <= 0:
            self._retire(jvm)
        else:
            loop = asyncio.get_running_loop()
            self._timers[jvm] = loop.call_later(idle_s, self._retire, jvm)

    async def stop(self) -> None:
        """End those that wait."""
        for jvm in list(self._idle):
            self._retire(jvm)
        await asyncio.gather(*self._ending)

    def _retire(self, jvm: Jvm) -> None:
        self._forget(jvm)
        task = asyncio.get_running_loop().create_task(jvm.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _forget(self, jvm: Jvm) -> None:
        self._idle.remove(jvm)
        if timer := self._timers.pop(jvm, None):
            timer.cancel()
