"""Keys of the results API: said once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

PREFIX: Final = "lake_"
USUAL_RATE: Final = 50
USUAL_BURST: Final = 100


def new_key() -> str:
    """A key that nobody can guess: 192 random bits."""
    return f"{PREFIX}{secrets.token_urlsafe(24)}"


def hash_of(key: str) -> str:
    """What the table knows of a key. Plain SHA-256 does: there is nothing to guess it by."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True)
class ApiKey:
    """A key as the table holds it."""

    hash: str
    name: str
    created_at: str
    rate: float = USUAL_RATE  # requests a second
    burst: int = USUAL_BURST
    expires: int | None = None  # seconds of Unix time

    @classmethod
    def of(cls, key: str, name: str, rate: float = USUAL_RATE, burst: int = USUAL_BURST) -> Self:
        """The record of a key that was just made."""
        return cls(hash_of(key), name, datetime.now(UTC).isoformat(timespec="seconds"), rate, burst)

    def ended(self, now: float) -> bool:
        """Whether its time is over; the table removes it hours later."""
        return self.expires is not None and self.expires <= now

    def item(self) -> dict[str, Any]:
        """As DynamoDB's client takes it."""
        found: dict[str, Any] = {
            "hash": {"S": self.hash},
            "name": {"S": self.name},
            "created_at": {"S": self.created_at},
            "rate": {"N": str(self.rate)},
            "burst": {"N": str(self.burst)},
        }
        if self.expires is not None:
            found["expires"] = {"N": str(self.expires)}
        return found

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """From what DynamoDB's client gives."""
        return cls(
            hash=item["hash"]["S"],
            name=item.get("name", {}).get("S", ""),
            created_at=item.get("created_at", {}).get("S", ""),
            rate=float(item.get("rate", {}).get("N", USUAL_RATE)),
            burst=int(float(item.get("burst", {}).get("N", USUAL_BURST))),
            expires=int(float(item["expires"]["N"])) if "expires" in item else None,
        )
