"""EMT MobilityLabs: a token in every call, and what went wrong in a code inside a 200.

https://apidocs.emtmadrid.es. The token lives in the memory of a warm function only: a login costs
one call, a token that is stored is one more secret. Codes that were met: 00 and 01 are good,
80 an unknown token, 81 no data, 89 and 92 wrong credentials, 90 a stop that is out of use, 98 the
quota of the day is spent; any other one passes by itself, or not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from functions.ingest.errors import NotLetIn, QuotaSpent, Said
from functions.ingest.secrets import Secret, part
from functions.ingest.transport import Forbidden, ShapeError, Transport

GOOD: Final = frozenset({"00", "01"})
UNKNOWN_TOKEN: Final = "80"  # noqa: S105 - EMT's code for it
SPENT: Final = "98"
SETTLED: Final = GOOD | {UNKNOWN_TOKEN, "81", "89", "90", "92", SPENT}
WRONG_CREDENTIALS: Final = frozenset({"89", "92"})
LOGIN: Final = "/v1/mobilitylabs/user/login/"
MAX_LOGINS: Final = 3
_SPARE_S: Final = 30.0


Check = Callable[[list[Any]], None]


@dataclass
class Token:
    """What a warm function remembers of its last login."""

    value: str = ""
    until: float = 0.0


@dataclass
class Emt:
    """All calls to EMT; threads may share it."""

    transport: Transport
    url: str
    secret: Callable[[bool], Secret]
    token: Token = field(default_factory=Token)
    logins: int = 0
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def data(self, method: str, path: str, check: Check, body: Any = None) -> list[Any]:
        """The data of an answer that EMT calls good, and that passes the check."""
        while True:
            token = self._token()
            try:
                answer = self._ask(method, path, {"accessToken": token}, body, check)
            except Forbidden:
                code = UNKNOWN_TOKEN
            else:
                code = str(answer.get("code"))
                if code in GOOD:
                    data: list[Any] = answer["data"]
                    return data
                self._refuse_spent(answer)
                if code != UNKNOWN_TOKEN:
                    raise Said(code, self._told(answer))
            self._forget(token)

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: Any, check: Check
    ) -> dict[str, Any]:
        def check_answer(answer: Any) -> None:
            if not isinstance(answer, dict) or "code" not in answer:
                raise ShapeError("JSON without EMT's code")
            if str(answer["code"]) in GOOD:
                if not isinstance(answer.get("data"), list):
                    raise ShapeError("an answer without EMT's list of data")
                check(answer["data"])

        answer: dict[str, Any] = self.transport.json(
            method,
            f"{self.url}{path}",
            headers=headers,
            body=body,
            trouble_in=self._trouble,
            check=check_answer,
        )
        return answer

    def _trouble(self, answer: dict[str, Any]) -> str | None:
        return None if str(answer["code"]) in SETTLED else self._told(answer)

    def _told(self, answer: dict[str, Any]) -> str:
        words = str(answer.get("description", "")).strip()
        return self.transport.hushed(f"EMT says code {answer.get('code')}: {words}")

    def _refuse_spent(self, answer: dict[str, Any]) -> None:
        if str(answer.get("code")) == SPENT:
            raise QuotaSpent(self._told(answer))

    def _token(self) -> str:
        with self._alone:
            if not self.token.value or self.transport.clock.monotonic() >= self.token.until:
                self._login()
            return self.token.value

    def _forget(self, token: str) -> None:
        with self._alone:
            if self.token.value == token:  # another thread may have logged in meanwhile
                self.token.value = ""

    def _login(self) -> None:
        if self.logins >= MAX_LOGINS:
            raise NotLetIn(f"EMT refuses the tokens that it gave: {MAX_LOGINS} logins were tried")
        self.logins += 1
        secret = self.secret(False)
        answer = self._logged_in(secret)
        if answer is None:
            # It may have been rotated while we remembered it.
            current = self.secret(True)
            answer = self._logged_in(current) if current != secret else None
        if answer is None:
            raise NotLetIn("EMT does not accept the email and password of the secret 'emt'")
        first = answer["data"][0]
        lasts = first.get("tokenSecExpiration")
        lasts = float(lasts) if isinstance(lasts, int | float) else 0.0
        self.transport.secrets.add(first["accessToken"])
        self.token.value = first["accessToken"]
        self.token.until = self.transport.clock.monotonic() + max(_SPARE_S, lasts - _SPARE_S)

    def _logged_in(self, secret: Secret) -> dict[str, Any] | None:
        """EMT's answer to these credentials; None when it does not know them."""
        headers = {name: part(secret, name, "emt") for name in ("email", "password")}
        self.transport.secrets.update(headers.values())
        try:
            answer = self._ask("GET", LOGIN, headers, None, _has_token)
        except Forbidden:
            return None
        self._refuse_spent(answer)
        if str(answer["code"]) in WRONG_CREDENTIALS:
            return None
        if str(answer["code"]) not in GOOD:
            raise Said(str(answer["code"]), self._told(answer))
        return answer


def _has_token(data: list[Any]) -> None:
    first = data[0] if data and isinstance(data[0], dict) else {}
    if not isinstance(first.get("accessToken"), str):
        raise ShapeError("a login without a token")
