"""One laptop cloud for all journeys, brought up as a person would: by `lake up`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.laptop.journey import Lake
from tests.local.conftest import free_port


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake of its own: other state, another port, nothing shared with the one in use."""
    lake = Lake(tmp_path_factory.mktemp("lake"), free_port())
    try:
        lake.run("up", timeout=900)
        yield lake
    finally:
        lake.run("down", timeout=120)
