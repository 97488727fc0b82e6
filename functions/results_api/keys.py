"""Who may ask, and how often: keys by their hash, a token bucket for each."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any, Final

from functions.results_api.problems import Problem, away
from functions.results_api.remembered import Away, Remembered
from lake.api_keys import ApiKey, hash_of

HEADER: Final = "x-api-key"
# A key that was revoked is let in for so long at most; while DynamoDB is away, for longer.
KEPT_SECONDS: Final = 10.0
KEPT_WHILE_AWAY_SECONDS: Final = 300.0
MOST_KEYS: Final = 10_000


@dataclass
class Bucket:
    """Requests that a key has left; they come back with time."""

    tokens: float
    at: float

    def take(self, key: ApiKey, now: float) -> float:
        """Take one; the seconds to wait where none is left."""
        self.tokens = min(key.burst, self.tokens + (now - self.at) * key.rate)
        self.at = now
        if self.tokens < 1:
            return (1 - self.tokens) / key.rate if key.rate > 0 else 3600.0
        self.tokens -= 1
        return 0.0


class Keys:
    """The keys' table, and what was lately read of it."""

    def __init__(
        self,
        dynamodb: Any,
        table: str,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._dynamodb, self._table, self._clock, self._now = dynamodb, table, clock, now
        self._known: Remembered[ApiKey | None] = Remembered(
            KEPT_SECONDS, MOST_KEYS, KEPT_WHILE_AWAY_SECONDS, clock
        )
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def admit(self, said: str | None) -> ApiKey:
        """The key's record; 401, 403 or 429 otherwise.

        A missing key is looked up like a wrong one, by a hash that tells nothing of any other:
        the time that an answer takes says nothing about keys.
        """
        digest = hash_of(said or "")
        try:
            key = self._known.get(digest, lambda: self._looked_up(digest)).value
        except Away as error:
            raise away("keys cannot be checked just now") from error
        if said is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "no-key",
                f"send a key in the header {HEADER}",
                headers={"WWW-Authenticate": f'ApiKey header="{HEADER}"'},
            )
        if key is None or key.ended(self._now()):
            raise Problem(HTTPStatus.FORBIDDEN, "wrong-key", "this key opens nothing")
        self._count(key)
        return key

    def _count(self, key: ApiKey) -> None:
        now = self._clock()
        bucket = self._buckets.setdefault(key.hash, Bucket(key.burst, now))
        self._buckets.move_to_end(key.hash)
        if len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)
        if wait := bucket.take(key, now):
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many-requests",
                f"this key may ask {key.rate:g} times a second, {key.burst} at once",
                headers={"Retry-After": str(ceil(wait))},
            )

    def _looked_up(self, digest: str) -> ApiKey | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self._dynamodb.get_item(
                TableName=self._table, Key={"hash": {"S": digest}}, ConsistentRead=True
            )
        except (BotoCoreError, ClientError) as error:
            raise Away(f"DynamoDB does not answer: {type(error).__name__}") from error
        return ApiKey.from_item(found["Item"]) if "Item" in found else None
