"""Reading the stream of `terraform apply -json`: how far it is, and what went wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SHOWN = 2


@dataclass
class Progress:
    """What is known of a run so far; `feed` takes each line of the stream."""

    total: int = 0
    done: int = 0
    under_way: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def feed(self, line: str) -> None:
        """Takes one line; what is not JSON is an error of Terraform's own start."""
        text = line.strip()
        if not text:
            return
        try:
            message = json.loads(text)
        except ValueError:
            self.errors.append(text)
            return
        kind = message.get("type")
        if kind == "change_summary":
            self._summary(message["changes"])
        elif kind == "diagnostic":
            self._diagnostic(message["diagnostic"])
        elif kind in {"apply_start", "apply_complete", "apply_errored"}:
            self._hook(kind, message["hook"])

    def _summary(self, changes: dict[str, Any]) -> None:
        self.counts = {name: int(changes.get(name, 0)) for name in ("add", "change", "remove")}
        if changes.get("operation") == "plan":
            self.total = sum(self.counts.values())

    def _hook(self, kind: str, hook: dict[str, Any]) -> None:
        address = str(hook["resource"]["addr"])
        # Reading a data source changes nothing and is not in the plan's count.
        counted = hook.get("action") != "read"
        if kind == "apply_start":
            self.under_way.append(address)
            return
        if address in self.under_way:
            self.under_way.remove(address)
        if kind == "apply_complete" and counted:
            self.done += 1

    def _diagnostic(self, found: dict[str, Any]) -> None:
        sink = self.errors if found.get("severity") == "error" else self.warnings
        text = render(found)
        # A provider says one deprecation for each resource that has it.
        if text not in sink:
            sink.append(text)

    @property
    def doing(self) -> str:
        """One line about now."""
        if not self.total:
            return "comparing with what is there"
        names = some(self.under_way, SHOWN)
        return f"{self.done} of {self.total} done" + (f", now {names}" if names else "")

    @property
    def outcome(self) -> str:
        """One line about the end."""
        words = {"add": "added", "change": "changed", "remove": "removed"}
        said = [
            f"{self.counts[name]} {word}" for name, word in words.items() if self.counts.get(name)
        ]
        return ", ".join(said) or "nothing to change"


def some(names: Sequence[str], shown: int = 3) -> str:
    """The first of some names, and how many more there are."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")


def render(diagnostic: dict[str, Any]) -> str:
    """A diagnostic as a person reads it: where, what, and the detail indented below."""
    place = diagnostic.get("address")
    if not place and "range" in diagnostic:
        spot = diagnostic["range"]
        place = f"{spot['filename']}:{spot['start']['line']}"
    lines = [f"{place}: {diagnostic['summary']}" if place else str(diagnostic["summary"])]
    detail = str(diagnostic.get("detail") or "").strip()
    lines += [f"    {line}" for line in detail.splitlines() if line.strip()]
    return "\n".join(lines)
