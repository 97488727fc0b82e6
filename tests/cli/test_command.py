"""The command as a shell sees it: what it prints where, and its exit codes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMANDS = [
    "up",
    "down",
    "status",
    "upload",
    "poll",
    "run",
    "runs",
    "backfill",
    "publish",
    "loads",
    "rejects",
    "quarantine",
    "replay",
    "query",
    "results",
    "tables",
    "describe",
    "new-source",
]
CODE = "from lake_cli.app import main; main()"
RUN = [sys.executable, "-c", CODE]
HEAVY = {"boto3", "botocore", "duckdb", "numpy", "pandas", "pyarrow", "pyspark", "yaml"}


def lake(
    *words: str, run: str = CODE, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LAKE_")}
    kept["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(
        [sys.executable, "-c", run, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=cwd,
        env=kept | {"COLUMNS": "100"} | environment,
    )


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """A deployment whose laptop does not answer."""
    path = tmp_path / "deployment.json"
    path.write_text(
        json.dumps(
            {
                "endpoint": "http://127.0.0.1:9",
                "region": "eu-west-1",
                "buckets": {"raw": "r", "jobs": "j"},
                "ledger_table": "t",
            }
        )
    )
    return str(path)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    found = lake(name, "--help")

    assert found.returncode == 0
    assert f" {name} " in found.stdout
    assert found.stderr == ""


def test_help_shows_every_command_and_the_exit_codes() -> None:
    found = lake("--help")

    assert all(f" {name} " in found.stdout for name in COMMANDS)
    assert "4 timed out" in found.stdout


def test_help_waits_for_no_library_of_aws_or_of_data() -> None:
    """What keeps the command quick; seconds would say more about the machine than about us."""
    code = """
import sys
from lake_cli.app import main
try:
    main()
finally:
    print("imported:", *sys.modules, file=sys.stderr)
"""
    found = lake("--help", run=code)

    loaded = found.stderr.rpartition("imported:")[2].split()
    assert "lake_cli.app" in loaded
    assert HEAVY.isdisjoint(loaded)


def test_without_a_deployment_it_says_how_to_get_one(tmp_path: Path) -> None:
    found = lake("loads", "--json", LAKE_DEPLOYMENT=str(tmp_path / "none.json"))

    assert found.returncode == 3
    assert found.stdout == ""
    assert "lake up" in found.stderr


def test_a_lake_that_does_not_answer_is_said_in_a_sentence(nowhere: str) -> None:
    began = time.monotonic()
    found = lake("loads", LAKE_DEPLOYMENT=nowhere)

    assert found.returncode == 3
    assert "http://127.0.0.1:9 does not answer" in found.stderr
    assert "Traceback" not in found.stderr
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("words", [("upload",), ("uplod",), ("query",), ("replay",), ("--nope",)])
def test_wrong_usage_is_2(words: tuple[str, ...], nowhere: str) -> None:
    found = lake(*words, LAKE_DEPLOYMENT=nowhere)

    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr


def test_a_file_that_is_not_there_is_said_before_anything_is_sent(
    nowhere: str, tmp_path: Path
) -> None:
    there = tmp_path / "there.xlsx"
    there.write_bytes(b"")

    found = lake("upload", "emt/arrivals", str(there), "gone.xlsx", LAKE_DEPLOYMENT=nowhere)

    assert found.returncode == 2
    assert "there is no file 'gone.xlsx'" in found.stderr


def test_a_folder_is_no_file(nowhere: str, tmp_path: Path) -> None:
    found = lake("upload", "emt/arrivals", str(tmp_path), LAKE_DEPLOYMENT=nowhere)

    assert found.returncode == 2
    assert "is a folder" in found.stderr


def test_an_unreadable_deployment_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    path.write_text("{")

    found = lake("status", LAKE_DEPLOYMENT=str(path))

    assert found.returncode == 3
    assert "deployment.json cannot be read" in found.stderr


def test_a_profile_that_does_not_exist_is_said(tmp_path: Path, nowhere: str) -> None:
    nobody = str(tmp_path / "none")

    found = lake(
        "loads",
        "--env",
        "dev",
        "--profile",
        "gone",
        LAKE_DEPLOYMENT=nowhere,
        AWS_CONFIG_FILE=nobody,
        AWS_SHARED_CREDENTIALS_FILE=nobody,
    )

    assert found.returncode == 3
    assert "gone" in found.stderr
    assert "--profile" in found.stderr


def test_a_profile_in_the_environment_does_not_disturb_the_laptop(nowhere: str) -> None:
    found = lake("loads", LAKE_DEPLOYMENT=nowhere, AWS_PROFILE="gone")

    assert "does not answer" in found.stderr


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    kept = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [*RUN, "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=kept,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, said = process.communicate(timeout=60)

    assert b"BrokenPipe" not in said
