"""Progress for people: one line a step with its seconds, and on a terminal one live line below."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

REDRAW_S = 0.25
HEARTBEAT_S = 20.0


class Step:
    """A piece of work under way; `note` says what it is doing just now."""

    def __init__(self, name: str, doing: str) -> None:
        self.name = name
        self.doing = doing
        self.started = time.monotonic()
        self.last_beat = self.started

    def note(self, doing: str) -> None:
        self.doing = doing

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


class Console:
    """Prints finished steps as lines; what runs is one live line, or a heartbeat in a log."""

    def __init__(self, stream: TextIO | None = None, *, live: bool | None = None) -> None:
        self.stream = stream or sys.stdout
        self.live = _is_terminal(self.stream) if live is None else live
        self._running: list[Step] = []
        self._lock = threading.RLock()
        self._idle = threading.Event()
        self._painter: threading.Thread | None = None

    def say(self, text: str) -> None:
        with self._lock:
            self._wipe()
            print(text, file=self.stream, flush=True)

    @contextmanager
    def step(self, name: str, doing: str, done: str = "") -> Iterator[Step]:
        """Runs a block as a step; an exception passes through and is told as a failed line."""
        step = Step(name, doing)
        self._enter(step)
        try:
            yield step
        except BaseException:
            self._leave(step)
            self.say(f"  {name}: stopped after {step.seconds:.1f} s ({step.doing})")
            raise
        self._leave(step)
        self.say(f"  {name}: {done or step.doing} ({step.seconds:.1f} s)")

    def _enter(self, step: Step) -> None:
        with self._lock:
            self._running.append(step)
            self._idle.clear()
            if self._painter is None:
                self._painter = threading.Thread(target=self._paint, daemon=True)
                self._painter.start()

    def _leave(self, step: Step) -> None:
        with self._lock:
            self._running.remove(step)
            painter = self._painter
            if self._running:
                return
            self._painter = None
        self._idle.set()
        if painter is not None:
            painter.join()

    def _paint(self) -> None:
        while not self._idle.wait(REDRAW_S):
            with self._lock:
                if self.live:
                    self._draw()
                else:
                    self._beat()

    def _draw(self) -> None:
        texts = (f"{s.name}: {s.doing} {s.seconds:.0f} s" for s in self._running)
        line = "  " + "  |  ".join(texts)
        self.stream.write("\r\x1b[2K" + line[: _columns() - 1])
        self.stream.flush()

    def _beat(self) -> None:
        now = time.monotonic()
        for step in self._running:
            if now - step.last_beat >= HEARTBEAT_S:
                step.last_beat = now
                print(
                    f"  {step.name}: {step.doing} ... {step.seconds:.0f} s",
                    file=self.stream,
                    flush=True,
                )

    def _wipe(self) -> None:
        if self.live:
            self.stream.write("\r\x1b[2K")


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")


def _columns() -> int:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 100
