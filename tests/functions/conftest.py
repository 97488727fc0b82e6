"""A lake of moto for the functions: buckets, queues, the ledger, and the wire to them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from functions.results_api import handler as results_api
from tests.functions.lake import Lake
from tests.functions.served_results import BUCKET, KEYS, Served
from tests.functions.wire import Wire, wired


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No account, no network, no credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-south-2")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def lake(aws: None, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The deployed part of the lake that functions see, and their environment."""
    made = Lake()
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def wire(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """The wire, laid after the lake was built."""
    with wired(monkeypatch) as wire:
        yield wire


@pytest.fixture
def served(aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Served]:
    """The served bucket and the table of keys, and a results API that was just started."""
    monkeypatch.setenv("SERVED_BUCKET", BUCKET)
    monkeypatch.setenv("API_KEYS_TABLE", KEYS)
    monkeypatch.setenv("API_URL", "https://abc.execute-api.eu-south-2.amazonaws.com")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    results_api.service.cache_clear()
    yield Served.of_moto(tmp_path)
    results_api.service.cache_clear()


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the results API writes into its log: the logger had its stream before pytest did."""
    written = io.StringIO()
    monkeypatch.setattr(results_api.logger.registered_handler, "stream", written)
    return written
