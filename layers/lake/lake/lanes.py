"""Lanes: which batch holds which writer group, and what became of its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from lake import tallies
from lake.errors import LakeError
from lake.items import ABSENT, Items, in_days
from lake.records import (
    FAILED,
    LOADED,
    LOADING,
    QUARANTINED,
    WAITING,
    FileRecord,
    Lease,
    Load,
    iso,
)

_RUN_DAYS: Final = 90


class Lanes(Items):
    """What start_job reads and writes of the ledger."""

    def lease(self, lane: str) -> Lease | None:
        """Who holds a lane, or None when it is free."""
        item = self._get(f"lane#{lane}", "lease")
        return Lease.from_item(item) if item else None

    def take_lane(self, lease: Lease) -> bool:
        """Take a free lane and turn its waiting files to loading: one write, all or nothing."""
        lease_put = self._put_request(
            {"pk": f"lane#{lease.lane}", "sk": "lease", **lease.attributes()}, ABSENT
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
        expires = in_days(_RUN_DAYS)
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
        """The end that everybody wants, counted once; False when the batch had said so before."""
        changes = {
            "state": LOADED,
            "counts": dict(counts),
            "sheet_rows": sheet_rows,
            "tables": dict(tables),
        }
        counted = tallies.update(self._table.name, load.source, counts, iso(datetime.now(UTC)))
        return self._move(load, token, changes, forget="reason", beside=counted)

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

    def mark_later(
        self, load: Load, token: str, waits: int, not_before: str, reason: str, lane: str
    ) -> bool:
        """There was no room for the run: the file waits as before, until that moment at least."""
        changes = {
            "state": WAITING,
            "waits": waits,
            "not_before": not_before,
            "reason": reason,
            "waiting_lane": lane,
        }
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

    def _move(
        self,
        load: Load,
        token: str,
        changes: Mapping[str, Any],
        forget: str | None = None,
        beside: Mapping[str, Any] | None = None,
    ) -> bool:
        """Change a file that this batch is loading, with another item or alone; False: no more."""
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
        if beside is not None:
            if self._transact({"Update": request}, {"Update": beside}):
                return True
            found = self._get(request["Key"]["pk"], request["Key"]["sk"]) or {}
            if (found.get("state"), found.get("token")) == (LOADING, token):
                # Not refused: others kept writing these items. Freed now, its lane would forget it.
                raise LakeError(f"{load.load_id}: the ledger keeps changing, to be tried again")
            return False
        del request["TableName"]
        try:
            self._table.update_item(**request)
        except self._errors.ConditionalCheckFailedException:
            return False
        return True


def lease_of(
    lane: str, job: str, token: str, files: Sequence[FileRecord], request: str, now: datetime
) -> Lease:
    """The lease that a batch of files takes."""
    loads = [asdict(Load(file.source, file.sha256, file.load_id)) for file in files]
    return Lease(lane, job, token, loads, request, since=iso(now))
