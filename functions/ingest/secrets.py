"""Secrets by name: fetched when they are needed, kept in memory, never said."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from functions.ingest.errors import NotLetIn
from lake.catalog import Api

# At DEBUG it writes each answer of AWS into the log, and a secret is one.
logging.getLogger("botocore").setLevel(logging.INFO)

Secret = Mapping[str, str]


class Secrets(Protocol):
    """Where a secret comes from."""

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        """The secret of that logical name; fresh: as it is now, it may have been rotated."""
        ...


@dataclass
class StoredSecrets:
    """Secrets Manager; a warm function remembers what it fetched."""

    client: Any
    prefix: str
    known: dict[str, Secret] = field(default_factory=dict)

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        """The secret's current version; a refusal names it and never shows it."""
        if fresh or name not in self.known:
            self.known.pop(name, None)
            self.known[name] = self._fetched(f"{self.prefix}-{name}-secret")
        return self.known[name]

    def _fetched(self, secret_id: str) -> Secret:
        try:
            text = self.client.get_secret_value(SecretId=secret_id)["SecretString"]
        except self.client.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in _TERMINAL:
                raise
            raise NotLetIn(f"the secret {secret_id} {_TERMINAL[code]}") from None
        except KeyError:
            raise NotLetIn(f"the secret {secret_id} holds no text") from None
        try:
            value = json.loads(text)
        except ValueError:
            value = None  # the error would show the text
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise NotLetIn(f"the secret {secret_id} is no JSON object of texts")
        return value


_TERMINAL = {
    "ResourceNotFoundException": "has no value: give it one with var.secrets",
    "AccessDeniedException": "may not be read by this function",
    "DecryptionFailure": "cannot be decrypted by this function",
    "InvalidRequestException": "is being deleted",
}


@dataclass(frozen=True)
class EnvironmentSecrets:
    """The variables of a person who runs a client by hand, as the APIs declare them."""

    apis: Iterable[Api]

    def get(self, name: str, *, fresh: bool = False) -> Secret:  # noqa: ARG002 - it never changes
        """The variables that stand for a secret; names every missing one at once."""
        variables = {
            field: variable
            for api in self.apis
            if api.secret == name
            for field, variable in api.environment.items()
        }
        if not variables:
            raise NotLetIn(f"no API declares the 'environment' of its secret '{name}'")
        missing = [variable for variable in variables.values() if not os.environ.get(variable)]
        if missing:
            raise NotLetIn(f"missing in the environment: {', '.join(missing)}")
        return {field: os.environ[variable] for field, variable in variables.items()}


def part(secret: Secret, name: str, of: str) -> str:
    """One field of a secret."""
    if not secret.get(name):
        raise NotLetIn(f"the secret of {of} has no field '{name}'")
    return secret[name]
