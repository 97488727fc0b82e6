"""What the container is told by its environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


class SettingsWrong(Exception):
    """The environment lacks something, or holds what cannot be; the text names it."""


@dataclass(frozen=True)
class Settings:
    """Names of things; the key itself is fetched when it is needed, and never stands here."""

    source: str  # SOURCE: whose observations these are: meteorology/stream
    stream_name: str  # STREAM_NAME: the Kinesis stream
    url: str  # API_URL
    secret: str  # SECRET_NAME: {"key": "..."} in Secrets Manager
    parameter: str = "key"  # API_PARAMETER: the query parameter that carries the key
    query: Mapping[str, str] = field(default_factory=dict)  # API_QUERY: JSON
    every_s: float = 1800.0  # EVERY_SECONDS
    tries: int = 5  # API_TRIES: in one turn
    timeout_s: float = 20.0  # API_TIMEOUT_SECONDS: of one try
    health_file: str = "/tmp/health.json"  # noqa: S108 - HEALTH_FILE: the one writable place

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """The only reader of the environment; names every missing variable at once."""
        needed = ("SOURCE", "STREAM_NAME", "API_URL", "SECRET_NAME")
        if missing := [name for name in needed if not environ.get(name)]:
            raise SettingsWrong(f"missing in the environment: {', '.join(missing)}")
        url = environ["API_URL"]
        if not url.startswith(("http://", "https://")):
            raise SettingsWrong("API_URL must begin with http:// or https://")
        return cls(
            source=environ["SOURCE"],
            stream_name=environ["STREAM_NAME"],
            url=url,
            secret=environ["SECRET_NAME"],
            parameter=environ.get("API_PARAMETER") or cls.parameter,
            query=_query(environ.get("API_QUERY") or "{}"),
            every_s=_number(environ, "EVERY_SECONDS", cls.every_s),
            tries=int(_number(environ, "API_TRIES", cls.tries)),
            timeout_s=_number(environ, "API_TIMEOUT_SECONDS", cls.timeout_s),
            health_file=environ.get("HEALTH_FILE") or cls.health_file,
        )


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(environ.get(name) or default)
    except ValueError:
        raise SettingsWrong(f"{name} must be a number") from None
    if not 0.05 <= value <= 86_400:
        raise SettingsWrong(f"{name} must lie between 0.05 and 86400")
    return value


def _query(text: str) -> dict[str, str]:
    try:
        query = json.loads(text)
    except ValueError:
        query = None
    if not isinstance(query, dict):
        raise SettingsWrong("API_QUERY must be a JSON object")
    return {str(name): str(value) for name, value in query.items()}
