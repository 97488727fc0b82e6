"""What parliament finds in a policy: actions, resource types and conditions that AWS does not know.

No emulator refuses these: a misspelt action is a right that nobody has, until AWS is asked for it.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import Any

Document = Mapping[str, Any]
# What the other tests of rights hold to account, with a reason for each exception.
_JUDGED_ELSEWHERE = frozenset({"RESOURCE_STAR", "RESOURCE_POLICY_PRIVILEGE_ESCALATION"})


@cache
def _parliament() -> Any:
    """The linter; it leaves files open and finds its data by a module that setuptools dropped."""
    substitute = ModuleType("pkg_resources")
    substitute.resource_filename = lambda package, name: str(files(package) / name)  # type: ignore[attr-defined]
    sys.modules["pkg_resources"] = substitute
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import parliament
        import parliament.statement
    del sys.modules["pkg_resources"]
    return parliament


def findings(document: Document) -> Iterator[str]:
    """Each finding of one policy, statement by statement: `Sid: kind: detail`."""
    for number, statement in enumerate(document["Statement"]):
        name = statement.get("Sid", str(number))
        alone = {"Version": document["Version"], "Statement": [statement]}
        for finding in _parliament().analyze_policy_string(json.dumps(alone)).findings:
            if finding.issue not in _JUDGED_ELSEWHERE:
                yield f"{name}: {finding.issue}: {_detail(finding.detail)}"
        for resource in idle_resources(statement):
            yield f"{name}: IDLE_RESOURCE: no action of the statement knows {resource}"


def idle_resources(statement: Document) -> Iterator[str]:
    """Resources of an Allow that none of its actions can be about: a bucket instead of objects."""
    if statement["Effect"] != "Allow":
        return
    formats = [found for action in _words(statement["Action"]) for found in _formats(action)]
    for resource in _words(statement.get("Resource", "*")):
        if resource == "*" or resource.count(":") < 5:
            continue
        if not any(_valid(kind, pattern, resource) for kind, pattern in formats):
            yield resource


def _formats(action: str) -> Iterator[tuple[str, str]]:
    """Each type of resource that an action knows, required or not, with the shape of its ARNs."""
    library = _parliament()
    for expanded in library.expand_action(action, raise_exceptions=False):
        known = library.statement.get_privilege_info(expanded["service"], expanded["action"])
        for entry in known["resource_types"]:
            if kind := entry["resource_type"].rstrip("*"):
                yield kind, library.statement.get_arn_format(kind, known["service_resources"])


def _valid(kind: str, pattern: str, resource: str) -> bool:
    return bool(_parliament().is_arn_strictly_valid(kind, pattern, resource))


def _detail(detail: Any) -> str:
    """What is wrong, without the place in a text that nobody wrote."""
    if isinstance(detail, list):
        return ", ".join(
            f"{entry['action']} needs {entry['required_format']}"
            if isinstance(entry, dict)
            else str(entry)
            for entry in detail
        )
    return str(detail)


def _words(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
