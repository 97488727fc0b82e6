"""The operations of EMR Serverless, one function each, and the paths that lead to them."""

from __future__ import annotations

import time
from collections.abc import Callable

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

from local import emr_states
from local.emr_records import (
    DEFAULTS,
    SETTINGS,
    ApiError,
    Record,
    application_summary,
    new_id,
    run_summary,
    shown,
)
from local.emr_runs import JobRuns
from local.spark_submit import BadRequest

applications = AccountRegionScopedDict()
runs = JobRuns()


def create_application(request: Record) -> Record:
    """CreateApplication."""
    for known in applications.values():
        if request.get("clientToken") and known["_token"] == request["clientToken"]:
            return {name: known[name] for name in ("applicationId", "name", "arn")}
    for name in ("releaseLabel", "type"):
        if not request.get(name):
            raise BadRequest(f"{name} is required.")
    identifier, now = new_id(), time.time()
    arn = f"arn:aws:emr-serverless:{get_region()}:{get_account_id()}:/applications/{identifier}"
    applications[identifier] = {
        **DEFAULTS,
        **{name: request[name] for name in SETTINGS if request.get(name) is not None},
        "applicationId": identifier,
        "name": request.get("name"),
        "arn": arn,
        "type": request["type"],
        "state": "CREATED",
        "stateDetails": "",
        "createdAt": now,
        "updatedAt": now,
        "tags": request.get("tags") or {},
        "_token": request.get("clientToken"),
    }
    return {"applicationId": identifier, "name": request.get("name"), "arn": arn}


def get_application(_request: Record, identifier: str) -> Record:
    """GetApplication."""
    return {"application": shown(find_application(identifier))}


def update_application(request: Record, identifier: str) -> Record:
    """UpdateApplication: of one that is not started."""
    application = find_application(identifier)
    emr_states.require_rest(application)
    application.update({name: request[name] for name in SETTINGS if request.get(name) is not None})
    application["updatedAt"] = time.time()
    return {"application": shown(application)}


def delete_application(_request: Record, identifier: str) -> Record:
    """DeleteApplication: of one that is not started."""
    emr_states.require_rest(find_application(identifier))
    runs.forget(identifier)
    applications.pop(identifier)
    return {}


def list_applications(request: Record) -> Record:
    """ListApplications."""
    states = request["_query"].get("states")
    found = [a for a in map(settled, applications.values()) if not states or a["state"] in states]
    return {"applications": [application_summary(application) for application in found]}


def start_application(_request: Record, identifier: str) -> Record:
    """StartApplication."""
    emr_states.start(find_application(identifier), time.time())
    return {}


def stop_application(_request: Record, identifier: str) -> Record:
    """StopApplication."""
    active = bool(runs.active(identifier))
    emr_states.stop(find_application(identifier), active, time.time())
    return {}


def start_job_run(request: Record, identifier: str) -> Record:
    """StartJobRun."""
    application = find_application(identifier)
    if not request.get("executionRoleArn"):
        raise BadRequest("executionRoleArn is required.")
    if application["state"] == "STOPPING" or not (
        application["state"] in emr_states.STOPPABLE
        or application["autoStartConfiguration"]["enabled"]
    ):
        raise emr_states.refused(application, emr_states.STOPPABLE)
    caller = f"arn:aws:iam::{get_account_id()}:root"
    request = {name: value for name, value in request.items() if name != "_query"}
    run = runs.start(application, new_id(), request, caller)
    if run["state"] == "SUBMITTED":
        emr_states.start(application, time.time())
    return {name: run[name] for name in ("applicationId", "jobRunId", "arn")}


def get_job_run(_request: Record, identifier: str, run_id: str) -> Record:
    """GetJobRun."""
    return {"jobRun": shown(find_run(identifier, run_id))}


def list_job_runs(request: Record, identifier: str) -> Record:
    """ListJobRuns, newest first, in pages."""
    find_application(identifier)
    states = request["_query"].get("states")
    found = [run for run in runs.of(identifier) if not states or run["state"] in states]
    first, count = int(request.get("nextToken") or 0), int(request.get("maxResults") or 50)
    page = found[first : first + count]
    answer: Record = {"jobRuns": [run_summary(run) for run in page]}
    if first + count < len(found):
        answer["nextToken"] = str(first + count)
    return answer


def cancel_job_run(_request: Record, identifier: str, run_id: str) -> Record:
    """CancelJobRun."""
    runs.cancel(find_run(identifier, run_id))
    return {"applicationId": identifier, "jobRunId": run_id}


def list_tags(_request: Record, arn: str) -> Record:
    """ListTagsForResource."""
    return {"tags": tagged(arn)["tags"]}


def tag(request: Record, arn: str) -> Record:
    """TagResource."""
    tagged(arn)["tags"].update(request.get("tags") or {})
    return {}


def untag(request: Record, arn: str) -> Record:
    """UntagResource."""
    for name in request["_query"].get("tagKeys", []):
        tagged(arn)["tags"].pop(name, None)
    return {}


def find_application(identifier: str) -> Record:
    """The application, or the error that AWS gives."""
    application: Record | None = applications.get(identifier)
    if application is None:
        message = f"Application {identifier} does not exist."
        raise ApiError("ResourceNotFoundException", message, 404)
    return settled(application)


def settled(application: Record) -> Record:
    """An application in the state that it has by now."""
    identifier = application["applicationId"]
    active = bool(runs.active(identifier))
    return emr_states.settle(application, runs.of(identifier), active, time.time())


def find_run(identifier: str, run_id: str) -> Record:
    """The job run, or the error that AWS gives."""
    find_application(identifier)
    run: Record | None = runs.records.get(run_id)
    if run is None or run["applicationId"] != identifier:
        raise ApiError("ResourceNotFoundException", f"Job run {run_id} does not exist.", 404)
    return run


def tagged(arn: str) -> Record:
    """The application or job run of an ARN."""
    for record in [*applications.values(), *runs.records.values()]:
        if record["arn"] == arn:
            found: Record = record
            return found
    raise ApiError("ResourceNotFoundException", f"Resource {arn} does not exist.", 404)


APPLICATION = r"/applications/([0-9a-z]+)"
RUN = APPLICATION + r"/jobruns/([0-9a-z]+)"
TAGS = r"/tags/(.+)"
ROUTES: tuple[tuple[str, str, Callable[..., Record]], ...] = (
    ("POST", "/applications", create_application),
    ("GET", "/applications", list_applications),
    ("GET", APPLICATION, get_application),
    ("PATCH", APPLICATION, update_application),
    ("DELETE", APPLICATION, delete_application),
    ("POST", APPLICATION + "/start", start_application),
    ("POST", APPLICATION + "/stop", stop_application),
    ("POST", APPLICATION + "/jobruns", start_job_run),
    ("GET", APPLICATION + "/jobruns", list_job_runs),
    ("GET", RUN, get_job_run),
    ("DELETE", RUN, cancel_job_run),
    ("GET", TAGS, list_tags),
    ("POST", TAGS, tag),
    ("DELETE", TAGS, untag),
)
