"""What a DynamoDB request needs beyond ministack's reading: leading keys, and the table's key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from local.iam.facts import Facts
from local.iam.needs import Need, Reading, Request, encryption_context, key_needs

EQUALS = re.compile(r"(#?[\w.]+)\s*=\s*(:\w+)")


def read(request: Request, reading: Reading, facts: Facts) -> None:
    """Add the leading keys, and what DynamoDB asks of the table's key for its caller."""
    body = request.json
    keys = leading_keys(body, facts)
    if keys:
        reading.context["dynamodb:LeadingKeys"] = keys
    for table in sorted(tables(body)):
        reading.more += table_key_needs(facts, table, request.region, request.account)


def table_key_needs(facts: Facts, table: str, region: str, account: str) -> list[Need]:
    """What DynamoDB asks of a table's key, each few minutes for each caller."""
    names = {"aws__dynamodb__tableName": table, "aws__dynamodb__subscriberId": account}
    context = encryption_context(**names)
    return key_needs(facts.table_key(table), "dynamodb", region, "Decrypt", context=context)


def tables(body: dict[str, Any]) -> set[str]:
    """The tables that a request touches, by name."""
    named = [part.get("TableName") for part in _parts(body)]
    batch = body.get("RequestItems")
    named += list(batch) if isinstance(batch, dict) else []
    return {str(name).rpartition("/")[2] for name in named if name}


def leading_keys(body: dict[str, Any], facts: Facts) -> list[str]:
    """The values of the partition key that a request names."""
    values: list[str] = []
    for part in _parts(body):
        table = str(part.get("TableName") or "").rpartition("/")[2]
        name = facts.partition_key(table, None)
        for holder in (part.get("Item"), part.get("Key")):
            if isinstance(holder, dict) and name in holder:
                values += _values(holder[name])
        condition = part.get("KeyConditionExpression")
        if condition:
            divided_by = facts.partition_key(table, part.get("IndexName"))
            values += _of_condition(part, str(condition), divided_by)
    return values


def _parts(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The request, or each item of a transaction."""
    yield body
    for item in body.get("TransactItems") or []:
        yield from (part for part in item.values() if isinstance(part, dict))


def _of_condition(part: dict[str, Any], condition: str, divided_by: str | None) -> Iterator[str]:
    names = part.get("ExpressionAttributeNames") or {}
    given = part.get("ExpressionAttributeValues") or {}
    for name, value in EQUALS.findall(condition):
        if names.get(name, name) == divided_by:
            yield from _values(given.get(value))


def _values(typed: Any) -> list[str]:
    """`{"S": "x"}` as ["x"]."""
    return [str(value) for value in typed.values()] if isinstance(typed, dict) else []
