"""A delivery stream's buffer: what it holds, and that it asks for each record once."""

from __future__ import annotations

from collections.abc import Mapping

from local.firehose_iceberg_progress import Arrived, Buffer


class Stream:
    """Records by shard, numbered by the moment of their arrival."""

    def __init__(self) -> None:
        self.records: list[Arrived] = []
        self.given: list[str] = []

    def put(self, shard: str, at: int, size: int = 3) -> None:
        self.records.append(Arrived(shard, f"{at:03}", float(at), "key", "A" * (size * 4 // 3)))

    def read(self, positions: Mapping[str, str], most: int) -> list[Arrived]:
        found: list[Arrived] = []
        for record in sorted(self.records, key=lambda one: one.shard):
            if record.sequence > positions.get(record.shard, "") and most > 0:
                found.append(record)
                most -= record.size
        self.given += [record.sequence for record in found]
        return found


def held(buffer: Buffer) -> list[tuple[str, str]]:
    return [(record.shard, record.sequence) for record in buffer.records()]


def test_a_record_is_read_once_however_often_one_looks() -> None:
    stream = Stream()
    buffer = Buffer(stream.read, {})
    for at in (1, 2, 3):
        stream.put("one", at)
        buffer.fill(1_000)
        buffer.fill(1_000)

    assert stream.given == ["001", "002", "003"]
    assert held(buffer) == [("one", "001"), ("one", "002"), ("one", "003")]


def test_its_records_lie_as_a_plan_is_read_again() -> None:
    stream = Stream()
    buffer = Buffer(stream.read, {})
    for at, shard in enumerate(("two", "one", "two", "one"), start=1):
        stream.put(shard, at)
        buffer.fill(1_000)

    assert held(buffer) == [("one", "002"), ("one", "004"), ("two", "001"), ("two", "003")]
    assert buffer.oldest == 1


def test_what_is_done_is_not_read_again() -> None:
    stream = Stream()
    stream.put("one", 1)
    stream.put("one", 2)
    buffer = Buffer(stream.read, {"one": "001"})

    buffer.fill(1_000)

    assert held(buffer) == [("one", "002")]


def test_it_takes_no_more_than_it_holds() -> None:
    stream = Stream()
    for at in range(1, 9):
        stream.put("one", at, size=30)
    buffer = Buffer(stream.read, {})

    buffer.fill(60)
    buffer.fill(60)

    assert held(buffer) == [("one", "001"), ("one", "002")]
    assert buffer.weight == 60


def test_an_empty_one_is_as_young_as_can_be() -> None:
    assert Buffer(Stream().read, {}).oldest == float("inf")
