"""Whether the poller lives: a small file that it writes, and the container's health check reads.

`python -m services.weather_poller.health` ends with 0 while the file is fresh. A service that
answers nothing is no reason to start the container anew, so only silence is ill.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from services.weather_poller.poller import Turn
from services.weather_poller.settings import Settings

GRACE_S = 120.0


class Health:
    """The file's writer."""

    def __init__(self, path: Path, every_s: float) -> None:
        self._path, self._every_s = path, every_s
        self._said: dict[str, Any] = {"turns": 0, "put": 0, "last_put_at": None}

    def note(self, turn: Turn, now: float) -> None:
        """Write what the last turn came to; a disk that is full must not stop the poller."""
        self._said["turns"] += 1
        if turn.result == "put":
            self._said["put"] += 1
            self._said["last_put_at"] = now
        self._said |= {
            "at": now,
            # A turn may be as long as its budget for waiting, and one try may hang for a while.
            "stale_at": now + turn.next_in_s + min(self._every_s / 2, 300.0) + GRACE_S,
            "result": turn.result,
            "reason": turn.reason,
            "observed_epoch": turn.observed_epoch,
        }
        with suppress(OSError):
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps(self._said))
            new.replace(self._path)


def is_fresh(path: Path, now: float) -> bool:
    """Whether the poller has said something lately."""
    try:
        stale_at = json.loads(path.read_text())["stale_at"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return isinstance(stale_at, int | float) and now < stale_at


if __name__ == "__main__":
    place = Path(os.environ.get("HEALTH_FILE") or Settings.health_file)
    sys.exit(0 if is_fresh(place, time.time()) else 1)
