"""What happens to one upload: each step may be the last one before a kill, and may come again.

Order matters. The file is in bronze before the ledger says that it waits, the ledger says so
before the queue is told, and the raw version goes last: whatever is cut off begins anew with
the same bytes, finds what is done, and does the rest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from functions.promote.bronze import Bronze
from functions.promote.inbox import Inbox, Landed
from lake import keys
from lake.catalog import Catalog, Source
from lake.errors import FileRefused, KeyRefused, LakeError
from lake.ledger import Ledger, file_message, next_generation
from lake.prescan import require_size
from lake.quarantine import Quarantine, Refused
from lake.records import (
    ACCEPTED,
    FAILED,
    QUARANTINED,
    UNCHANGED,
    UNROUTED,
    WAITING,
    FileRecord,
    Receipt,
    iso,
)
from lake.vetting import vet

_TURNS: Final = 4


@dataclass(frozen=True)
class Promotion:
    """Everything that promoting an upload needs."""

    catalog: Catalog
    ledger: Ledger
    inbox: Inbox
    bronze: Bronze
    quarantine: Quarantine
    sqs: Any
    jobs_queue_url: str

    def promote(self, landed: Landed) -> Receipt | None:
        """Handle one upload to its end; None when there was nothing left to do."""
        receipt = None
        if self.ledger.receipt(landed.key, landed.version) is None:
            if landed.is_folder:
                return None
            receipt = self._decide(landed)
        self.inbox.remove(landed)
        return receipt

    def _decide(self, landed: Landed) -> Receipt:
        try:
            raw = keys.parse_raw(landed.key, self.catalog)
        except KeyRefused as error:
            refusal = FileRefused("unrouted", f"{error}")
            return self._refuse(landed, None, landed.stand_in_hash, landed.key, refusal)
        try:
            require_size(landed.size, raw.source.format)
        except FileRefused as refusal:
            return self._refuse(landed, raw.source, landed.stand_in_hash, raw.file_name, refusal)
        with TemporaryDirectory(prefix="promote-") as folder:
            path = Path(folder) / "upload"
            sha256 = self.inbox.fetch(landed, path)
            return self._settle(landed, raw.source, raw.file_name, sha256, path)

    def _settle(
        self, landed: Landed, source: Source, name: str, sha256: str, path: Path
    ) -> Receipt:
        """Decide by what the ledger knows of these bytes; look again when it has just changed."""
        for _ in range(_TURNS):
            known = self.ledger.file(source.id, sha256)
            if known and known.first_receipt == landed.receipt_id:
                return self._announce(landed, known)
            if known and known.state not in (QUARANTINED, FAILED):
                receipt = _receipt(landed, UNCHANGED, source.id, sha256)
                self.ledger.see_again(known, receipt)
                return receipt
            try:
                vet(path, source)
            except FileRefused as refusal:
                return self._refuse(landed, source, sha256, name, refusal)
            if record := self._accept(landed, source, name, sha256, known):
                return self._announce(landed, record)
        raise LakeError(f"{landed.key}: the ledger keeps changing, to be tried again")

    def _accept(
        self, landed: Landed, source: Source, name: str, sha256: str, known: FileRecord | None
    ) -> FileRecord | None:
        bronze_key = known.bronze_key if known else ""
        bronze_key = bronze_key or self._claim(source, name, sha256)
        origin = self.inbox.origin(landed)
        self.bronze.keep(landed, origin, bronze_key, sha256, source.format)
        now = iso(datetime.now(UTC))
        record = FileRecord(
            source=source.id,
            sha256=sha256,
            file_name=name,
            raw_key=landed.key,
            size=landed.size,
            received_at=landed.received_at,
            first_seen=known.first_seen if known else now,
            last_seen=now,
            state=WAITING,
            first_receipt=landed.receipt_id,
            lane=source.lane,
            job=source.job,
            load_id=keys.load_id(sha256),
            bronze_key=bronze_key,
            seen=known.seen + 1 if known else 1,
            generation=known.generation if known else 0,
        )
        if known is None:
            return record if self.ledger.admit(record) else None
        record = next_generation(record, source.lane, source.job)
        return record if self.ledger.readmit(known, record) else None

    def _claim(self, source: Source, name: str, sha256: str) -> str:
        for key in (keys.bronze(source, name), keys.bronze(source, name, sha256)):
            if self.ledger.claim_bronze(key, sha256):
                return key
        raise LakeError(f"bronze has no free key for {source.id}/{name} ({sha256})")

    def _announce(self, landed: Landed, record: FileRecord) -> Receipt:
        if record.state == WAITING:
            self.sqs.send_message(
                QueueUrl=self.jobs_queue_url,
                MessageBody=json.dumps(file_message(record)),
                MessageGroupId=record.lane,
                MessageDeduplicationId=record.load_id,
            )
        receipt = _receipt(landed, ACCEPTED, record.source, record.sha256)
        self.ledger.close(receipt)
        return receipt

    def _refuse(
        self,
        landed: Landed,
        source: Source | None,
        sha256: str,
        name: str,
        refusal: FileRefused,
    ) -> Receipt:
        source_id = source.id if source else None
        refused = Refused(
            source=source_id,
            file_name=name,
            raw_key=landed.key,
            size=landed.size,
            sha256=sha256,
            received_at=landed.received_at,
            code=refusal.code,
            reason=refusal.reason,
        )
        quarantine_key = self.quarantine.set_aside(self.inbox.origin(landed), refused)
        receipt = _receipt(landed, QUARANTINED, source_id or UNROUTED, sha256, refusal.reason)
        record = FileRecord(
            source=receipt.source,
            sha256=sha256,
            file_name=name,
            raw_key=landed.key,
            size=landed.size,
            received_at=landed.received_at,
            first_seen=receipt.at,
            last_seen=receipt.at,
            state=QUARANTINED,
            first_receipt=landed.receipt_id,
            lane=source.lane if source else "",
            job=source.job if source else "",
            quarantine_key=quarantine_key,
            reason=refusal.reason,
        )
        self.ledger.refuse(record, receipt)
        return receipt


def _receipt(landed: Landed, status: str, source_id: str, sha256: str, reason: str = "") -> Receipt:
    at = iso(datetime.now(UTC))
    return Receipt(landed.key, landed.version, status, source_id, sha256, at, reason)
