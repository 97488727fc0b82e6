"""What `watch` wrote of the lake: its tables, loads, checks, and how old that is."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from functions.results_api.problems import away
from functions.results_api.remembered import Away
from functions.results_api.snapshots import Snapshots

NOTHING: Final[dict[str, Any]] = {"at": None}


def state(snapshots: Snapshots, now: datetime) -> tuple[dict[str, Any], dict[str, str]]:
    """The whole state, and headers that say how old it is; empty where nobody looked yet."""
    try:
        seen = snapshots.state()
    except Away as error:
        raise away("the lake's state cannot be read just now") from error
    if seen.value is None:
        return dict(NOTHING), {}
    try:
        found = json.loads(seen.value)
        age = (now - datetime.fromisoformat(found["at"])).total_seconds()
    except (KeyError, TypeError, ValueError) as error:
        raise away("the lake's state is no state") from error
    headers = {"Age": str(max(0, int(age)))}
    if seen.stale_seconds is not None:
        headers["Warning"] = '110 results-api "Response is Stale"'
    return found, headers


def part(name: str, snapshots: Snapshots, now: datetime) -> tuple[dict[str, Any], dict[str, str]]:
    """One list of the state."""
    found, headers = state(snapshots, now)
    return {name: found.get(name, []), "at": found["at"]}, headers
