"""One laptop cloud for all journeys, brought up as a person would: by `lake up`."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.laptop.journey import Lake


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake of its own: other state, another port, nothing shared with the one in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lake = Lake(tmp_path_factory.mktemp("lake"), port)
    try:
        lake.run("up", timeout=900)
        yield lake
    finally:
        lake.run("down", timeout=120)
