"""The operations of EMR Serverless, one function each, and the paths that lead to them."""

from __future__ import annotations

import time
from collections.abc import Callable

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

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
    """UpdateApplication: only while no job runs, as on AWS."""
    application = find_application(identifier)
    if application["state"] not in ("CREATED", "STOPPED"):
        raise BadRequest(f"Application {identifier} must be in CREATED or STOPPED state.")
    application.update({name: request[name] for name in SETTINGS if request.get(name) is not None})
    application["updatedAt"] = time.time()
    return {"application": shown(application)}


def delete_application(_request: Record, identifier: str) -> Record:
    """DeleteApplication."""
    application = find_application(identifier)
    if application["state"] not in ("CREATED", "STOPPED"):
        raise BadRequest(f"Application {identifier} must be in CREATED or STOPPED state.")
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
    find_application(identifier)["state"] = "STARTED"
    return {}


def stop_application(_request: Record, identifier: str) -> Record:
    """StopApplication: refused while job runs are active, as on AWS."""
    application = find_application(identifier)
    if runs.active(identifier):
        raise ApiError("ConflictException", "The application has active job runs.", 409)
    application["state"] = "STOPPED"
    return {}


def start_job_run(request: Record, identifier: str) -> Record:
    """StartJobRun."""
    application = find_application(identifier)
    if not request.get("executionRoleArn"):
        raise BadRequest("executionRoleArn is required.")
    startable = (
        application["state"] == "STARTED" or application["autoStartConfiguration"]["enabled"]
    )
    if not startable:
        raise BadRequest(f"Application {identifier} must be started first.")
    caller = f"arn:aws:iam::{get_account_id()}:root"
    request = {name: value for name, value in request.items() if name != "_query"}
    run = runs.start(application, new_id(), request, caller)
    if run["state"] == "SUBMITTED":
        application["state"] = "STARTED"
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
    """An application whose jobs have ended holds no worker here, so its auto-stop is at once."""
    stops = application["autoStopConfiguration"].get("enabled")
    identifier = application["applicationId"]
    if application["state"] == "STARTED" and stops and runs.of(identifier):
        application["state"] = "STARTED" if runs.active(identifier) else "STOPPED"
    return application


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
