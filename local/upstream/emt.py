"""EMT MobilityLabs: HTTP 200 for nearly everything, the truth in the code inside."""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from local.upstream import SECRETS
from local.upstream.answers import Answer, Call, as_json
from local.upstream.clock import VirtualClock
from local.upstream.network import Network, line_of, serving_stop
from local.upstream.troubles import Trouble

_BUSES: Final = r"/v[12]/transport/busemtmad"
LOGIN: Final = "/v1/mobilitylabs/user/login/"


@dataclass
class EmtStandIn:
    """One service with its tokens and its counters."""

    network: Network
    clock: VirtualClock
    token_seconds: float = 984.0
    quota: int = 20_000
    tokens: dict[str, float] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)
    logins: int = 0

    def answer(self, call: Call, trouble: Trouble | None = None) -> Answer:
        """What EMT answers; a trouble of its own is an error code inside a 200."""
        if trouble and trouble.kind == "code":
            return self.coded(trouble.code, "Error managing internal services")
        day = f"{self.clock.now():%Y-%m-%d}"
        self.used[day] += 1
        if self.used[day] > self.quota:
            text = "Limit use API reached, please, contact with mobilitylabs@emtmadrid.es"
            return self.coded("98", text)
        if call.path.rstrip("/") == LOGIN.rstrip("/"):
            return self._login(call, self.used[day])
        token = call.headers.get("accesstoken", "")
        if self.tokens.get(token, 0.0) <= time.monotonic():
            return self.coded("80", f"Error, token {token} not found in cache")
        for method, pattern, serve in self._routes():
            if call.method == method and (match := re.fullmatch(pattern, call.path)):
                return serve(*match.groups())
        return as_json({"message": "no Route matched with those values"}, 404)

    def coded(self, code: str, description: str, data: list[Any] | None = None) -> Answer:
        """EMT's envelope."""
        at = self.clock.now().replace(tzinfo=None).isoformat(timespec="microseconds")
        words = f"{description} (lapsed: 42 millsecs)" if code != "80" else description
        return as_json({"code": code, "description": words, "datetime": at, "data": data or []})

    def _routes(self) -> list[tuple[str, str, Callable[..., Answer]]]:
        return [
            ("POST", rf"{_BUSES}/stops/list/?", self._stop_list),
            ("POST", rf"{_BUSES}/stops/(\d+)/arrives/?(?:([^/]+)/?)?", self._arrivals),
            ("GET", rf"{_BUSES}/stops/(\d+)/detail/?", self._detail),
            ("GET", rf"{_BUSES}/stops/arroundstop/(\d+)/\d+/?", self._around),
            ("GET", rf"{_BUSES}/lines/info/(?:\d{{8}}/?)?", self._line_list),
            ("GET", rf"{_BUSES}/lines/([^/]+)/stops/([12])/?", self._line_stops),
        ]

    def _login(self, call: Call, used: int) -> Answer:
        known = SECRETS["emt"]
        if call.headers.get("email") != known["email"]:
            return self.coded("92", "Error: User not exists")
        if call.headers.get("password") != known["password"]:
            return self.coded("89", "Error: Invalid user or Password")
        self.logins += 1
        token = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.network.seed}/{self.logins}"))
        self.tokens[token] = time.monotonic() + self.token_seconds
        data = {
            "updatedAt": "2025-08-01T07:23:40.7500000",
            "userName": "lake",
            "accessToken": token,
            "tokenSecExpiration": int(self.token_seconds),
            "email": known["email"],
            "idUser": str(uuid.uuid5(uuid.NAMESPACE_URL, "lake")),
            "apiCounter": {
                "current": used,
                "dailyUse": self.quota,
                "owner": 0,
                "licenceUse": "Please mention EMT Madrid MobilityLabs as data source.",
                "aboutUses": "A stand-in: no use is counted anywhere else.",
            },
        }
        return self.coded("01", f"Register user: lake with token: {token}", [data])

    def _good(self, data: list[Any]) -> Answer:
        return self.coded("00", "Data recovered  OK", data)

    def _closed(self) -> Answer:
        return self.coded("90", "Error: Bus stop disabled or does not exist")

    def _stop_list(self) -> Answer:
        return self._good(self.network.stop_list())

    def _line_list(self) -> Answer:
        return self._good(self.network.line_list())

    def _arrivals(self, stop_id: str, code: str | None) -> Answer:
        only = line_of(code) if code else None
        if not serving_stop(stop_id) or (code and only is None):
            return self._closed()
        return self._good([self.network.arrivals(stop_id, only, self.clock.now())])

    def _detail(self, stop_id: str) -> Answer:
        if not serving_stop(stop_id):
            return self.coded("81", "No data for that stop")
        return self._good([self.network.detail(stop_id)])

    def _around(self, stop_id: str) -> Answer:
        if not serving_stop(stop_id):
            return self._closed()
        return self._good([self.network.around(stop_id)])

    def _line_stops(self, code: str, direction: str) -> Answer:
        line = line_of(code)
        if line is None:
            return self.coded("81", "No records found")
        return self._good([self.network.line_stops(line, int(direction))])
