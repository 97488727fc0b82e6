"""A service's state goes to its file when it has changed, and only then."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.saving import StateFiles


def bytes_as_text(value: Any) -> Any:
    """How ministack spells bytes."""
    if isinstance(value, bytes):
        return {"__bytes__": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} is no JSON")


@pytest.fixture
def files(tmp_path: Path) -> StateFiles:
    persistence = SimpleNamespace(
        STATE_DIR=str(tmp_path), _state_format_version=lambda _: 3, _json_default=bytes_as_text
    )
    return StateFiles(persistence)


def test_a_state_is_written_as_ministack_reads_it(files: StateFiles, tmp_path: Path) -> None:
    files.save("lambda", {"code": b"PK", "name": "promote"})

    written = json.loads((tmp_path / "lambda.json").read_text())
    assert written == {
        "__ministack_format__": 3,
        "payload": {"code": {"__bytes__": "UEs="}, "name": "promote"},
    }
    assert [path.name for path in tmp_path.iterdir()] == ["lambda.json"]


def test_only_a_state_that_changed_is_written_again(files: StateFiles, tmp_path: Path) -> None:
    path = tmp_path / "lambda.json"
    state = {"code": b"PK1", "calls": 1}
    files.save("lambda", state)
    path.write_text("untouched")

    files.save("lambda", {"code": b"PK1", "calls": 1})
    assert path.read_text() == "untouched"

    files.save("lambda", {**state, "code": b"PK2"})
    assert "UEsy" in path.read_text()


def test_a_state_that_cannot_be_written_is_tried_again(files: StateFiles, tmp_path: Path) -> None:
    path = tmp_path / "sqs.json"
    path.mkdir()
    files.save("sqs", {"queues": 1})  # a log line, and no end of the cloud
    path.rmdir()

    files.save("sqs", {"queues": 1})

    assert json.loads(path.read_text())["payload"] == {"queues": 1}


def test_a_state_that_changes_under_the_pen_is_tried_again(tmp_path: Path) -> None:
    """Threads of the cloud change dictionaries while they are spelt; the saver must live on."""
    troubles = [RuntimeError("dictionary changed size during iteration")]

    def spell(value: Any) -> Any:
        if troubles:
            raise troubles.pop()
        return sorted(value)

    files = StateFiles(
        SimpleNamespace(
            STATE_DIR=str(tmp_path), _state_format_version=lambda _: 3, _json_default=spell
        )
    )
    files.save("sqs", {"queues": {"b", "a"}})
    assert list(tmp_path.iterdir()) == []

    files.save("sqs", {"queues": {"b", "a"}})

    assert json.loads((tmp_path / "sqs.json").read_text())["payload"] == {"queues": ["a", "b"]}
