"""What was read lately is used again; what cannot be read any more stays, with its age."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from lake.errors import LakeError

T = TypeVar("T")


class Away(LakeError):
    """A service that does not answer, or not as it should."""


@dataclass(frozen=True)
class Seen(Generic[T]):
    """A value, and how old it is where it could not be read anew."""

    value: T
    stale_seconds: float | None = None


@dataclass
class _Entry(Generic[T]):
    value: T
    read_at: float
    try_at: float


class Remembered(Generic[T]):
    """Values that are read again when they are a few seconds old; a bounded number of them."""

    def __init__(
        self,
        seconds: float,
        most: int = 1000,
        stale_for: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds, self._most, self._stale_for = seconds, most, stale_for
        self._clock = clock
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()

    def get(self, key: Hashable, read: Callable[[], T]) -> Seen[T]:
        """The value of a key; `Away` only where nothing is known of it, or not lately enough."""
        entry, now = self._entries.get(key), self._clock()
        if entry is None or now >= entry.try_at:
            try:
                entry = _Entry(read(), now, now + self._seconds)
            except Away:
                if entry is None or now - entry.read_at > self._stale_for:
                    raise
                # Who does not answer is not asked at every request.
                entry.try_at = self._clock() + self._seconds
            self._entries[key] = entry
        self._entries.move_to_end(key)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
        age = now - entry.read_at
        return Seen(entry.value, age if age > self._seconds else None)
