"""Every decision of IAM, once: written as lines of JSON that tests and people can read.

This module needs the standard library only, so that tests and tools read what the cloud wrote.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE_NAME = "iam.jsonl"
# Names that differ from one call to the next: hashes, dates, numbers, random ids.
CHANGING = re.compile(r"[0-9a-f]{8}[0-9a-f-]*|\d{4}-\d\d-\d\d|\d{3,}|(?<=[=/])\d+")
KEPT_SEGMENTS = 4
# A lake in use comes to some 600 decisions; each is a few hundred bytes.
MOST = 5000

ALLOW, DENY, ROOT = "allow", "deny", "root"


@dataclass(frozen=True)
class Decision:
    """One answer of IAM: who asked for what, and which statement decided."""

    verdict: str
    principal: str
    action: str
    resource: str
    way: str
    statement: str = ""
    reason: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def role(self) -> str:
        """The role of an assumed-role session's ARN; other principals as they are."""
        return role_of(self.principal)

    def __str__(self) -> str:
        """As one reads it in a failed test."""
        text = f"{self.verdict} {self.role} {self.action} on {self.resource} ({self.way})"
        return f"{text}: {self.reason}" if self.reason else text


def role_of(principal: str) -> str:
    """`arn:aws:sts::1:assumed-role/promote/x` as `promote`."""
    session = principal.partition(":assumed-role/")[2]
    return session.partition("/")[0] if session else principal


def shape(resource: str) -> str:
    """A resource without what changes from call to call: the journal has each shape once."""
    segments = CHANGING.sub("#", resource).split("/")
    return "/".join([*segments[:KEPT_SEGMENTS], *(["*"] if len(segments) > KEPT_SEGMENTS else [])])


def _key(decision: Decision) -> tuple[str, ...]:
    """What makes two decisions one line of the journal."""
    return (
        *(decision.verdict, decision.role, decision.action, shape(decision.resource)),
        *(decision.way, decision.statement),
    )


class Journal:
    """A file of decisions, each (verdict, role, action, resource's shape, statement) once."""

    def __init__(self, path: Path, most: int = MOST) -> None:
        self.path, self._most = path, most
        # What an earlier cloud of this lake wrote is not written again; its denials are said anew.
        self._known = {_key(each) for each in read(path.parent) if each.verdict != DENY}
        self._lock = threading.Lock()
        self.counts: dict[str, int] = {ALLOW: 0, DENY: 0, ROOT: 0}

    def write(self, decision: Decision) -> None:
        """Note a decision unless one of its shape is there; denials are noted without a bound."""
        known = _key(decision)
        with self._lock:
            self.counts[decision.verdict] += 1
            if known in self._known:
                return
            if len(self._known) >= self._most and decision.verdict != DENY:
                return
            self._known.add(known)
            with self.path.open("a") as file:
                file.write(json.dumps(asdict(decision), default=str) + "\n")


def read(state_dir: Path, since: int = 0) -> list[Decision]:
    """The decisions of a cloud, from the given line on."""
    path = state_dir / FILE_NAME
    lines = path.read_text().splitlines()[since:] if path.exists() else []
    return [Decision(**json.loads(line)) for line in lines if line.endswith("}")]
