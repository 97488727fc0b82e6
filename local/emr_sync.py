"""Step Functions' integration with EMR Serverless: `emr-serverless:startJobRun.sync`.

Executions run in threads of their own, job runs on the cloud's event loop: each call goes over to
the loop. A task that is given up, by its own timeout or with its execution, cancels its job.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from local import state_machines
from local.emr_operations import cancel_job_run, find_run, start_job_run
from local.emr_records import ACTIVE, ApiError, Record, shown
from local.spark_submit import BadRequest

RESOURCE = "arn:aws:states:::emr-serverless:"
LOOK_S = 0.2
CALL_S = 30
# Below these, keys are the user's own words.
FREE = ("properties", "tags")


class Integration:
    """What Step Functions calls; made with the loop on which the job runs live."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def install(self) -> None:
        """Take the place beside ministack's own integrations."""
        from ministack.services import stepfunctions

        dispatch = stepfunctions._SERVICE_DISPATCH
        dispatch[f"{RESOURCE}startJobRun"] = self.start_job_run
        dispatch[f"{RESOURCE}cancelJobRun"] = self.cancel_job_run

    def start_job_run(self, resource: str, parameters: Record) -> Record:
        """Start a job run; with `.sync` follow it to its end."""
        request = camel(parameters)
        application = str(request.pop("applicationId", ""))
        if not request.get("clientToken"):
            # Found out on AWS when the task runs: the service demands what the console fills in.
            raise failure("EmrServerless.ValidationException", "ClientToken is required.")
        started = self._call(lambda: start_job_run(request, application))
        if not resource.endswith(".sync"):
            return _answer(started)
        return self._followed(application, str(started["jobRunId"]))

    def cancel_job_run(self, _resource: str, parameters: Record) -> Record:
        """Cancel a job run."""
        request = camel(parameters)
        application, run = str(request["applicationId"]), str(request["jobRunId"])
        return _answer(self._call(lambda: cancel_job_run({}, application, run)))

    def _followed(self, application: str, run_id: str) -> Record:
        """The job run once it has succeeded; how else it ended is an error with all its detail."""
        while True:
            run = self._call(lambda: shown(find_run(application, run_id)))
            if run["state"] not in ACTIVE:
                break
            if state_machines.given_up():
                self._call(lambda: cancel_job_run({}, application, run_id))
                raise failure("States.TaskFailed", f"Job run {run_id} was cancelled.")
            time.sleep(LOOK_S)
        answer = _answer(run)
        if run["state"] != "SUCCESS":
            raise failure("States.TaskFailed", json.dumps(answer))
        return answer

    def _call(self, operation: Callable[[], Record]) -> Record:
        """One operation on the loop, under this thread's account and region."""

        async def called() -> Record:
            return operation()

        try:
            return asyncio.run_coroutine_threadsafe(called(), self._loop).result(CALL_S)
        except ApiError as error:
            raise failure(f"EmrServerless.{error.code}", str(error)) from error
        except BadRequest as error:
            raise failure("EmrServerless.ValidationException", str(error)) from error


def failure(error: str, cause: str) -> Exception:
    """A task's failure, as the engine raises and catches it."""
    from ministack.services import stepfunctions

    failed: Exception = stepfunctions._ExecutionError(error, cause)
    return failed


def camel(parameters: Record) -> Record:
    """Parameters as the service's own API spells them."""
    renamed: Record = _renamed(parameters, str.lower, free=False)
    return renamed


def _answer(found: Record) -> Record:
    """An answer as Step Functions spells it."""
    renamed: Record = _renamed(found, str.upper, free=False)
    return renamed


def _renamed(value: Any, case: Callable[[str], str], *, free: bool) -> Any:
    if isinstance(value, list):
        return [_renamed(item, case, free=free) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        (name if free else case(name[:1]) + name[1:]): _renamed(
            item, case, free=not free and name.lower() in FREE
        )
        for name, item in value.items()
    }
