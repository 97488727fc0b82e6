"""Reading a Kinesis stream of this same process, and remembering how far one has read."""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from ministack.services import kinesis


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


class Source:
    """The records of a stream that were put after a delivery stream was made."""

    def __init__(self, stream_arn: str, since: float) -> None:
        parts = stream_arn.split(":")
        self._region, self._account = parts[3], parts[4]
        self._name = parts[5].partition("/")[2]
        self._since = since

    def waiting(self, positions: Mapping[str, str], most: int) -> list[Arrived]:
        """What was not read yet, shard by shard, until it weighs `most` bytes."""
        found: list[Arrived] = []
        weight = 0
        for shard, records in self._shards().items():
            start = _after(records, positions.get(shard, ""))
            for record in records[start:]:
                if record["ApproximateArrivalTimestamp"] < self._since:
                    continue
                found.append(_arrived(shard, record))
                weight += found[-1].size
                if weight >= most:
                    return found
        return found

    def planned(self, plan: Plan) -> list[Arrived]:
        """The records of a delivery that had begun."""
        found = []
        shards = self._shards()
        for shard, (first, last) in plan.ranges.items():
            records = shards.get(shard, [])
            begin, end = _after(records, first) - 1, _after(records, last)
            found += [_arrived(shard, record) for record in records[max(begin, 0) : end]]
        return found

    def _shards(self) -> dict[str, list[dict[str, Any]]]:
        stream = kinesis._streams.get_scoped(self._account, self._region, self._name)
        if stream is None:
            return {}
        # A slice is a copy of one moment: the event loop adds records meanwhile.
        return {shard: content["records"][:] for shard, content in list(stream["shards"].items())}


def _after(records: list[dict[str, Any]], sequence: str) -> int:
    return bisect_right(records, sequence, key=lambda record: str(record["SequenceNumber"]))


def _arrived(shard: str, record: Mapping[str, Any]) -> Arrived:
    at = float(record["ApproximateArrivalTimestamp"])
    return Arrived(shard, record["SequenceNumber"], at, record["PartitionKey"], record["Data"])
