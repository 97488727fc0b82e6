"""All stand-ins behind one door, and the door through which a demo or a test controls them.

POST /_upstream/control takes any of {"now": moment, "speed": number, "seed": number,
"token_seconds": number, "quota": number, "forget_tokens": true, "troubles": [{"kind": "429",
"api": "emt", "path": "arrives", "times": 2, "retry_after": "3"}, ...]}; an empty list of troubles
takes back those that wait. It and GET answer how things stand.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import datetime
from typing import Any, Final, Protocol

from local.upstream import PREFIX
from local.upstream.answers import Answer, Call, as_json
from local.upstream.clock import VirtualClock
from local.upstream.emt import EmtStandIn
from local.upstream.network import Network
from local.upstream.openweather import OpenWeatherStandIn
from local.upstream.sky import Sky
from local.upstream.troubles import OWN, Trouble, Troubles, troubled
from local.upstream.weatherapi import WeatherStandIn

CONTROL: Final = f"{PREFIX}/control"
SETTINGS: Final = frozenset(
    {"now", "speed", "seed", "token_seconds", "quota", "forget_tokens", "troubles"}
)


class StandIn(Protocol):
    """One service, in its own shapes and words."""

    def answer(self, call: Call, trouble: Trouble | None = None) -> Answer:
        """The answer to one call, gone wrong in a way of its own where a trouble says so."""


class Upstream:
    """What is asked, by whatever server carries the calls."""

    def __init__(self, seed: int = 7) -> None:
        self.clock = VirtualClock()
        self.troubles = Troubles()
        self.calls: Counter[str] = Counter()
        self._alone = threading.Lock()
        self._plant(seed)

    def answer(self, call: Call) -> Answer:
        """The answer to one call."""
        if call.path.rstrip("/") == CONTROL:
            return self._control(call)
        rest = call.path.removeprefix(PREFIX)
        api, _, path = rest.removeprefix("/").partition("/")
        within = Call(call.method, f"/{path}", call.query, call.headers, call.body)
        if api not in self._apis:
            return as_json({"message": "no such stand-in"}, 404)
        with self._alone:
            self.calls[f"{api} {within.path}"] += 1
            return self._served(api, within)

    def _served(self, api: str, call: Call) -> Answer:
        trouble = self.troubles.next(api, call)
        own = trouble if trouble and trouble.kind in OWN else None
        good = self._apis[api].answer(call, own)
        return good if trouble is None or own else troubled(trouble, good)

    def _plant(self, seed: int) -> None:
        sky = Sky(seed)
        self.seed = seed
        self.emt = EmtStandIn(Network(seed, sky), self.clock)
        self.weather = WeatherStandIn(sky, self.clock)
        self.openweather = OpenWeatherStandIn(self.clock)
        self._apis: dict[str, StandIn] = {
            "emt": self.emt,
            "weatherapi": self.weather,
            "openweather": self.openweather,
        }

    def _control(self, call: Call) -> Answer:
        if call.method == "POST":
            try:
                self._set(json.loads(call.body or b"{}"))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                return as_json({"message": f"not understood: {error}"}, 400)
        return as_json(
            {
                "now": self.clock.now().isoformat(),
                "speed": self.clock.speed,
                "seed": self.seed,
                "logins": self.emt.logins,
                "calls": dict(self.calls),
                "troubles": [vars(trouble) for trouble in self.troubles.waiting],
            }
        )

    def _set(self, said: dict[str, Any]) -> None:
        if unknown := set(said) - SETTINGS:
            raise ValueError(f"no setting is called {', '.join(sorted(unknown))}")
        now = datetime.fromisoformat(said["now"]) if "now" in said else None
        if now is not None and now.tzinfo is None:
            raise ValueError("'now' has no zone: say 2025-08-29T10:00:00Z")
        troubles = [Trouble.from_dict(one) for one in said.get("troubles", [])]
        with self._alone:
            if "seed" in said:
                self._plant(int(said["seed"]))
            if now is not None or "speed" in said:
                self.clock.set(now, float(said["speed"]) if "speed" in said else None)
            self.emt.token_seconds = float(said.get("token_seconds", self.emt.token_seconds))
            self.emt.quota = int(said.get("quota", self.emt.quota))
            if said.get("forget_tokens"):
                self.emt.tokens.clear()
            if "troubles" in said:
                self.troubles.waiting[:] = troubles
