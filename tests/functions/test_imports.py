"""What a cold start has to import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FUNCTIONS = ["promote", "start_job", "create_tables", "ingest", "watch", "results_api"]
HEAVY = (
    "aws_xray_sdk",
    "numpy",
    "openpyxl",
    "pandas",
    "pyarrow",
    "pydantic",
    "pyiceberg",
    "pyspark",
    "python_calamine",
    "yaml",
)


def python(code: str) -> str:
    """Run code in a fresh interpreter that sees what Lambda sees, and no environment of ours."""
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "layers" / "lake")])
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


@pytest.mark.parametrize("verb", FUNCTIONS)
def test_a_handler_imports_nothing_heavy_and_needs_no_environment(verb: str) -> None:
    loaded = python(
        f"import sys, functions.{verb}.handler; print('\\n'.join(sorted(sys.modules)))"
    ).split()

    assert f"functions.{verb}.handler" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_the_pre_scan_needs_the_standard_library_only() -> None:
    loaded = python("import sys, lake.prescan; print('\\n'.join(sorted(sys.modules)))").split()

    foreign = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    assert {name for name in foreign if not name.startswith(("_", "sitecustomize"))} == {"lake"}


@pytest.mark.parametrize("verb", FUNCTIONS)
def test_a_handler_is_imported_within_its_budget(verb: str) -> None:
    """boto3 is most of it; the rest is Powertools. The budget leaves room for a slow machine."""
    measure = f"""
import time
import boto3
began = time.process_time()
import functions.{verb}.handler
print(time.process_time() - began)
"""

    seconds = min(float(python(measure)) for _ in range(3))

    assert seconds < 0.6
