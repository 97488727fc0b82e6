"""Regular saving of the laptop cloud's state, so that a kill costs seconds, not the day."""

from __future__ import annotations

import asyncio
import time
from typing import Any

TICK_S = 1.0
# A state of many megabytes takes longer to write: then it is written less often, so that saving
# never takes more than a twentieth of the one thread that also answers requests.
SHARE = 20
# After the last request a Lambda poller may still delete messages without any request of its own.
AFTERMATH_S = 5.0


class StateSaver:
    """Writes every service's state shortly after something changed."""

    def __init__(self, ministack: Any) -> None:
        self._ministack = ministack
        self._changed = False
        self._last_change = 0.0
        self._task: asyncio.Task[None] | None = None
        self.last_save_ms = 0.0

    def saw(self, method: str) -> None:
        """Note a request; only a GET and a HEAD are known to change nothing."""
        if method not in ("GET", "HEAD"):
            self._changed = True
            self._last_change = time.monotonic()

    def start(self) -> None:
        """Begin to save in the background."""
        self._task = asyncio.get_running_loop().create_task(self._save_regularly())

    def stop(self) -> None:
        """Stop; ministack itself saves once more when it shuts down."""
        if self._task is not None:
            self._task.cancel()

    def save(self) -> None:
        """Write the state now, on the event loop, so that all services are cut at one moment."""
        from ministack.core.persistence import save_all

        started = time.perf_counter()
        save_all(self._ministack._build_persistence_save_dict())
        self.last_save_ms = round((time.perf_counter() - started) * 1000, 1)

    async def _save_regularly(self) -> None:
        aftermath_due = False
        while True:
            await asyncio.sleep(max(TICK_S, self.last_save_ms / 1000 * SHARE))
            quiet = time.monotonic() - self._last_change > AFTERMATH_S
            if self._changed:
                self._changed, aftermath_due = False, True
                self.save()
            elif aftermath_due and quiet:
                aftermath_due = False
                self.save()
