"""Every row that was read is accepted, a duplicate, rejected or empty: nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from lake.errors import AccountingError


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one load (or of one table of it)."""

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    empty: int = 0

    def __add__(self, other: Counts) -> Counts:
        mine, theirs = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + theirs[name] for name in mine})

    @property
    def accounted(self) -> int:
        """How many rows have a fate."""
        return self.accepted + self.duplicate + self.rejected + self.empty

    def balanced(self, what: str) -> Counts:
        """These counts, or an error that says which rows went missing."""
        if self.read != self.accounted:
            raise AccountingError(
                f"{what}: read {self.read} rows but accounted for {self.accounted}"
                f" (accepted {self.accepted}, duplicate {self.duplicate},"
                f" rejected {self.rejected}, empty {self.empty})"
            )
        return self

    @classmethod
    def of(cls, counts: Mapping[str, object]) -> Counts:
        """Counts out of a mapping that may carry more (a ledger item, a result file)."""
        return cls(**{name: int(str(counts.get(name, 0))) for name in asdict(cls())})

    @classmethod
    def total(cls, parts: Iterable[Counts]) -> Counts:
        """The sum of several."""
        return sum(parts, cls())

    def as_dict(self) -> dict[str, int]:
        """For JSON."""
        return asdict(self)
