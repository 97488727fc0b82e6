"""What became of the last time that the lake asked a source by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

from lake.items import Items
from lake.records import plain

LANDED: Final = "landed"  # a workbook lies in raw
PARTIAL: Final = "partial"  # one lies in raw, and a part of what was asked for is missing
UNCHANGED: Final = "unchanged"  # it answered, and there was nothing new
FAILED: Final = "failed"
WELL: Final = frozenset({LANDED, UNCHANGED})


@dataclass(frozen=True)
class PollState:
    """The last poll of a source; `mark` is how far it came, and a failure never moves it."""

    source: str
    status: str
    at: str
    reason: str = ""
    failures: int = 0
    failing_since: str = ""
    ok_at: str = ""
    mark: str = ""
    sha256: str = ""
    file_name: str = ""
    raw_key: str = ""
    raw_version: str = ""
    rows: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """The state in an item."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: plain(value) for name, value in item.items() if name in names})

    @property
    def failing(self) -> bool:
        """Whether something that should be in the lake is not there yet."""
        return self.status not in WELL

    def as_dict(self) -> dict[str, Any]:
        """For JSON and for the ledger; the names are a promise."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def after(self, known: PollState | None) -> PollState:
        """This state with what the one before has to hand on."""
        if not self.failing:
            return replace(self, ok_at=self.at)
        return replace(
            self,
            failures=(known.failures if known else 0) + 1,
            failing_since=(known.failing_since if known else "") or self.at,
            ok_at=known.ok_at if known else "",
        )


class Polls(Items):
    """The states of all polls, in the ledger's table."""

    def state(self, source: str) -> PollState | None:
        """The last poll of a source, or None when it was never asked."""
        item = self._get(f"poll#{source}", "state")
        return PollState.from_item(item) if item else None

    def keep(self, state: PollState) -> bool:
        """Write down a poll; False when a later one has been written down already."""
        item = {"pk": f"poll#{state.source}", "sk": "state"}
        item |= {name: value for name, value in state.as_dict().items() if value != ""}
        return self._put(
            item,
            condition="attribute_not_exists(pk) OR #at <= :at",
            names={"#at": "at"},
            values={":at": state.at},
        )
