"""Keys of the results API in the deployed table: made, listed, revoked, rotated."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lake.api_keys import ApiKey, new_key
from lake.names import nearest
from lake_cli.deployment import Deployment
from lake_cli.exits import Stop

Row = dict[str, Any]


def listed(deployment: Deployment) -> list[ApiKey]:
    """Every key that still opens, by name and age."""
    pages = deployment.client("dynamodb").get_paginator("scan")
    found = [
        ApiKey.from_item(item)
        for page in pages.paginate(TableName=deployment["api_keys_table"], ConsistentRead=True)
        for item in page["Items"]
    ]
    now = time.time()
    return sorted(
        (key for key in found if not key.ended(now)), key=lambda key: (key.name, key.created_at)
    )


def make(deployment: Deployment, name: str, rate: float, burst: int, days: int | None) -> str:
    """A new key of that name; its text is known now and never again."""
    if any(key.name == name for key in listed(deployment)):
        raise Stop(f"there is a key called '{name}' already", f"`lake api-key rotate {name}`")
    expires = None if days is None else int(time.time()) + days * 86_400
    return _put(deployment, name, rate, burst, expires)


def rotate(deployment: Deployment, name: str, minutes: int) -> str:
    """A new key under the same name and limits; the old ones open for some minutes yet."""
    old = called(deployment, name)
    last = old[-1]
    text = _put(deployment, name, last.rate, last.burst, last.expires)
    end(deployment, old, minutes)
    return text


def end(deployment: Deployment, keys: Sequence[ApiKey], minutes: int = 0) -> None:
    """Let keys open nothing any more, now or in some minutes."""
    dynamodb, table = deployment.client("dynamodb"), deployment["api_keys_table"]
    for key in keys:
        if minutes:
            expires = int(time.time()) + minutes * 60
            ending = replace(key, expires=min(expires, key.expires or expires))
            dynamodb.put_item(TableName=table, Item=ending.item())
        else:
            dynamodb.delete_item(TableName=table, Key={"hash": {"S": key.hash}})


def called(deployment: Deployment, name: str) -> list[ApiKey]:
    """The keys of a name, the newest last; or how to find the right name."""
    keys = listed(deployment)
    if found := [key for key in keys if key.name == name]:
        return found
    hint = nearest(name, {key.name for key in keys})
    raise Stop(f"no key is called '{name}'{hint}", "see `lake api-key list`")


def row(key: ApiKey) -> Row:
    """A key as people see it: by the start of its hash, for nobody has its text."""
    ends = None if key.expires is None else datetime.fromtimestamp(key.expires, UTC)
    return {
        "name": key.name,
        "created_at": key.created_at,
        "rate": key.rate,
        "burst": key.burst,
        "expires": None if ends is None else ends.isoformat(),
        "hash": key.hash[:12],
    }


def _put(deployment: Deployment, name: str, rate: float, burst: int, expires: int | None) -> str:
    text = new_key()
    key = replace(ApiKey.of(text, name, rate, burst), expires=expires)
    deployment.client("dynamodb").put_item(TableName=deployment["api_keys_table"], Item=key.item())
    return text
