"""The ledger: what became of every file, and which batch holds which lane.

One DynamoDB table. Every change of state is a conditional write, so a message that comes twice,
a function that dies half-way and two functions at once all end in the same items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any, Final

from lake import keys
from lake.errors import LakeError
from lake.records import (
    FAILED,
    LOADED,
    LOADING,
    QUARANTINED,
    STATES,
    WAITING,
    FileRecord,
    Lease,
    Load,
    Receipt,
    iso,
)

_RECEIPT_DAYS: Final = 180
_RUN_DAYS: Final = 90
_ABSENT: Final = "attribute_not_exists(pk)"
_TURNS: Final = 4


class Ledger:
    """All reads and writes of the ledger's table (a boto3 Table resource)."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._client = table.meta.client
        self._errors = table.meta.client.exceptions

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
            condition=f"{_ABSENT} OR sha256 = :sha256",
            values={":sha256": sha256},
        )

    def admit(self, record: FileRecord) -> bool:
        """Enter a file that nobody saw before; False when somebody else did in the meantime."""
        return self._put(_file_item(record), condition=_ABSENT)

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
        self._put(_receipt_item(receipt), condition=_ABSENT)

    def see_again(self, record: FileRecord, receipt: Receipt) -> None:
        """Count one more sight of a known file, once for each receipt."""
        note = self._put_request(_receipt_item(receipt), _ABSENT)
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
        for _ in range(_TURNS):
            known = self.file(record.source, record.sha256)
            if known is not None and known.state not in (QUARANTINED, FAILED):
                # Taken in under an earlier declaration: the upload is refused, the file stands.
                self.close(receipt)
                return
            if known is None:
                entry = self._put_request(_file_item(record), _ABSENT)
            else:
                entry = self._put_request(
                    _file_item(_refused_again(known, record)), "#state = :state AND seen = :seen"
                )
                entry["ExpressionAttributeNames"] = {"#state": "state"}
                entry["ExpressionAttributeValues"] = {":state": known.state, ":seen": known.seen}
            note = self._put_request(_receipt_item(receipt), _ABSENT)
            if self._transact({"Put": note}, {"Put": entry}):
                return
            if self.receipt(receipt.raw_key, receipt.version) is not None:
                return
        raise LakeError(f"{record.raw_key}: the ledger keeps changing, to be tried again")

    # What start_job writes

    def lease(self, lane: str) -> Lease | None:
        """Who holds a lane, or None when it is free."""
        item = self._get(f"lane#{lane}", "lease")
        return Lease.from_item(item) if item else None

    def take_lane(self, lease: Lease) -> bool:
        """Take a free lane and turn its waiting files to loading: one write, all or nothing."""
        lease_put = self._put_request(
            {"pk": f"lane#{lease.lane}", "sk": "lease", **lease.attributes()}, _ABSENT
        )
        updates = [
            {
                "Update": self._file_update(
                    load.source,
                    load.sha256,
                    "SET #state = :loading, #token = :token REMOVE waiting_lane",
                    condition="#state = :waiting AND load_id = :load_id",
                    names={"#state": "state", "#token": "token"},
                    values={
                        ":loading": LOADING,
                        ":waiting": WAITING,
                        ":token": lease.token,
                        ":load_id": load.load_id,
                    },
                )
            }
            for load in lease.batch
        ]
        return self._transact({"Put": lease_put}, *updates)

    def record_run(self, lease: Lease, job_run_id: str) -> bool:
        """Write down which run carries the batch; False when the lane has moved on."""
        expires = _in_days(_RUN_DAYS)
        run = {
            "pk": f"run#{job_run_id}",
            "sk": "run",
            **{name: getattr(lease, name) for name in ("lane", "job", "token", "loads")},
            "expires": expires,
        }
        lease_update = {
            "TableName": self._table.name,
            "Key": {"pk": f"lane#{lease.lane}", "sk": "lease"},
            "UpdateExpression": "SET job_run_id = :run",
            "ConditionExpression": "#token = :token",
            "ExpressionAttributeNames": {"#token": "token"},
            "ExpressionAttributeValues": {":run": job_run_id, ":token": lease.token},
        }
        files = [
            {
                "Update": self._file_update(
                    load.source,
                    load.sha256,
                    "SET job_run_id = :run",
                    condition="#token = :token",
                    names={"#token": "token"},
                    values={":run": job_run_id, ":token": lease.token},
                )
            }
            for load in lease.batch
        ]
        run_put = {"Put": {"TableName": self._table.name, "Item": run}}
        return self._transact({"Update": lease_update}, run_put, *files)

    def lane_of_run(self, job_run_id: str) -> str | None:
        """The lane that a run was started for, or None for a run that nobody wrote down."""
        item = self._get(f"run#{job_run_id}", "run")
        return str(item["lane"]) if item else None

    def mark_loaded(
        self,
        load: Load,
        token: str,
        counts: Mapping[str, int],
        sheet_rows: int,
        tables: Mapping[str, Any],
    ) -> bool:
        """The end that everybody wants; False when this batch had written its word before."""
        changes = {
            "state": LOADED,
            "counts": dict(counts),
            "sheet_rows": sheet_rows,
            "tables": dict(tables),
        }
        return self._move(load, token, changes, forget="reason")

    def mark_refused(
        self, load: Load, token: str, reason: str, quarantine_key: str, result: Mapping[str, Any]
    ) -> bool:
        """Too many bad rows: nothing was loaded, the file waits for a person."""
        changes = {
            "state": QUARANTINED,
            "reason": reason,
            "quarantine_key": quarantine_key,
            **{name: result[name] for name in ("counts", "sheet_rows") if name in result},
        }
        return self._move(load, token, changes)

    def mark_retry(self, load: Load, token: str, attempts: int, reason: str, lane: str) -> bool:
        """The run failed: the file waits for the next attempt."""
        changes = {"state": WAITING, "attempts": attempts, "reason": reason, "waiting_lane": lane}
        return self._move(load, token, changes)

    def mark_failed(self, load: Load, token: str, attempts: int, reason: str) -> bool:
        """The last attempt failed: nothing more happens by itself."""
        return self._move(load, token, {"state": FAILED, "attempts": attempts, "reason": reason})

    def release(self, lane: str, token: str) -> bool:
        """Free a lane, if this batch still holds it."""
        try:
            self._table.delete_item(
                Key={"pk": f"lane#{lane}", "sk": "lease"},
                ConditionExpression="#token = :token",
                ExpressionAttributeNames={"#token": "token"},
                ExpressionAttributeValues={":token": token},
            )
        except self._errors.ConditionalCheckFailedException:
            return False
        return True

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

    # The table

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

    def _move(
        self, load: Load, token: str, changes: Mapping[str, Any], forget: str | None = None
    ) -> bool:
        """Change a file that this batch is loading; False when it no longer is."""
        sets = ", ".join(f"#{name} = :{name}" for name in changes)
        request = self._file_update(
            load.source,
            load.sha256,
            f"SET {sets}" + (f" REMOVE {forget}" if forget else ""),
            condition="#state = :was AND #token = :token",
            names={"#state": "state", "#token": "token", **{f"#{name}": name for name in changes}},
            values={
                ":was": LOADING,
                ":token": token,
                **{f":{name}": value for name, value in changes.items()},
            },
        )
        del request["TableName"]
        try:
            self._table.update_item(**request)
        except self._errors.ConditionalCheckFailedException:
            return False
        return True

    def _transact(self, *writes: Mapping[str, Any]) -> bool:
        """All writes or none; False when a condition does not hold."""
        for turn in range(_TURNS):
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


def lease_of(
    lane: str, job: str, token: str, files: Sequence[FileRecord], request: str, now: datetime
) -> Lease:
    """The lease that a batch of files takes."""
    loads = [asdict(Load(file.source, file.sha256, file.load_id)) for file in files]
    return Lease(lane, job, token, loads, request, since=iso(now))


def next_generation(record: FileRecord, lane: str, job: str) -> FileRecord:
    """The same content as a new load: nothing of the last one is carried over."""
    generation = record.generation + 1
    return replace(
        record,
        state=WAITING,
        generation=generation,
        load_id=keys.load_id(record.sha256, generation),
        attempts=0,
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
        "expires": _in_days(_RECEIPT_DAYS),
    }


def _in_days(days: int) -> int:
    return int((datetime.now(UTC) + timedelta(days=days)).timestamp())
