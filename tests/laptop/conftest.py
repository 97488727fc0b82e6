"""One laptop cloud for all journeys, brought up as a person would: by `lake up`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.iam import journal
from tests.laptop.journey import Lake
from tests.laptop.rights import denied
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


@pytest.fixture(scope="session")
def judged() -> list[int]:
    """How many decisions of IAM were judged so far."""
    return [0]


@pytest.fixture(scope="session")
def prefix(lake: Lake) -> str:
    """What the names of the lake's roles begin with, also while a journey has it destroyed."""
    return f"{lake.deployment['prefix']}-"


@pytest.fixture(autouse=True)
def _nothing_is_denied(lake: Lake, judged: list[int]) -> Iterator[None]:
    """Whatever a journey does, each role has the rights for it.

    A journey that asks for a denial puts the number of decisions so far into `judged` itself.
    """
    yield
    decisions = journal.read(lake.state_dir, since=judged[0])
    judged[0] += len(decisions)
    assert denied(decisions) == []
