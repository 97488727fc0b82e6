"""Troubles on demand: the next answers of a service go wrong in a named way."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from local.upstream.answers import Answer, Call, as_json

HTML: Final = b"<!DOCTYPE html>\n<html><body><h1>Mantenimiento programado</h1></body></html>"
KINDS: Final = frozenset(
    {"401", "403", "429", "500", "503", "html", "half", "reset", "slow", "text", "code", "old"}
)

# Played by the stand-in itself, in the words of the one it stands for.
OWN: Final = frozenset({"code", "old"})


@dataclass
class Trouble:
    """What happens to the next `times` calls whose path holds `path`."""

    kind: str
    api: str = ""
    path: str = ""
    times: int = 1
    retry_after: str = ""
    seconds: float = 5.0
    code: str = "85"

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Trouble:
        """A trouble as the control path takes it."""
        made = cls(**{**said, "kind": str(said["kind"])})
        if made.kind not in KINDS:
            raise ValueError(f"no trouble is called '{made.kind}': {', '.join(sorted(KINDS))}")
        return made


@dataclass
class Troubles:
    """Those that are still to come."""

    waiting: list[Trouble] = field(default_factory=list)
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def next(self, api: str, call: Call) -> Trouble | None:
        """The trouble that this call meets, if any; it is used up."""
        with self._alone:
            for trouble in self.waiting:
                if trouble.api in ("", api) and trouble.path in call.path:
                    trouble.times -= 1
                    if trouble.times <= 0:
                        self.waiting.remove(trouble)
                    return trouble
        return None


def troubled(trouble: Trouble, good: Answer) -> Answer:
    """The answer that comes in place of the good one."""
    match trouble.kind:
        case "html":
            return Answer(200, HTML, {"Content-Type": "text/html; charset=utf-8"})
        case "text":
            return Answer(200, good.body[: len(good.body) // 2], good.headers)
        case "half":
            return replace(good, cut=True)
        case "reset":
            return replace(good, reset=True)
        case "slow":
            return replace(good, wait_s=trouble.seconds)
        case status:
            headers = {"Retry-After": trouble.retry_after} if trouble.retry_after else {}
            return as_json({"message": "trouble on demand"}, int(status), **headers)
