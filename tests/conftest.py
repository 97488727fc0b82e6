"""Three test processes side by side: a folder, which shares a Spark or a cloud, stays in one."""

from __future__ import annotations

import signal
from pathlib import Path, PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Dearest first, so that no process ends up waiting for the other's last long folder.
_DEAREST_FIRST = ("spark", "laptop", "local", "functions", "terraform", "cli", "lake", "scripts")


# A shell's & has Ctrl-C ignored, by what it starts and by all that is started from there.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a whole folder of tests to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return PurePosixPath(nodeid.partition("::")[0]).parts[1]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFolder:
    """Schedules by folder, whatever --dist says."""
    return ByFolder(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the dear folders first."""
    here = Path(__file__).parent
    rank = {folder: place for place, folder in enumerate(_DEAREST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(here).parts[0], len(rank)))
