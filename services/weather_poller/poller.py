"""When to ask, when to ask again, and what to put: no network, no clock of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from services.weather_poller.answers import Observation, Trouble
from services.weather_poller.edges import KeyMissing, NotPut

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
PENDING_WAIT_S: Final = 15.0


class Service(Protocol):
    """Somebody who knows the weather."""

    def ask(self, key: str) -> Observation | Trouble: ...


class Keys(Protocol):
    """Somebody who knows the key."""

    def key(self, *, anew: bool = False) -> str: ...


class Records(Protocol):
    """Somebody who takes records."""

    def put(self, partition: str, record: bytes) -> None: ...


@dataclass(frozen=True)
class Turn:
    """What one turn came to."""

    result: str  # put, known, no-answer, no-key, not-put
    reason: str
    next_in_s: float
    location: str | None = None
    observed_epoch: int | None = None

    @property
    def well(self) -> bool:
        """Whether the service, the key and the stream all work."""
        return self.result in ("put", "known")


@dataclass(frozen=True)
class Rhythm:
    """How often to ask, and how hard to try."""

    every_s: float
    tries: int

    @property
    def budget_s(self) -> float:
        """Waiting within one turn ends well before the next one is due."""
        return min(self.every_s / 2, 300.0)


class Poller:
    """Puts each observation once; what it remembers is the newest epoch of each place.

    After a restart it may put one observation again: the table's readers take one row a key.
    """

    def __init__(
        self,
        source: str,
        rhythm: Rhythm,
        service: Service,
        keys: Keys,
        records: Records,
        now: Callable[[], datetime],
        wait: Callable[[float], None],
        chance: Callable[[], float],
    ) -> None:
        self._source, self._rhythm = source, rhythm
        self._service, self._keys, self._records = service, keys, records
        self._now, self._wait, self._chance = now, wait, chance
        self._newest: dict[str, int] = {}
        self._pending: tuple[Observation, bytes] | None = None

    def turn(self) -> Turn:
        """Ask once, with all the patience that one turn has, and put what is new."""
        if self._pending is not None:
            late = self._put(*self._pending)
            if not late.well:
                return late
        answer = self._ask()
        if isinstance(answer, Turn):
            return answer
        newest = self._newest.get(answer.location)
        if newest is not None and answer.epoch <= newest:
            reason = "nothing new" if answer.epoch == newest else "an old observation, left out"
            return Turn("known", reason, self._rhythm.every_s, answer.location, answer.epoch)
        envelope = {
            "source": self._source,
            "received_at": self._now().isoformat(timespec="milliseconds"),
            "observation": answer.body,
        }
        return self._put(answer, json.dumps(envelope, separators=(",", ":")).encode("ascii"))

    def _put(self, observation: Observation, record: bytes) -> Turn:
        where, epoch = observation.location, observation.epoch
        try:
            self._records.put(where, record)
        except NotPut as error:
            # Kept for a turn that comes soon: the service may not have this observation any more.
            self._pending = (observation, record)
            soon = min(self._rhythm.every_s, PENDING_WAIT_S)
            return Turn("not-put", str(error), soon, where, epoch)
        self._pending = None
        self._newest[where] = epoch
        return Turn("put", "a new observation", self._rhythm.every_s, where, epoch)

    def _ask(self) -> Observation | Turn:
        left = self._rhythm.budget_s
        asked_for_key = False
        attempt = 0
        try:
            key = self._keys.key()
            while True:
                attempt += 1
                answer = self._service.ask(key)
                if isinstance(answer, Observation):
                    return answer
                if answer.kind == "key" and not asked_for_key:
                    # It may have been rotated: what the secret holds now is tried once.
                    asked_for_key, attempt = True, attempt - 1
                    key = self._keys.key(anew=True)
                    continue
                wait = self._wait_for(answer, attempt)
                if answer.kind != "again" or attempt >= self._rhythm.tries or wait > left:
                    return self._gave_up(answer, attempt)
                left -= wait
                self._wait(wait)
        except KeyMissing as error:
            return Turn("no-key", str(error), self._rhythm.every_s)

    def _wait_for(self, trouble: Trouble, attempt: int) -> float:
        """Full jitter, and never less than what the service asked for."""
        most = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (attempt - 1), self._rhythm.budget_s)
        return max(trouble.wait_s or 0.0, self._chance() * most)

    def _gave_up(self, trouble: Trouble, attempts: int) -> Turn:
        result = "no-key" if trouble.kind == "key" else "no-answer"
        tries = "1 try" if attempts <= 1 else f"{attempts} tries"
        reason = f"{trouble.reason}; after {tries} it waits for the next turn"
        return Turn(result, reason, self._rhythm.every_s)
