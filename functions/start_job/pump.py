"""One lane, one running job: settle the run that ended, start the next batch.

The ledger is the truth and messages only wake this up, so any number of messages in any order
leads to the same jobs. Taking a lane and marking its files is one transaction that also keeps
the request; who finds a lane taken but without a run sends that very request again, and the
client token makes EMR answer with the same run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from functions.start_job import submission
from functions.start_job.submission import Deployment
from functions.start_job.verdict import SUCCESS, Run, cut, judge
from lake.catalog import Catalog
from lake.errors import LakeError
from lake.lanes import lease_of
from lake.ledger import Ledger
from lake.quarantine import Quarantine, Refused
from lake.records import LOADING, WAITING, FileRecord, Lease, Load, iso

MAX_FILES: Final = 10
_LOOK_AHEAD: Final = 25
_TURNS: Final = 6
# Refused for good as it stands: another call with the same words cannot succeed.
_DEFINITE: Final = frozenset(
    {"ValidationException", "AccessDeniedException", "ResourceNotFoundException"}
)
# Refused for now: no run came of it, and one will when there is room. The client has tried again at
# once, several times.
_LATER: Final = frozenset(
    {
        "ApplicationMaxCapacityExceededException",
        "ConflictException",
        "ServiceQuotaExceededException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# Not all lanes at the same moment.
_WAIT_S: Final = (60, 120)


@dataclass(frozen=True)
class Pump:
    """Everything that moving a lane needs."""

    catalog: Catalog
    ledger: Ledger
    emr: Any
    s3: Any
    sns: Any
    quarantine: Quarantine
    where: Deployment
    notices_topic_arn: str
    # Ends that an event told of: EMR may show them a moment later than it announces them.
    told: Mapping[str, Run] = field(default_factory=dict)
    # What happened while moving lanes, under the names of the metrics that tell it.
    happened: Counter[str] = field(default_factory=Counter)

    def pump(self, lane: str, hints: Iterable[Load] = ()) -> str:
        """Move a lane as far as it goes now: `idle`, `busy` or `started`."""
        hints = tuple(hints)
        for _ in range(_TURNS):
            if lease := self.ledger.lease(lane):
                run = self._run(lease)
                if run and not run.ended:
                    return "busy"
                if run:
                    self._settle(lease, run)
                continue
            batch = self._choose(lane, hints)
            if not batch:
                return "idle"
            source = batch[0].source
            token = submission.batch_token(batch, self.where.code_version)
            request = submission.request(token, source, self.catalog, self.where)
            job = self.catalog.source(source).job
            lease = lease_of(lane, job, token, batch, json.dumps(request), datetime.now(UTC))
            if self.ledger.take_lane(lease) and self._submit(lease):
                self.happened["JobsStarted"] += 1
                return "started"
        raise LakeError(f"lane {lane} keeps changing, to be tried again")

    def _choose(self, lane: str, hints: tuple[Load, ...]) -> list[FileRecord]:
        """The next batch: the oldest file, and others of its source that fit with it.

        A file whose run failed goes alone, so that one bad workbook cannot take nine good ones
        down with it.
        """
        named = {(load.source, load.sha256) for load in hints}
        named |= {(file.source, file.sha256) for file in self.ledger.waiting(lane, _LOOK_AHEAD)}
        # The index may lag, the files themselves do not.
        files = [file for name in named if (file := self.ledger.file(*name))]
        files = [
            file
            for file in files
            if file.state == WAITING and file.lane == lane and file.source in self.catalog.sources
        ]
        files.sort(key=lambda file: (file.received_at, file.sha256))
        if files and files[0].not_before > iso(datetime.now(UTC)):
            return []
        if not files or files[0].attempts:
            return files[:1]
        oldest = files[0]
        return [file for file in files if file.source == oldest.source and not file.attempts][
            :MAX_FILES
        ]

    def _run(self, lease: Lease) -> Run | None:
        """The run of a lease; None when the lane has moved on meanwhile."""
        run_id = lease.job_run_id or self._submit(lease)
        if not run_id:
            return None
        try:
            answer = self.emr.get_job_run(applicationId=self.where.application_id, jobRunId=run_id)
        except self.emr.exceptions.ResourceNotFoundException:
            # EMR forgets old runs. What such a run wrote down still counts.
            state = SUCCESS if self._result(lease) else "FAILED"
            return Run(run_id, state, "nobody knows this run any more")
        run = Run(run_id, answer["jobRun"]["state"], answer["jobRun"].get("stateDetails", ""))
        told = self.told.get(run_id)
        if run.ended or told is None:
            return run
        # Why it failed decides what becomes of its files, and the event does not say it.
        return run if told.state == "FAILED" else told

    def _submit(self, lease: Lease) -> str:
        """Start the run of a lease, or find it; empty when the lane has moved on meanwhile."""
        files = [self._file(load) for load in lease.batch]
        self.s3.put_object(
            Bucket=self.where.jobs_bucket,
            Key=submission.batch_key(lease.token),
            Body=json.dumps(
                submission.manifest(lease.token, lease.job, files, self.where.bronze_bucket),
                ensure_ascii=False,
            ).encode(),
            ContentType="application/json",
        )
        try:
            run_id: str = self.emr.start_job_run(**json.loads(lease.request))["jobRunId"]
        except self.emr.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _LATER:
                self._defer(lease, str(error))
                return ""
            if code in _DEFINITE:
                self._give_back(lease, str(error))
            raise
        return run_id if self.ledger.record_run(lease, run_id) else ""

    def _give_back(self, lease: Lease, reason: str) -> None:
        """No run came of it and none will: the files wait on, no attempt is counted."""
        for load in lease.batch:
            file = self._file(load)
            self.ledger.mark_retry(load, lease.token, file.attempts, reason, lease.lane)
        self.ledger.release(lease.lane, lease.token)

    def _defer(self, lease: Lease, reason: str) -> None:
        """No run came of it yet: the files wait on, and no message brings them back at once."""
        for load in lease.batch:
            waits = self._file(load).waits
            until = _not_before(lease.token)
            self.ledger.mark_later(load, lease.token, waits, until, cut(reason), lease.lane)
        self.ledger.release(lease.lane, lease.token)

    def _settle(self, lease: Lease, run: Run) -> None:
        """Write what became of each file, then free the lane."""
        result = self._result(lease) if run.state == SUCCESS else None
        self.happened["JobsFailed"] += result is None and not run.had_no_room
        for load in lease.batch:
            file = self._file(load)
            if file.state == LOADING and file.token == lease.token:
                self._write(lease, load, file, run, result)
        self.ledger.release(lease.lane, lease.token)

    def _write(
        self,
        lease: Lease,
        load: Load,
        file: FileRecord,
        run: Run,
        result: Mapping[str, Any] | None,
    ) -> None:
        verdict = judge(load.load_id, file.attempts, run, result, file.waits)
        told = verdict.result or {}
        match verdict.fate:
            case "loaded":
                self.ledger.mark_loaded(
                    load, lease.token, told["counts"], told["sheet_rows"], told["tables"]
                )
                self.happened["RowsAccepted"] += told["counts"]["accepted"]
                self.happened["RowsRejected"] += told["counts"]["rejected"]
            case "refused":
                key = self._set_aside(file, verdict.reason)
                self.ledger.mark_refused(load, lease.token, verdict.reason, key, told)
            case "later":
                self.ledger.mark_later(
                    load,
                    lease.token,
                    file.waits + 1,
                    _not_before(lease.token),
                    verdict.reason,
                    lease.lane,
                )
            case "again":
                self.ledger.mark_retry(
                    load, lease.token, verdict.attempts, verdict.reason, lease.lane
                )
            case "failed":
                self._notify(file, verdict.reason)
                self.ledger.mark_failed(load, lease.token, verdict.attempts, verdict.reason)

    def _set_aside(self, file: FileRecord, reason: str) -> str:
        origin = {"Bucket": self.where.bronze_bucket, "Key": file.bronze_key}
        refused = Refused(
            source=file.source,
            file_name=file.file_name,
            raw_key=file.raw_key,
            size=file.size,
            sha256=file.sha256,
            received_at=file.received_at,
            code="too_many_bad_rows",
            reason=reason,
        )
        return self.quarantine.set_aside(origin, refused)

    def _notify(self, file: FileRecord, reason: str) -> None:
        self.sns.publish(
            TopicArn=self.notices_topic_arn,
            Subject=f"Albufera: a file of {file.source} could not be loaded"[:100],
            Message=(
                f"{file.file_name} of {file.source} failed for the last time.\n\n{reason}\n\n"
                f"It stays in bronze as {file.bronze_key}. When the cause is mended:"
                f" lake replay {file.sha256[:16]}\n"
            ),
        )

    def _file(self, load: Load) -> FileRecord:
        file = self.ledger.file(load.source, load.sha256)
        if file is None:
            raise LakeError(f"the ledger lost {load.source} {load.sha256}")
        return file

    def _result(self, lease: Lease) -> dict[str, Any] | None:
        """What the run wrote down at its very end, or None."""
        try:
            answer = self.s3.get_object(
                Bucket=self.where.jobs_bucket, Key=submission.result_key(lease.token)
            )
        except self.s3.exceptions.NoSuchKey:
            return None
        try:
            result = json.loads(answer["Body"].read())
        except ValueError:
            return None
        return result if isinstance(result, dict) else None


def _not_before(token: str) -> str:
    """A minute or two from now, by the batch."""
    least, most = _WAIT_S
    seconds = least + int(token, 16) % (most - least + 1)
    return iso(datetime.now(UTC) + timedelta(seconds=seconds))
