"""The ledger: what became of every file, and which batch holds which lane.

One DynamoDB table. Every change of state is a conditional write, so a message that comes twice,
a function that dies half-way and two functions at once all end in the same items.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from lake import keys
from lake.errors import LakeError
from lake.items import ABSENT, TURNS, in_days
from lake.lanes import Lanes
from lake.records import (
    FAILED,
    LOADED,
    QUARANTINED,
    STATES,
    WAITING,
    FileRecord,
    Receipt,
)

_RECEIPT_DAYS: Final = 180


class Ledger(Lanes):
    """All reads and writes of the ledger's table (a boto3 Table resource)."""

    # Files and receipts, as people ask for them

    def file(self, source: str, sha256: str) -> FileRecord | None:
        """The file of that content, or None when the source never saw it."""
        item = self._get(f"file#{source}", sha256)
        return FileRecord.from_item(item) if item else None

    def files(self, state: str, limit: int | None = None) -> Iterator[FileRecord]:
        """The files in a state, last seen first."""
        if state not in STATES:
            raise LakeError(f"no state is called '{state}': there are {', '.join(STATES)}")
        query = {
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":state": state},
            "ScanIndexForward": False,
        }
        return self._query(query, limit)

    def waiting(self, lane: str, limit: int) -> list[FileRecord]:
        """The oldest files that wait in a lane (the index may lag a moment behind)."""
        query = {
            "IndexName": "waiting",
            "KeyConditionExpression": "waiting_lane = :lane",
            "ExpressionAttributeValues": {":lane": lane},
        }
        return list(self._query(query, limit))

    def receipt(self, raw_key: str, version: str) -> Receipt | None:
        """What became of an upload, or None while it is not handled."""
        item = self._get(f"receipt#{raw_key}", version)
        return Receipt.from_item(item) if item else None

    # What promote writes

    def claim_bronze(self, key: str, sha256: str) -> bool:
        """Whether this content owns that bronze key from now on; a key is claimed once for ever."""
        return self._put(
            {"pk": f"bronze#{key}", "sk": "claim", "sha256": sha256},
            condition=f"{ABSENT} OR sha256 = :sha256",
            values={":sha256": sha256},
        )

    def admit(self, record: FileRecord) -> bool:
        """Enter a file that nobody saw before; False when somebody else did in the meantime."""
        return self._put(_file_item(record), condition=ABSENT)

    def readmit(self, before: FileRecord, record: FileRecord) -> bool:
        """Let a quarantined or failed file wait again, unless it has moved on meanwhile."""
        return self._put(
            _file_item(record),
            condition="#state = :state AND generation = :generation",
            names={"#state": "state"},
            values={":state": before.state, ":generation": before.generation},
        )

    def close(self, receipt: Receipt) -> None:
        """Write the receipt of an upload that is handled; the first word stands."""
        self._put(_receipt_item(receipt), condition=ABSENT)

    def see_again(self, record: FileRecord, receipt: Receipt) -> None:
        """Count one more sight of a known file, once for each receipt."""
        note = self._put_request(_receipt_item(receipt), ABSENT)
        count = self._file_update(
            record.source,
            record.sha256,
            "SET last_seen = :at ADD seen :one",
            values={":at": receipt.at, ":one": 1},
        )
        if not self._transact({"Put": note}, {"Update": count}):
            self.close(receipt)

    def refuse(self, record: FileRecord, receipt: Receipt) -> None:
        """Enter a file as quarantined, or again so, together with its receipt."""
        for _ in range(TURNS):
            known = self.file(record.source, record.sha256)
            if known is not None and known.state not in (QUARANTINED, FAILED):
                # Taken in under an earlier declaration: the upload is refused, the file stands.
                self.close(receipt)
                return
            if known is None:
                entry = self._put_request(_file_item(record), ABSENT)
            else:
                entry = self._put_request(
                    _file_item(_refused_again(known, record)), "#state = :state AND seen = :seen"
                )
                entry["ExpressionAttributeNames"] = {"#state": "state"}
                entry["ExpressionAttributeValues"] = {":state": known.state, ":seen": known.seen}
            note = self._put_request(_receipt_item(receipt), ABSENT)
            if self._transact({"Put": note}, {"Put": entry}):
                return
            if self.receipt(receipt.raw_key, receipt.version) is not None:
                return
        raise LakeError(f"{record.raw_key}: the ledger keeps changing, to be tried again")

    # Replay

    def requeue(self, record: FileRecord, lane: str, job: str) -> FileRecord:
        """Let a file that is at an end wait for its next load, under a new load id.

        The caller then sends `file_message(...)`, or waits for the sweep to notice.
        """
        if record.state not in (LOADED, FAILED, QUARANTINED):
            raise LakeError(f"{record.file_name} is {record.state}: wait until that is over")
        if not record.bronze_key:
            raise LakeError(
                f"{record.file_name} never reached bronze: upload it again, it is examined anew"
            )
        again = next_generation(record, lane, job)
        if not self.readmit(record, again):
            raise LakeError(f"{record.file_name} has moved on in the meantime: look again")
        return again


def next_generation(record: FileRecord, lane: str, job: str) -> FileRecord:
    """The same content as a new load: nothing of the last one is carried over."""
    generation = record.generation + 1
    return replace(
        record,
        state=WAITING,
        generation=generation,
        load_id=keys.load_id(record.sha256, generation),
        attempts=0,
        waits=0,
        not_before="",
        lane=lane,
        job=job,
        reason="",
        token="",
        job_run_id="",
        quarantine_key="",
        counts=None,
        tables=None,
        sheet_rows=None,
    )


def _refused_again(known: FileRecord, record: FileRecord) -> FileRecord:
    return replace(
        record,
        seen=known.seen + 1,
        first_seen=known.first_seen,
        generation=known.generation,
        load_id=known.load_id,
        bronze_key=known.bronze_key,
    )


def file_message(record: FileRecord) -> dict[str, str]:
    """The word on the jobs queue that a file waits; the ledger stays the truth."""
    return {
        "kind": "file",
        "source": record.source,
        "sha256": record.sha256,
        "load_id": record.load_id,
        "lane": record.lane,
    }


def _file_item(record: FileRecord) -> dict[str, Any]:
    item = {"pk": f"file#{record.source}", "sk": record.sha256, **record.attributes()}
    if record.state == WAITING:
        item["waiting_lane"] = record.lane
    return item


def _receipt_item(receipt: Receipt) -> dict[str, Any]:
    return {
        "pk": f"receipt#{receipt.raw_key}",
        "sk": receipt.version,
        **receipt.attributes(),
        "expires": in_days(_RECEIPT_DAYS),
    }
