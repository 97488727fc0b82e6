"""Two test processes side by side: a folder, which shares a Spark or a cloud, stays in one."""

from __future__ import annotations

from pathlib import Path

import pytest

# Dearest first, so that no process ends up waiting for the other's last long folder.
_DEAREST_FIRST = ("spark", "laptop", "local", "terraform")


# First, because xdist reads the groups in a hook of the same name.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Names the folder that each test belongs to."""
    here = Path(__file__).parent
    folders = {item: item.path.relative_to(here).parts[0] for item in items}
    for item, folder in folders.items():
        item.add_marker(pytest.mark.xdist_group(folder))
    rank = {folder: place for place, folder in enumerate(_DEAREST_FIRST)}
    items.sort(key=lambda item: rank.get(folders[item], len(rank)))
