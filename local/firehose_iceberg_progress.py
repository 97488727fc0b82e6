"""How far a delivery stream has read: what it holds, what it is about to deliver, what is done."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4


class Arrived(NamedTuple):
    """One record of the stream."""

    shard: str
    sequence: str
    at: float
    key: str
    data: str  # base64, as Kinesis was given it

    @property
    def size(self) -> int:
        return len(self.data) * 3 // 4


@dataclass
class Plan:
    """A delivery that has begun: exactly these records, under one token, until it is done."""

    token: str
    ranges: dict[str, tuple[str, str]]  # shard -> first and last sequence number


@dataclass
class Progress:
    """How far a delivery stream is, on disk; a kill at any moment leaves the old or the new."""

    path: Path
    positions: dict[str, str] = field(default_factory=dict)
    plan: Plan | None = None

    @classmethod
    def load(cls, path: Path) -> Progress:
        """What was saved, or a beginning."""
        if not path.exists():
            return cls(path)
        saved = json.loads(path.read_text())
        plan = saved["plan"] and Plan(
            saved["plan"]["token"],
            {shard: (first, last) for shard, (first, last) in saved["plan"]["ranges"].items()},
        )
        return cls(path, saved["positions"], plan)

    def begin(self, records: list[Arrived]) -> Plan:
        """Note what is about to be delivered, so that a kill repeats exactly this."""
        ranges: dict[str, tuple[str, str]] = {}
        for record in records:
            first, _ = ranges.get(record.shard, (record.sequence, ""))
            ranges[record.shard] = (first, record.sequence)
        self.plan = Plan(uuid4().hex, ranges)
        self._save()
        return self.plan

    def done(self) -> None:
        """The plan is delivered, and what it wrote is durable."""
        if self.plan is not None:
            self.positions |= {shard: last for shard, (_, last) in self.plan.ranges.items()}
        self.plan = None
        self._save()

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        with new.open("w") as file:
            plan = self.plan and {"token": self.plan.token, "ranges": self.plan.ranges}
            json.dump({"positions": self.positions, "plan": plan}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)


# What waits behind some positions, until it weighs so many bytes.
Read = Callable[[Mapping[str, str], int], list[Arrived]]


class Buffer:
    """What was read and is not delivered yet; a record is looked at once, however often one asks.

    The stream lives in this process: to look through all that waits twenty times a second would
    take a processor from whoever puts.
    """

    def __init__(self, read: Read, positions: Mapping[str, str]) -> None:
        self._read, self._ends = read, dict(positions)
        self._records: list[Arrived] = []
        self.weight = 0
        self.oldest = math.inf

    def fill(self, most: int) -> None:
        """Reads on, until what it holds weighs `most` bytes."""
        if self.weight >= most:
            return
        for record in self._read(self._ends, most - self.weight):
            self._records.append(record)
            self._ends[record.shard] = record.sequence
            self.weight += record.size
            self.oldest = min(self.oldest, record.at)

    def records(self) -> list[Arrived]:
        """All it holds, shard by shard: in the order in which a plan is read again."""
        return sorted(self._records, key=lambda record: record.shard)
