"""Sending files through again: what never reached bronze goes back to raw, the rest is requeued."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any

from lake import keys
from lake.ledger import file_message
from lake.names import nearest
from lake.records import FAILED, LOADED, QUARANTINED, UNROUTED, FileRecord
from lake_cli.deployment import Deployment
from lake_cli.exits import Stop
from lake_cli.files import SCANNED, file_id, matching

Row = dict[str, Any]


def replay(deployment: Deployment, ids: Sequence[str], *, every: bool) -> list[Row]:
    """Sends files again, by id or all that need a person; says how each one goes."""
    chosen = _all(deployment) if every else [_one(deployment, wanted) for wanted in ids]
    return [_send(deployment, file) for file in chosen]


def _all(deployment: Deployment) -> list[FileRecord]:
    return [file for state in (FAILED, QUARANTINED) for file in deployment.ledger.files(state)]


def _one(deployment: Deployment, wanted: str) -> FileRecord:
    """The one file that an id means; nothing is sent when an id means none or several."""
    known: list[FileRecord] = []
    for state in (QUARANTINED, FAILED, LOADED):
        known += islice(deployment.ledger.files(state), SCANNED)
    found = matching(known, wanted)
    if not found:
        hint = nearest(wanted, [file_id(file) for file in known]).strip(" ()")
        raise Stop(f"no refused, failed or loaded file has the id '{wanted}'", hint)
    if len(found) > 1:
        names = ", ".join(f"{file.source} ({file.sha256[:24]})" for file in found)
        raise Stop(f"'{wanted}' means several files: {names}", "give more of the hash")
    return found[0]


def _send(deployment: Deployment, file: FileRecord) -> Row:
    row: Row = {"id": file_id(file), "file": file.file_name, "source": file.source}
    if file.source == UNROUTED or file.source not in deployment.catalog.sources:
        # Its key named no source: only the sender knows whose it is.
        return row | {"status": "skipped", "how": "belongs to no source: upload it to one"}
    if file.state == QUARANTINED or not file.bronze_key:
        return row | _to_raw(deployment, file)
    return row | _requeue(deployment, file)


def _to_raw(deployment: Deployment, file: FileRecord) -> Row:
    """A refused file is examined anew, under its own name, as if it had just been sent."""
    key = keys.raw(deployment.catalog.source(file.source), file.file_name)
    place = {"Bucket": deployment.bucket("quarantine"), "Key": file.quarantine_key}
    target = deployment.bucket("raw")
    answer = deployment.client("s3").copy_object(Bucket=target, Key=key, CopySource=place)
    return {"status": "sent", "how": "from quarantine to raw", "version": answer.get("VersionId")}


def _requeue(deployment: Deployment, file: FileRecord) -> Row:
    """What lies in bronze is loaded again under a new load id."""
    source = deployment.catalog.source(file.source)
    again = deployment.ledger.requeue(file, source.lane, source.job)
    deployment.client("sqs").send_message(
        QueueUrl=deployment["jobs_queue_url"],
        MessageBody=json.dumps(file_message(again)),
        MessageGroupId=again.lane,
        MessageDeduplicationId=again.load_id,
    )
    return {"status": "sent", "how": "from bronze to its job", "load_id": again.load_id}
