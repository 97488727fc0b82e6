"""Sums over all loads of each source, kept while loads are settled: nobody scans to know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lake.accounting import Counts
from lake.items import Items
from lake.records import plain

_PARTITION: Final = "tally"
_PREFIX: Final = "rows_"  # `read` and `empty` are words of DynamoDB's own


@dataclass(frozen=True)
class Tally:
    """All loads of a source: how many, what became of their rows, when the last one ended."""

    source: str
    loads: int
    counts: Counts
    at: str

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Tally:
        """The tally in an item."""
        said = plain(item)
        rows = {name.removeprefix(_PREFIX): value for name, value in said.items()}
        return cls(str(said["sk"]), int(said["loads"]), Counts.of(rows), str(said["at"]))


class Tallies(Items):
    """Reads of the tallies; the ledger writes one in the same step that settles a load."""

    def all(self) -> dict[str, Tally]:
        """The tally of each source that was ever loaded: one page, however many files there are."""
        found: dict[str, Tally] = {}
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": _PARTITION},
        }
        while True:
            answer = self._table.query(**query)
            found |= {item["sk"]: Tally.from_item(item) for item in answer["Items"]}
            if "LastEvaluatedKey" not in answer:
                return found
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def update(table: str, source: str, counts: Mapping[str, int], at: str) -> dict[str, Any]:
    """One load more, as a step of the transaction that settles it."""
    rows = Counts.of(counts).as_dict()
    added = ", ".join(f"{_PREFIX}{name} :{name}" for name in rows)
    return {
        "TableName": table,
        "Key": {"pk": _PARTITION, "sk": source},
        "UpdateExpression": f"SET #at = :at ADD loads :one, {added}",
        "ExpressionAttributeNames": {"#at": "at"},
        "ExpressionAttributeValues": {
            ":at": at,
            ":one": 1,
            **{f":{name}": value for name, value in rows.items()},
        },
    }
