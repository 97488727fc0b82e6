"""Items of one DynamoDB table, written only under conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any, Final

from lake.records import FileRecord

ABSENT: Final = "attribute_not_exists(pk)"
TURNS: Final = 4


class Items:
    """The few shapes of reading and writing that the ledger is made of."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._client = table.meta.client
        self._errors = table.meta.client.exceptions

    def _get(self, pk: str, sk: str) -> dict[str, Any] | None:
        answer = self._table.get_item(Key={"pk": pk, "sk": sk}, ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def _query(self, query: Mapping[str, Any], limit: int | None) -> Iterator[FileRecord]:
        start: dict[str, Any] = {}
        left = limit
        while left is None or left > 0:
            page = {} if left is None else {"Limit": left}
            answer = self._table.query(**query, **start, **page)
            for item in answer["Items"]:
                yield FileRecord.from_item(item)
            if left is not None:
                left -= len(answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _put(
        self,
        item: Mapping[str, Any],
        condition: str,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> bool:
        extra: dict[str, Any] = {}
        if names:
            extra["ExpressionAttributeNames"] = names
        if values:
            extra["ExpressionAttributeValues"] = values
        try:
            self._table.put_item(Item=item, ConditionExpression=condition, **extra)
        except self._errors.ConditionalCheckFailedException:
            return False
        return True

    def _put_request(self, item: Mapping[str, Any], condition: str) -> dict[str, Any]:
        return {"TableName": self._table.name, "Item": item, "ConditionExpression": condition}

    def _file_update(
        self,
        source: str,
        sha256: str,
        expression: str,
        *,
        values: Mapping[str, Any],
        condition: str = "attribute_exists(pk)",
        names: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        request: dict[str, Any] = {
            "TableName": self._table.name,
            "Key": {"pk": f"file#{source}", "sk": sha256},
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        if names:
            request["ExpressionAttributeNames"] = names
        return request

    def _transact(self, *writes: Mapping[str, Any]) -> bool:
        """All writes or none; False when a condition does not hold."""
        for turn in range(TURNS):
            try:
                self._client.transact_write_items(TransactItems=list(writes))
            except self._errors.TransactionCanceledException as error:
                codes = {reason.get("Code") for reason in error.response["CancellationReasons"]}
                if "ConditionalCheckFailed" in codes:
                    return False
                if "TransactionConflict" not in codes:
                    raise
                sleep(0.02 * 2**turn)  # somebody else writes one of these items right now
            else:
                return True
        return False


def in_days(days: int) -> int:
    """A moment from now, as DynamoDB's time to live counts."""
    return int((datetime.now(UTC) + timedelta(days=days)).timestamp())
