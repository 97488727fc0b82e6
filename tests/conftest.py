"""Three test processes side by side: a folder, which shares a Spark or a cloud, stays in one."""

from __future__ import annotations

import functools
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from _pytest.nodeid import NodeId
from botocore.loaders import JSONFileLoader
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Dearest first, so that no process ends up waiting for the other's last long folder.
_DEAREST_FIRST = (
    "laptop",
    "spark/gold",
    "spark",
    "local",
    "functions",
    "terraform",
    "cli",
    "lake",
    "scripts",
)


# As Terraform tells every function of the default environment.
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Albufera"

# A shell's & has Ctrl-C ignored, by what it starts and by all that is started from there.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a whole folder of tests to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return str(PurePosixPath(nodeid.partition("::")[0]).parent)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFolder:
    """Schedules by folder, whatever --dist says."""
    return ByFolder(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives each test an id of its own, and puts the dear folders first.

    Tests of one id are one test to xdist, which runs the last of them. pytest 9.2 leaves the
    operation that schemathesis put into a test's name out of its id.
    """
    for item in items:
        if not item.nodeid.endswith(item.name):
            item._id = NodeId.parse(f"{item.nodeid.rpartition('::')[0]}::{item.name}")
    twins = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if twins:
        raise pytest.UsageError(f"tests of one id, of which only one would run: {twins}")
    here = Path(__file__).parent
    rank = {folder: place for place, folder in enumerate(_DEAREST_FIRST)}
    items.sort(key=lambda item: rank.get(str(item.path.parent.relative_to(here)), len(rank)))


@pytest.fixture(scope="session", autouse=True)
def _descriptions_of_aws_are_read_once() -> Iterator[None]:
    """Each session of boto3 reads them anew, and moto has each test begin one."""
    read = JSONFileLoader.load_file

    @functools.cache
    def once(path: str) -> Any:
        return read(JSONFileLoader(), path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: once(path))
        yield
