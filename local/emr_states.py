"""The states of an application: what starts and stops it, and what each state allows.

Nothing ticks: whoever looks at an application settles what has passed since the last look.
"""

from __future__ import annotations

from local.emr_records import DEFAULTS, ApiError, Record

# AWS takes a minute to start or stop one; long enough that who does not wait for it is refused.
CHANGE_S = 1.0
AT_REST = ("CREATED", "STOPPED")
STOPPABLE = ("STARTING", "STARTED")
_BECOMES = {"STARTING": "STARTED", "STOPPING": "STOPPED"}


def settle(application: Record, runs: list[Record], active: bool, now: float) -> Record:
    """Bring an application to the state that it has by now."""
    state = application["state"]
    if state in _BECOMES and now >= application.get("_changed_at", 0) + CHANGE_S:
        state = _move(application, _BECOMES[state], now)
    if state == "STARTED" and not active:
        idle_since = max(
            application.get("_changed_at") or application["updatedAt"],
            *(float(run["endedAt"] or 0) for run in runs),
            0,
        )
        stops = auto_stop(application)
        if stops["enabled"] and now >= idle_since + 60 * float(stops["idleTimeoutMinutes"]):
            _move(application, "STOPPED", now)
    return application


def auto_stop(application: Record) -> Record:
    """When it stops by itself, with the service's own values for what nobody said."""
    settings: Record = DEFAULTS["autoStopConfiguration"] | application["autoStopConfiguration"]
    return settings


def start(application: Record, now: float) -> None:
    """Set out for STARTED; one that is there, or on its way, stays as it is."""
    if application["state"] == "STOPPING":
        raise refused(application, ("CREATED", "STARTING", "STARTED", "STOPPED"))
    if application["state"] in AT_REST:
        _move(application, "STARTING", now)


def stop(application: Record, active: bool, now: float) -> None:
    """Set out for STOPPED, as AWS does: not from every state, and not while job runs are active."""
    if application["state"] not in STOPPABLE:
        message = (
            "Application cannot be STOPPED. Applications must be in one of the following statuses: "
            f"[{', '.join(STOPPABLE)}]"
        )
        raise ApiError("ValidationException", message, 400)
    if active:
        message = (
            f"Application {application['applicationId']} cannot be STOPPED. All scheduled and "
            "running jobs must be completed or cancelled before stopping an application."
        )
        raise ApiError("ValidationException", message, 400)
    _move(application, "STOPPING", now)


def require_rest(application: Record) -> None:
    """Only what is not started can be changed or deleted."""
    if application["state"] not in AT_REST:
        raise refused(application, AT_REST)


def refused(application: Record, statuses: tuple[str, ...]) -> ApiError:
    """How AWS says that a state does not allow something."""
    message = (
        f"Application {application['applicationId']} must be in of the following statuses "
        f"[{', '.join(statuses)}]. Current status: {application['state']}"
    )
    return ApiError("ValidationException", message, 400)


def _move(application: Record, state: str, now: float) -> str:
    application.update(state=state, updatedAt=now, _changed_at=now)
    return state
