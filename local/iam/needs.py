"""What a request asks of IAM: actions on resources, in a context."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Context = Mapping[str, Any]


@dataclass(frozen=True)
class Need:
    """One action on one resource, and by which way it comes to be asked for."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    way: str = "request"

    @property
    def service(self) -> str:
        """The prefix of the action, under which the resource's own policy is looked up."""
        return self.action.partition(":")[0]


@dataclass(frozen=True)
class Request:
    """One call of an AWS API, as it arrived."""

    service: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    params: Mapping[str, Any]
    region: str
    account: str

    @property
    def target(self) -> str:
        """The operation that a JSON protocol names in its header, else an empty string."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def json(self) -> dict[str, Any]:
        """The body's object; anything else is an empty one."""
        if self.body[:1] != b"{":
            return {}
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def param(self, name: str) -> str:
        """The first value of a parameter of the query, or an empty string."""
        values = self.params.get(name) or [""]
        return str(values[0] if isinstance(values, list) else values)

    def arn(self, resource: str) -> str:
        """An ARN of this request's service, account and region."""
        return f"arn:aws:{self.service}:{self.region}:{self.account}:{resource}"


@dataclass
class Reading:
    """A request's resource, what else it needs, and the condition keys that it carries."""

    resource: str
    more: list[Need] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)


def key_needs(
    key: str | None, service: str, region: str, *verbs: str, context: Context | None = None
) -> list[Need]:
    """What a service asks of a key on its caller's behalf; nothing where no key is the lake's."""
    if not key:
        return []
    conditions = {"kms:ViaService": f"{service}.{region}.amazonaws.com", **(context or {})}
    return [Need(f"kms:{verb}", key, conditions, f"{service} for its caller") for verb in verbs]


def encryption_context(**pairs: str) -> dict[str, Any]:
    """The condition keys of a KMS encryption context."""
    named = {name.replace("__", ":"): value for name, value in pairs.items()}
    conditions: dict[str, Any] = {f"kms:EncryptionContext:{k}": v for k, v in named.items()}
    conditions["kms:EncryptionContextKeys"] = list(named)
    return conditions
