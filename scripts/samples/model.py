"""What a sample is: its bytes, and the truth about them, counted while they were made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Truth:
    """What a correct lake says about a sample that it meets first, counted without its code."""

    status: str = "accepted"
    sheet_rows: int = 0
    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    empty: int = 0
    # How many different keys each table holds once this file alone is loaded.
    tables: Mapping[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """The five numbers that each load is accounted by."""
        names = ("read", "accepted", "duplicate", "rejected", "empty")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Sample:
    """One file to upload."""

    source: str
    file_name: str
    content: bytes
    truth: Truth
    keys: frozenset[tuple[object, ...]] = frozenset()

    @property
    def sha256(self) -> str:
        """The content's name in the ledger."""
        return hashlib.sha256(self.content).hexdigest()

    def renamed(self, file_name: str) -> Sample:
        """The same bytes under another name."""
        return Sample(self.source, file_name, self.content, self.truth, self.keys)

    def write(self, folder: Path) -> Path:
        """The file on disk; left alone when it is there already."""
        path = folder / self.file_name
        folder.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != self.content:
            path.write_bytes(self.content)
        return path

    def as_dict(self) -> dict[str, Any]:
        """For JSON: what was written and what is expected of it."""
        truth = asdict(self.truth)
        return {"file": self.file_name, "source": self.source, "sha256": self.sha256, **truth}
