"""One laptop cloud for all journeys, brought up as a person would: by `lake up`."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
import requests

from tests.laptop.journey import Lake

ARCHIVE_S = 240


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake of its own: other state, another port, nothing shared with the one in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lake = Lake(tmp_path_factory.mktemp("lake"), port)
    lake.run("up", timeout=900)
    wait_for_the_class_archive(port)
    yield lake
    lake.run("down", timeout=120)


def wait_for_the_class_archive(port: int) -> None:
    """Jobs start twice as fast with it, and each one that comes before makes it begin anew."""
    deadline = time.monotonic() + ARCHIVE_S
    while time.monotonic() < deadline:
        health = requests.get(f"http://127.0.0.1:{port}/_albufera/health", timeout=10).json()
        if health["spark"]["class_archive"] != "building":
            return
        time.sleep(1)
