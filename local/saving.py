"""Regular saving of the laptop cloud's state, so that a kill costs seconds, not the day."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import Any

TICK_S = 1.0
# A state of many megabytes takes longer to write: then it is written less often, so that saving
# never takes more than a twentieth of the one thread that also answers requests.
SHARE = 20
# After the last request a Lambda poller may still delete messages without any request of its own.
AFTERMATH_S = 5.0
logger = logging.getLogger("albufera.saving")


class StateFiles:
    """One file for each service, written when its state has changed.

    In the place of ministack's own writer, which spells every state letter by letter, and 40 MB of
    zipped code with it, each time that a single log line was added elsewhere.
    """

    def __init__(self, persistence: Any) -> None:
        self._persistence = persistence
        self._written: dict[str, str] = {}

    def save(self, service: str, state: dict[str, Any]) -> None:
        """Write a service's state, whole or not at all, unless it stands in its file already."""
        try:
            outline = json.dumps(state, default=self._outlined)
            if self._written.get(service) != outline:
                self._write(service, state)
                self._written[service] = outline
        except Exception:  # a thread may change what is being read; the next second tries again
            logger.exception("the state of %s is not saved", service)

    def _write(self, service: str, state: dict[str, Any]) -> None:
        wrapped = {
            "__ministack_format__": self._persistence._state_format_version(service),
            "payload": state,
        }
        path = Path(self._persistence.STATE_DIR) / f"{service}.json"
        fresh = path.with_suffix(".json.tmp")
        fresh.write_text(json.dumps(wrapped, default=self._persistence._json_default))
        fresh.replace(path)

    def _outlined(self, value: Any) -> Any:
        # Bytes never change, and Python remembers their hash.
        if isinstance(value, bytes):
            return [len(value), hash(value)]
        return self._persistence._json_default(value)


def install() -> None:
    """Let ministack write its state by ours."""
    from ministack.core import persistence

    persistence.save_state = StateFiles(persistence).save


class StateSaver:
    """Writes every service's state shortly after something changed."""

    def __init__(self, ministack: Any) -> None:
        from ministack.core import persistence

        self._ministack, self._save_all = ministack, persistence.save_all
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
        started = time.perf_counter()
        self._save_all(self._ministack._build_persistence_save_dict())
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
