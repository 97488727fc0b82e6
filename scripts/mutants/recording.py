"""A plugin of pytest: which tests run which lines, how long each takes, what they import.

Loaded with `-p scripts.mutants.recording` under `coverage run`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import coverage
import pytest

RECORD: Final = "MUTANTS_RECORD"  # the variable that says where the record goes
_seconds: dict[str, float] = {}
_red: set[str] = set()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """What runs from here on is this test's doing."""
    running = coverage.Coverage.current()
    if running is not None:
        running.switch_context(item.nodeid)
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """The seconds of a test, with those that its fixtures take."""
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + report.duration
    if report.failed:
        _red.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Writes the record."""
    installed = [
        name
        for name, module in list(sys.modules.items())
        if "site-packages" in str(getattr(module, "__file__", None))
    ]
    record = {"seconds": _seconds, "red": sorted(_red), "imported": sorted(installed)}
    Path(os.environ[RECORD]).write_text(json.dumps(record), "utf-8")
