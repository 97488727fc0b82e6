"""A lake that asks the stand-ins over HTTP, with a clock that no test waits for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import boto3

from functions.ingest.clock import Clock
from functions.ingest.landing import Landing
from functions.ingest.polling import Polling
from functions.ingest.secrets import StoredSecrets
from lake.catalog import Catalog
from lake.polls import Polls, PollState
from local.upstream import SECRETS, urls
from local.upstream.answers import Call
from local.upstream.server import serving
from local.upstream.service import CONTROL, Upstream
from tests.factories import LambdaContext
from tests.functions.lake import PREFIX as NAMES
from tests.functions.lake import Lake

MOMENT = datetime(2025, 8, 29, 10, 0, tzinfo=UTC)


@dataclass
class Hours:
    """Time that passes only by sleeping."""

    total: float = 600.0
    passed: float = 0.0
    base: datetime = MOMENT
    slept: list[float] = field(default_factory=list)
    luck: float = 0.5

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds

    @property
    def clock(self) -> Clock:
        return Clock(
            remaining=lambda: self.total - self.passed,
            monotonic=lambda: self.passed,
            sleep=self.sleep,
            chance=lambda: self.luck,
            now=lambda: self.base + timedelta(seconds=self.passed),
        )


@dataclass
class Asking:
    """A polling lake of moto and the stand-ins that it polls."""

    lake: Lake
    upstream: Upstream
    base: str
    hours: Hours = field(default_factory=Hours)

    @cached_property
    def secrets(self) -> Any:
        return boto3.client("secretsmanager")

    @cached_property
    def polling(self) -> Polling:
        return self.fresh()

    def fresh(self, **changes: Any) -> Polling:
        """A function that has just started; `changes` are to the declarations of all APIs."""
        catalog = Catalog.bundled()
        apis = {name: replace(api, **changes) for name, api in catalog.apis.items()}
        return Polling(
            catalog=replace(catalog, apis=apis),
            polls=Polls(self.lake.table),
            landing=Landing(
                self.lake.s3,
                self.lake.bucket("raw"),
                self.lake.bucket("quarantine"),
                self.lake.environment["KMS_KEY_ARN"],
            ),
            secrets=StoredSecrets(self.secrets, NAMES),
            upstreams=urls(self.base),
        )

    def poll(self, source: str, polling: Polling | None = None) -> PollState:
        return (polling or self.polling).poll(source, self.hours.clock)

    def state(self, source: str) -> PollState | None:
        return Polls(self.lake.table).state(source)

    def control(self, **settings: Any) -> dict[str, Any]:
        """Set the stand-ins, as a demo would."""
        body = json.dumps(settings).encode()
        answer = self.upstream.answer(Call("POST", CONTROL, body=body))
        assert answer.status == 200, answer.body
        said: dict[str, Any] = json.loads(answer.body)
        return said

    def trouble(self, kind: str, **more: Any) -> None:
        self.control(troubles=[{"kind": kind, **more}])

    def calls(self, word: str) -> int:
        """How often the stand-ins were asked for paths that hold a word."""
        return sum(count for path, count in self.upstream.calls.items() if word in path)

    def give_secret(self, name: str, value: str) -> None:
        secret = f"{NAMES}-{name}-secret"
        try:
            self.secrets.create_secret(Name=secret, SecretString=value)
        except self.secrets.exceptions.ResourceExistsException:
            self.secrets.put_secret_value(SecretId=secret, SecretString=value)


@contextmanager
def asking(lake: Lake) -> Iterator[Asking]:
    """Stand-ins that serve for as long as a test lasts, at a moment that never moves."""
    upstream = Upstream(seed=7)
    upstream.clock.set(MOMENT, 0.0)
    with serving(upstream) as base:
        made = Asking(lake, upstream, base)
        for name, secret in SECRETS.items():
            made.give_secret(name, json.dumps(dict(secret)))
        yield made


class Hurried(LambdaContext):
    """A context that knows how long the function may still run."""

    def __init__(self, seconds: float = 300.0) -> None:
        super().__init__()
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # static there
        return int(self._seconds * 1000)
