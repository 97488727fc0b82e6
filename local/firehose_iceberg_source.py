"""Reading a Kinesis stream of this same process."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from ministack.services import kinesis

from local.firehose_iceberg_progress import Arrived, Plan


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
