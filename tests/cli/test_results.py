"""`lake results`: what people type, what they get, and the words for what cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lake_cli.exits import Exit, Stop
from lake_cli.results import brief, conditions
from tests.api_server import KEY, Served, serving
from tests.cli.test_command import lake

COLUMNS = {"line": "string", "preds": "long", "rate": "double"}
ROWS: list[dict[str, Any]] = [
    {"line": "27", "preds": number, "rate": None if number == 1 else number / 4}
    for number in range(5)
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """The API, and a deployment file that leads to it."""
    folder = tmp_path_factory.mktemp("deployed")
    with serving(Served({"emt_lines": COLUMNS}, {"emt_lines": ROWS}, page=2)) as served:
        (folder / "deployment.json").write_text(json.dumps({"results_url": served.url}))
        (folder / "api-key").write_text(KEY)
        yield served, str(folder / "deployment.json")


def test_conditions_are_read_as_people_type_them() -> None:
    given = ["line=27", "line = N1", "rate>=0.5", "rate.lt=1", "stop!=a=b", "day<2025-08-30"]

    assert conditions(given) == {
        "line": ["27", "N1"],
        "rate__ge": ["0.5"],
        "rate__lt": ["1"],
        "stop__ne": ["a=b"],
        "day__lt": ["2025-08-30"],
    }


@pytest.mark.parametrize("text", ["line", "=27", "rate.ge>5", "a b=1", ""])
def test_what_is_no_condition_is_a_usage_error(text: str) -> None:
    with pytest.raises(Stop) as stopped:
        conditions([text])

    assert stopped.value.code == Exit.USAGE


def test_a_result_is_fresh_late_or_was_never_published() -> None:
    row = {"name": "a", "rows": 1, "published_at": "2025-08-30T10:00:00Z", "about": ""}

    shown = brief([row | {"fresh": True}, row | {"fresh": False}, row | {"published_at": None}])

    assert [one["status"] for one in shown] == ["fresh", "late", "never"]
    assert shown[2]["published"] == "never"


def test_rows_come_as_json_from_every_page(api: tuple[Served, str]) -> None:
    found = lake("results", "emt_lines", "--json", LAKE_DEPLOYMENT=api[1])

    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout) == ROWS


def test_rows_come_as_csv_with_a_header(api: tuple[Served, str]) -> None:
    words = ("--format", "csv", "--fields", "rate,preds", "--limit", "3")
    found = lake("results", "emt_lines", *words, LAKE_DEPLOYMENT=api[1])

    assert found.stdout == "rate,preds\n0.0,0\n,1\n0.5,2\n"


def test_people_get_tables_of_results_and_of_rows(api: tuple[Served, str]) -> None:
    listed = lake("results", LAKE_DEPLOYMENT=api[1])
    rows = lake("results", "emt_lines", "--where", "preds=4", LAKE_DEPLOYMENT=api[1])

    assert "emt_lines" in listed.stdout
    assert "fresh" in listed.stdout
    assert rows.stdout.split()[-3:] == ["27", "4", "1.0"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("emt_line",), 1, "no result is called 'emt_line'; allowed: emt_lines"),
        (("emt_lines", "--where", "lin=27"), 1, "no column 'lin'; allowed: line, preds, rate"),
        (("--where", "a=1"), 2, "name the result"),
    ],
)
def test_what_cannot_be_is_said_in_the_apis_words(
    api: tuple[Served, str], words: tuple[str, ...], code: int, said: str
) -> None:
    found = lake("results", *words, LAKE_DEPLOYMENT=api[1])

    assert (found.returncode, found.stdout) == (code, "")
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_wrong_key_is_told_with_what_to_do(api: tuple[Served, str]) -> None:
    found = lake("results", LAKE_DEPLOYMENT=api[1], LAKE_API_KEY="lake_wrong")

    assert found.returncode == 1
    assert "LAKE_API_KEY" in found.stderr


def test_a_lake_without_an_api_says_to_apply_again(tmp_path: Path) -> None:
    file = tmp_path / "deployment.json"
    file.write_text("{}")

    found = lake("results", LAKE_DEPLOYMENT=str(file))

    assert found.returncode == 1
    assert "results_url" in found.stderr
