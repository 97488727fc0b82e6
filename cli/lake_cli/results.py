"""Results through the API, as anybody else asks for them: conditions as people type them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lake.client import Client, NoAccess, NotFound, Unavailable, endpoints
from lake.errors import LakeError
from lake_cli.deployment import deployment_file
from lake_cli.exits import Exit, Stop
from lake_cli.views import ago

Row = dict[str, Any]
_CONDITION = re.compile(
    r"\s*(\w+?)(?:\.(ge|gt|le|lt|ne))?\s*(>=|<=|!=|=|>|<)\s*(.*?)\s*", re.DOTALL
)
_SIGNS = {">=": "ge", "<=": "le", "!=": "ne", ">": "gt", "<": "lt", "=": ""}


def client(env: str) -> Client:
    """The API of a deployed lake."""
    return Client(*endpoints.of_file(deployment_file(env), env))


@contextmanager
def said() -> Iterator[None]:
    """The API's refusals as a sentence and a code."""
    try:
        yield
    except Unavailable as error:
        hint = "start it with `lake up`, or look at `lake status`"
        raise Stop(str(error), hint, Exit.UNREACHABLE) from error
    except NoAccess as error:
        raise Stop(str(error), "LAKE_API_KEY is the key that is sent; see `lake api`") from error
    except NotFound as error:
        raise Stop(str(error), "`lake results` lists what there is") from error
    except LakeError as error:
        raise Stop(str(error)) from error


def conditions(given: Sequence[str]) -> dict[str, list[str]]:
    """`line=27`, `delay_rate>=0.5` and `delay_rate.ge=0.5` as filters; one column: any of them."""
    found: dict[str, list[str]] = {}
    for text in given:
        match = _CONDITION.fullmatch(text)
        if match is None or (match[2] and match[3] != "="):
            hint = "like line=27, delay_rate>=0.5 or line!=N1 (quote it for your shell)"
            raise Stop(f"--where: '{text}' is no condition", hint, Exit.USAGE)
        operator = match[2] or _SIGNS[match[3]]
        found.setdefault(f"{match[1]}__{operator}" if operator else match[1], []).append(match[4])
    return found


def brief(results: Sequence[Row]) -> list[Row]:
    """The list of results for people."""
    return [
        {
            "result": row["name"],
            "status": _status(row),
            "rows": row["rows"],
            "published": ago(row["published_at"]) or "never",
            "about": row["about"],
        }
        for row in results
    ]


def _status(row: Row) -> str:
    if row["published_at"] is None:
        return "never"
    return "late" if row["fresh"] is False else "fresh"
