"""Sending a stream's records again: those that Firehose set aside, which AWS never does by itself.

Each error object stays where it is; beside the prefix a mark says which of its lines were sent and
why the others were not, so that asking twice sends nothing twice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from lake.catalog import Source
from lake.conform import Rejection
from lake.names import nearest
from lake.streams import Streams, sent_again
from lake_cli.deployment import Deployment
from lake_cli.exits import Stop

Row = dict[str, Any]
MOST_RECORDS, MOST_BYTES, TRIES = 500, 4_000_000, 5
REASONS_SHOWN = 3


@dataclass
class Mark:
    """What became of the lines of one error object."""

    sent: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)

    def as_json(self, key: str) -> bytes:
        """The mark's object."""
        return json.dumps(
            {
                "object": key,
                "sent": sorted(self.sent),
                "refused": {str(line): why for line, why in sorted(self.refused.items())},
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
            },
            indent=1,
        ).encode()


def replay(deployment: Deployment, source_id: str, *, look: bool = False) -> list[Row]:
    """Puts a stream's set-aside records into it again; `look` only says what would be done."""
    return Replay(deployment, source_id).run(look=look)


class Replay:
    """One stream's error objects."""

    def __init__(self, deployment: Deployment, source_id: str) -> None:
        catalog = deployment.catalog
        self._source: Source = catalog.source(source_id)
        known = deployment["streams"]
        if not known:
            raise Stop(
                "the stream of this lake is switched off",
                "set stream_enabled = true in its tfvars, then `make deploy`",
            )
        if source_id not in known:
            hint = nearest(source_id, known).strip(" ()") or f"streams are {', '.join(known)}"
            raise Stop(f"'{source_id}' is no stream of this lake", hint)
        self._stream = known[source_id]["name"]
        self._prefix = known[source_id]["errors"]
        self._marks = known[source_id]["replayed"]
        self._bucket = deployment.bucket("ops")
        self._s3, self._kinesis = deployment.client("s3"), deployment.client("kinesis")
        self._streams = Streams(catalog)
        self._table = catalog.table(self._source.feeds[0])

    def run(self, *, look: bool) -> list[Row]:
        """One row an error object that is not wholly sent yet."""
        rows = [self._object(key, look=look) for key in self._keys(self._prefix)]
        return [row for row in rows if row["status"] != "sent before"]

    def _object(self, key: str, *, look: bool) -> Row:
        mark = self._mark_of(key)
        before = len(mark.sent)
        lines = self._lines(key)
        ready: list[tuple[int, bytes]] = []
        mark.refused.clear()
        for number, data in lines:
            if number in mark.sent:
                continue
            made = self._streams.row(data)
            if isinstance(made, Rejection):
                # It would fail again, and its copy would lie in the prefix beside it.
                where = f"{made.column}: " if made.column else ""
                mark.refused[number] = f"{where}{made.reason}"
            else:
                ready.append((number, data))
        if not look:
            for batch in _batches(ready):
                mark.sent |= self._put(batch)
                self._s3.put_object(
                    Bucket=self._bucket, Key=self._mark(key), Body=mark.as_json(key)
                )
            if mark.refused and not ready:
                self._s3.put_object(
                    Bucket=self._bucket, Key=self._mark(key), Body=mark.as_json(key)
                )
        sent = len(ready) if look else len(mark.sent) - before
        return {
            "object": key.removeprefix(self._prefix),
            "status": _status(sent, len(ready), len(mark.refused), before),
            "records": len(lines),
            "sent": sent,
            "sent_before": before,
            "refused": len(mark.refused),
            "reason": _reasons(mark.refused),
        }

    def _put(self, batch: list[tuple[int, bytes]]) -> set[int]:
        """Puts a batch; gives the lines that Kinesis has taken."""
        left = list(batch)
        for _ in range(TRIES):
            answer = self._kinesis.put_records(
                StreamName=self._stream,
                Records=[
                    {"Data": data, "PartitionKey": sha256(data).hexdigest()[:32]}
                    for _, data in left
                ],
            )
            left = [
                entry
                for entry, said in zip(left, answer["Records"], strict=True)
                if "ErrorCode" in said
            ]
            if not left:
                break
        refused = {number for number, _ in left}
        return {number for number, _ in batch} - refused

    def _lines(self, key: str) -> list[tuple[int, bytes]]:
        """The records of an object; a line that is none is a record that is no JSON."""
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        found = []
        for number, line in enumerate(body.decode("utf-8", "replace").splitlines()):
            try:
                data = base64.b64decode(json.loads(line)["rawData"], validate=True)
            except (ValueError, TypeError, KeyError):
                data = b""
            found.append((number, sent_again(data, self._source, self._table)))
        return found

    def _mark(self, key: str) -> str:
        return f"{self._marks}{key.removeprefix(self._prefix)}.json"

    def _mark_of(self, key: str) -> Mark:
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=self._mark(key))["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return Mark()
        return Mark(set(json.loads(body)["sent"]))

    def _keys(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        for page in pages:
            for found in page.get("Contents", []):
                yield found["Key"]


def _batches(ready: list[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    batch: list[tuple[int, bytes]] = []
    weight = 0
    for number, data in ready:
        if batch and (len(batch) == MOST_RECORDS or weight + len(data) > MOST_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append((number, data))
        weight += len(data)
    if batch:
        yield batch


def _status(sent: int, ready: int, refused: int, before: int) -> str:
    if sent < ready:
        return "not all taken"
    if refused:
        return "refused" if not sent else "partly refused"
    return "sent" if sent or not before else "sent before"


def _reasons(refused: dict[int, str]) -> str | None:
    """The reasons of an object's records, each once."""
    if not refused:
        return None
    different = list(dict.fromkeys(refused.values()))
    more = len(different) - REASONS_SHOWN
    shown = "; ".join(different[:REASONS_SHOWN])
    return f"{shown}; and {more} other reasons" if more > 0 else shown
