"""What the API may answer instead of what was asked, as errors with its own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lake.errors import LakeError

PASSES: Final = frozenset({429, 502, 503, 504})  # worth another try
DENIED: Final = frozenset({401, 403})
NOT_THERE: Final = 404
SERVERS: Final = 500


class ApiError(LakeError):
    """The API did not give what it was asked for; the text is its own sentence."""

    def __init__(self, detail: str, problem: Mapping[str, Any]) -> None:
        super().__init__(detail)
        self.status = int(problem.get("status") or 0)
        self.type = str(problem.get("type") or "about:blank")
        self.parameter: str | None = problem.get("parameter")
        self.allowed: list[str] | None = problem.get("allowed")


class Refused(ApiError):
    """The question is wrong: a column, a value, a limit (400 and its like)."""


class NotFound(ApiError):
    """No result, or no snapshot, has that name (404)."""


class NoAccess(ApiError):
    """Without a key, or not with this one (401, 403)."""


class Unavailable(ApiError):
    """It did not answer in any of the tries (429, 5xx, or nobody is there)."""


def silent(url: str) -> Unavailable:
    """Nobody is there."""
    return Unavailable(f"{url} does not answer", {})


def refusal(url: str, status: int, said: Any) -> ApiError:
    """The error in an answer; what is no problem of the lake's API (a proxy's page) is told too."""
    problem: dict[str, Any] = {**said} if isinstance(said, dict) else {}
    problem["status"] = status
    detail = str(problem.get("detail") or problem.get("message") or "")
    detail = detail or f"{url} answered {status} with nothing that is of the lake"
    if allowed := problem.get("allowed"):
        detail += f"; allowed: {', '.join(map(str, allowed))}"
    return _kind(status)(detail, problem)


def _kind(status: int) -> type[ApiError]:
    if status in DENIED:
        return NoAccess
    if status == NOT_THERE:
        return NotFound
    return Unavailable if status in PASSES or status >= SERVERS else Refused
