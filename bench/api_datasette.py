"""Datasette over the same rows, in an environment of its own: the yardstick of bench/api.py."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.local.conftest import free_port

PINNED = "datasette==0.65.5"
HOME = Path(".laptop") / "bench" / "datasette"


@contextmanager
def running(connection: Any, folder: Path) -> Iterator[str]:
    """The address of the table in a Datasette that serves nothing else."""
    database = folder / "rows.db"
    _fill(connection, database)
    port = free_port()
    command = [str(_installed()), "-m", "datasette", "serve", "--immutable", str(database)]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    # What takes it longer than a second it refuses by itself; counting all rows is one of these.
    command += ["--setting", "sql_time_limit_ms", "20000", "--setting", "suggest_facets", "off"]
    command += ["--setting", "default_page_size", "100", "--setting", "max_returned_rows", "1000"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}/rows/made.json"
        try:
            _wait(address)
            yield address
        finally:
            process.terminate()


def _fill(connection: Any, database: Path) -> None:
    """The rows in SQLite, with an index for each way in which they are asked for."""
    rows = connection.execute(
        "SELECT strftime(event_hour, '%Y-%m-%d %H:%M:%S') AS event_hour, * EXCLUDE (event_hour) "
        "FROM made"
    )
    names = [column[0] for column in rows.description]
    with sqlite3.connect(database) as target:
        target.execute(f"CREATE TABLE made ({', '.join(names)}, PRIMARY KEY (event_hour, line))")
        marks = ", ".join("?" * len(names))
        while batch := rows.fetchmany(50_000):
            target.executemany(f"INSERT INTO made VALUES ({marks})", batch)  # noqa: S608
        target.execute("CREATE INDEX by_line ON made (line, event_hour)")
        target.execute("CREATE INDEX by_rate ON made (delay_rate)")
    target.close()


def _installed() -> Path:
    """Its Python; made at the first run."""
    interpreter = HOME / "bin" / "python"
    if not interpreter.exists():
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
    wanted = [str(interpreter), "-m", "pip", "install", "--quiet", PINNED]
    subprocess.run(wanted, check=True, stdout=subprocess.DEVNULL)
    return interpreter.absolute()


def _wait(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            requests.get(address, params={"_size": 1}, timeout=30).raise_for_status()
            return
        except requests.RequestException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
