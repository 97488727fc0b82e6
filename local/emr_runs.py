"""Job runs of the laptop's EMR Serverless: their states, their queue, their logs and events."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import time
from asyncio.subprocess import Process
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, request_scope

from local import spark_runner
from local.emr_admission import NO_WORKER, STARVED_S, Admission, CapacityExceeded
from local.emr_capacity import Need, NeverStarts, check_executors, maximum, need_of
from local.emr_records import ACTIVE, ApiError, Record
from local.emr_states import auto_stop
from local.iam.sessions import Credentials, NotTrusted, session
from local.job_cloud import LogsNotWritten, cloud_client, cloud_environment, ship_logs
from local.job_folder import FetchFailed, JobFolder
from local.job_network import network
from local.spark_home import SparkHome, SparkMissing
from local.spark_jvm import JvmFailed, JvmPool
from local.spark_submit import SparkJob, parse_request

DEFAULT_TIMEOUT_MIN = 720
FINISHED_KEPT = 500
DETAILS_LENGTH = 256
LOOK_S = 0.2
EMR = "emr-serverless.amazonaws.com"


class JobRuns:
    """All job runs; everything here happens on the cloud's event loop."""

    def __init__(self) -> None:
        self.records = AccountRegionScopedDict()
        self._processes: dict[str, Process] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._admission = Admission()
        # A laptop has the capacity for one driver on two cores; the rest waits, first come first.
        parallel = os.environ.get("LAKE_SPARK_JOBS") or max(1, (os.cpu_count() or 2) // 2)
        self._slots = asyncio.Semaphore(int(parallel))
        self._jvms = JvmPool(int(parallel))

    def start(self, application: Record, run_id: str, request: Record, caller: str) -> Record:
        """Accept a job run and let it go; the same client token gets the run that it started."""
        body = {name: value for name, value in request.items() if name != "clientToken"}
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        token = request.get("clientToken") or run_id
        for known in self.of(application["applicationId"]):
            if known["_token"] == token:
                if known["_digest"] != digest:
                    message = f"Client token {token} was used before with other parameters."
                    raise ApiError("ConflictException", message, 409)
                return known
        job = parse_request(request)
        need = need_of(job.submitted)
        now = time.time()
        record: Record = {
            "applicationId": application["applicationId"],
            "jobRunId": run_id,
            "name": request.get("name"),
            "arn": f"{application['arn']}/jobruns/{run_id}",
            "createdBy": caller,
            "createdAt": now,
            "updatedAt": now,
            "startedAt": None,
            "endedAt": None,
            "executionRole": request["executionRoleArn"],
            "state": "SUBMITTED",
            "stateDetails": "",
            "releaseLabel": application["releaseLabel"],
            "configurationOverrides": request.get("configurationOverrides"),
            "jobDriver": request["jobDriver"],
            "tags": request.get("tags") or {},
            "executionTimeoutMinutes": request.get("executionTimeoutMinutes", DEFAULT_TIMEOUT_MIN),
            "mode": request.get("mode", "BATCH"),
            "attempt": 1,
            "attemptCreatedAt": now,
            "attemptUpdatedAt": now,
            "_token": token,
            "_digest": digest,
        }
        self._forget_the_oldest()
        self.records[run_id] = record
        self._announce(record, None)
        self._spawn(self._execute(record, job, need, application))
        return record

    def of(self, application_id: str) -> list[Record]:
        """An application's runs, newest first."""
        runs = [run for run in self.records.values() if run["applicationId"] == application_id]
        return sorted(runs, key=lambda run: float(run["createdAt"]), reverse=True)

    def forget(self, application_id: str) -> None:
        """Drop the runs of an application that is deleted."""
        for run in self.of(application_id):
            self.records.pop(run["jobRunId"])

    def active(self, application_id: str) -> list[Record]:
        """An application's runs that have not ended."""
        return [run for run in self.of(application_id) if run["state"] in ACTIVE]

    def cancel(self, record: Record) -> None:
        """End a run: a waiting one at once, a running one with all its processes."""
        process = self._processes.get(record["jobRunId"])
        if record["state"] in ("SUBMITTED", "PENDING"):
            self._move(record, "CANCELLED", "Job run was cancelled before it started.")
        elif record["state"] in ("SCHEDULED", "RUNNING"):
            self._move(record, "CANCELLING")
            if process is not None:
                self._spawn(spark_runner.end(process))

    def fail_interrupted(self) -> None:
        """Fail what was active when the cloud stopped: its processes are gone."""
        for (account, region, _), record in list(self.records._data.items()):
            if record["state"] in ACTIVE:
                with request_scope(account, region):
                    self._move(record, "FAILED", "The laptop cloud was stopped during this run.")

    async def stop(self) -> None:
        """End every process; the runs stay active in the state and fail at the next start."""
        self._stopping = True
        await asyncio.gather(*(spark_runner.end(p) for p in self._processes.values()))
        # One may be fetching its files from this cloud, which answers no more.
        for task in self._tasks:
            task.cancel()
        # Each takes its JVM with it.
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._jvms.stop()

    def counts(self) -> dict[str, int]:
        """How many runs are running and waiting, over all applications."""
        states = [record["state"] for record in self.records._data.values()]
        running = sum(state in ("SCHEDULED", "RUNNING", "CANCELLING") for state in states)
        return {"running": running, "waiting": sum(s in ("SUBMITTED", "PENDING") for s in states)}

    async def _execute(
        self, record: Record, job: SparkJob, need: Need, application: Record
    ) -> None:
        self._move(record, "PENDING")
        try:
            check_executors(job.submitted)
            if await self._allocated(record, need, application):
                async with self._slots:
                    if not self._stopping and record["state"] == "PENDING":
                        await self._work(record, job, application)
        except (CapacityExceeded, NeverStarts) as error:
            self._move(record, "FAILED", str(error))
        finally:
            self._admission.leave(record["applicationId"], record["jobRunId"])

    async def _allocated(self, record: Record, need: Need, application: Record) -> bool:
        """Whether the run has its workers; False when it was cancelled while it waited."""
        ids = (record["applicationId"], record["jobRunId"])
        complete = self._admission.enter(*ids, need, maximum(application.get("maximumCapacity")))
        deadline = time.monotonic() + STARVED_S
        while not complete:
            await asyncio.sleep(LOOK_S)
            limit = maximum(application.get("maximumCapacity"))
            if self._stopping or record["state"] != "PENDING":
                return False
            complete = self._admission.grow(*ids, need, limit)
            if not complete and time.monotonic() > deadline:
                raise CapacityExceeded(f"{NO_WORKER}{application['maximumCapacity']}")
        return True

    async def _work(self, record: Record, job: SparkJob, application: Record) -> None:
        self._move(record, "SCHEDULED")
        folder = Path(os.environ["LAKE_STATE_DIR"]) / "spark" / "runs" / record["jobRunId"]
        # What is raised besides the expected ends the run as well, and is told in cloud.log.
        state, details = "FAILED", "The laptop's Spark engine failed; cloud.log says why."
        try:
            state, details = await self._run(record, job, folder, application)
        except (SparkMissing, FetchFailed, JvmFailed, LogsNotWritten, NotTrusted) as error:
            details = str(error)
        finally:
            self._processes.pop(record["jobRunId"], None)
            if not self._stopping:
                shutil.rmtree(folder, ignore_errors=True)
                self._move(record, state, details)

    async def _run(
        self, record: Record, job: SparkJob, folder: Path, application: Record
    ) -> tuple[str, str]:
        account, region = record["arn"].split(":")[4], record["arn"].split(":")[3]
        credentials = self._as_its_role(record)
        environment = cloud_environment(account, region, credentials)
        if not (application.get("networkConfiguration") or {}).get("subnetIds"):
            network.confine(environment["AWS_ACCESS_KEY_ID"], region)
        s3 = await asyncio.to_thread(cloud_client, "s3", account, region, credentials)
        home = SparkHome.from_env()
        files = JobFolder(home, folder, s3)
        prepared = await asyncio.to_thread(files.prepare, job, environment)
        jvm = await self._jvms.take(home, prepared.needs)
        if record["state"] == "CANCELLING":
            await jvm.kill()
            return "CANCELLED", "Job run was cancelled before it started."

        def started(process: Process) -> None:
            self._processes[record["jobRunId"]] = process
            if record["state"] == "CANCELLING" or self._stopping:
                self._spawn(spark_runner.end(process))
            else:
                record["startedAt"] = time.time()
                self._move(record, "RUNNING")

        minutes = record["executionTimeoutMinutes"]
        code = None
        try:
            code = await jvm.run(prepared, minutes * 60 if minutes else None, started)
        finally:
            if code == 0:
                self._jvms.give_back(jvm, _idle_s(application))
            else:
                await jvm.kill()
        if self._stopping:
            return "FAILED", ""
        await asyncio.to_thread(ship_logs, s3, record, prepared.stdout, prepared.stderr)
        if code is None:
            return "CANCELLED", f"Job run exceeded its execution timeout of {minutes} minutes."
        if record["state"] == "CANCELLING":
            return "CANCELLED", "Job run was cancelled."
        if code == 0:
            return "SUCCESS", ""
        return "FAILED", f"Job failed with exit code {code}: {spark_runner.last_error(prepared)}"

    def _as_its_role(self, record: Record) -> Credentials:
        """The session that a run works with: one for all runs of a role in an application."""
        account, region = record["arn"].split(":")[4], record["arn"].split(":")[3]
        application = record["arn"].partition("/jobruns/")[0]
        role = record["executionRole"]
        with request_scope(account, region):
            try:
                return session(role, EMR, application, record["applicationId"])
            except NotTrusted as error:
                raise NotTrusted(
                    f"Could not assume runtime role {role} because it does not exist or isn't set "
                    "up with the required trust relationship."
                ) from error

    def _move(self, record: Record, state: str, details: str = "") -> None:
        previous, now = record["state"], time.time()
        record.update(
            state=state,
            stateDetails=details[:DETAILS_LENGTH],
            updatedAt=now,
            attemptUpdatedAt=now,
        )
        if state not in ACTIVE:
            record["endedAt"] = now
        self._announce(record, previous)

    def _announce(self, record: Record, previous: str | None) -> None:
        """Send the event that AWS sends at every change of state."""
        from ministack.services import eventbridge

        detail = {
            "jobRunId": record["jobRunId"],
            "applicationId": record["applicationId"],
            "arn": record["arn"],
            "releaseLabel": record["releaseLabel"],
            "state": record["state"],
            "previousState": previous or "",
            "createdBy": record["createdBy"],
            "updatedAt": _iso(record["updatedAt"]),
            "createdAt": _iso(record["createdAt"]),
        }
        entry = {
            "Source": "aws.emr-serverless",
            "DetailType": "EMR Serverless Job Run State Change",
            "Detail": json.dumps(detail),
            "Resources": [],
        }
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forget_the_oldest(self) -> None:
        ended = [run for run in self.records.values() if run["state"] not in ACTIVE]
        for run in sorted(ended, key=lambda run: float(run["createdAt"]))[:-FINISHED_KEPT]:
            self.records.pop(run["jobRunId"])


def _idle_s(application: Record) -> float:
    """How long a JVM waits for the application's next job."""
    stops = auto_stop(application)
    minutes = stops["idleTimeoutMinutes"] if stops["enabled"] else 24 * 60
    return float(minutes) * 60


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
