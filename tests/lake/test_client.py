"""The Python client against a small API of the contract: pages, types, troubles, words."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from lake.client import ApiError, Client, NoAccess, NotFound, Refused, Unavailable, endpoints
from lake.client.asking import pause_of, question
from lake.client.refusals import refusal, silent
from lake.errors import LakeError
from tests.api_server import KEY, SNAPSHOT, Served, serving

ROOT = Path(__file__).parents[2]
COLUMNS = {
    "hour": "timestamp",
    "day": "date",
    "line": "string",
    "preds": "long",
    "rate": "double",
    "adverse": "boolean",
}
ROWS: list[dict[str, Any]] = [
    {
        "hour": f"2025-08-30T{hour:02}:00:00Z",
        "day": "2025-08-30",
        "line": "27" if hour % 2 else "007",
        "preds": None if hour == 3 else hour,
        "rate": hour / 8,
        "adverse": hour > 4,
    }
    for hour in range(8)
]


@pytest.fixture
def api() -> Iterator[Served]:
    with serving(Served({"hours": COLUMNS, "none": COLUMNS}, {"hours": ROWS, "none": []})) as api:
        yield api


@pytest.fixture
def paused() -> list[float]:
    return []


@pytest.fixture
def client(api: Served, paused: list[float]) -> Iterator[Client]:
    made = Client(api.url + "/", KEY, sleep=paused.append)
    with made.session:
        yield made


def test_a_walk_brings_every_row_once_and_in_order(api: Served, client: Client) -> None:
    assert list(client.rows("hours")) == ROWS
    pages = [query for path, query, _ in api.asked if path.endswith("/rows")]
    assert [dict(query).get("cursor") for query in pages] == [None, "3", "6"]
    assert {dict(query)["limit"] for query in pages} == {"3"}


def test_a_limit_is_kept_over_pages_and_no_page_is_asked_for_in_vain(
    api: Served, client: Client
) -> None:
    assert list(client.rows("hours", limit=4)) == ROWS[:4]
    assert [dict(q)["limit"] for path, q, _ in api.asked if path.endswith("/rows")] == ["3", "1"]
    assert list(client.rows("hours", limit=0)) == []


def test_rows_are_fetched_only_as_far_as_they_are_read(api: Served, client: Client) -> None:
    walk = client.rows("hours", page=2)

    assert [next(walk), next(walk)] == ROWS[:2]
    assert len([path for path, _, _ in api.asked if path.endswith("/rows")]) == 1


def test_several_values_of_a_column_are_any_of_them(client: Client) -> None:
    assert len(list(client.rows("hours", line=["27", "007"]))) == 8
    assert [row["line"] for row in client.rows("hours", line="27")] == ["27"] * 4
    assert [row["preds"] for row in client.rows("hours", where={"preds": [1, 2]})] == [1, 2]


def test_a_question_is_written_as_the_api_reads_it() -> None:
    madrid = datetime.fromisoformat("2025-08-30T10:00:00+02:00")

    assert question(
        sort=["-rate", "line"],
        fields="line,rate",
        snapshot=SNAPSHOT,
        filters={
            "hour__ge": madrid,
            "hour__lt": datetime(2025, 8, 31),
            "day": date(2025, 8, 30),
            "adverse": True,
            "line__ne": ["1", "a&b=c"],
            "odd__name": 0.5,
        },
    ) == [
        ("sort", "-rate,line"),
        ("fields", "line,rate"),
        ("snapshot", SNAPSHOT),
        ("hour.ge", "2025-08-30T08:00:00Z"),
        ("hour.lt", "2025-08-31T00:00:00Z"),
        ("day", "2025-08-30"),
        ("adverse", "true"),
        ("line.ne", "1"),
        ("line.ne", "a&b=c"),
        ("odd__name", "0.5"),
    ]


def test_a_question_without_words_asks_for_everything() -> None:
    assert question() == []
    assert question(sort="a,,b", fields=[], filters={"__ge": 1}) == [("sort", "a,b"), ("__ge", "1")]


def test_a_result_is_described_once_for_many_walks(api: Served, client: Client) -> None:
    for _ in range(2):
        assert list(client.rows("hours", limit=1)) == ROWS[:1]
    assert list(client.rows("none", page=2)) == []

    assert [path for path, _, _ in api.asked if not path.endswith("/rows")] == ["/v1/results/hours"]


@pytest.mark.parametrize("name", ["hours", "none"])
def test_a_frame_has_the_declared_types_also_where_there_is_no_row(
    client: Client, name: str
) -> None:
    frame = client.to_pandas(name)

    assert list(frame.columns) == list(COLUMNS)
    assert [str(kind) for kind in frame.dtypes] == [
        *("datetime64[ns, UTC]", "datetime64[ns]", "object", "Int64", "float64", "boolean")
    ]
    if name == "hours":
        assert frame["line"][0] == "007"
        assert pd.isna(frame["preds"][3])
        assert frame["preds"].sum() == 0 + 1 + 2 + 4 + 5 + 6 + 7
        assert frame["hour"][7] == pd.Timestamp("2025-08-30T07:00:00Z")


def test_a_whole_number_that_is_missing_makes_no_fraction_of_the_others(
    api: Served, client: Client
) -> None:
    api.columns["hours"] = {"few": "int", "many": "long"}
    api.rows["hours"] = [{"few": 3, "many": 4}, {"few": None, "many": None}]

    frame = client.to_pandas("hours")

    assert [str(kind) for kind in frame.dtypes] == ["Int64", "Int64"]
    assert frame.iloc[0].tolist() == [3, 4]


def test_a_frame_of_some_columns_keeps_their_order(client: Client) -> None:
    frame = client.to_pandas("hours", fields="rate,line", limit=2)

    assert frame.values.tolist() == [[0.0, "007"], [0.125, "27"]]


def test_it_waits_as_long_as_the_api_asks_and_then_goes_on(
    api: Served, client: Client, paused: list[float]
) -> None:
    api.troubles = [(429, {"Retry-After": "7"}), (503, {"Retry-After": "9999"}), (502, {})]

    assert [row["name"] for row in client.results()] == ["hours", "none"]

    assert paused == [7.0, 30.0, 2.0]


def test_it_gives_up_after_five_tries_with_the_apis_own_words(
    api: Served, client: Client, paused: list[float]
) -> None:
    api.troubles = [(503, {})] * 9

    with pytest.raises(Unavailable, match="not now") as told:
        client.results()

    assert (told.value.status, len(paused), len(api.troubles)) == (503, 4, 4)


def test_nobody_there_is_told_with_the_address(paused: list[float]) -> None:
    client = Client("http://127.0.0.1:9", KEY, tries=2, sleep=paused.append)

    with client.session, pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:9 does not answer"):
        client.status()

    assert len(paused) == 1


def test_a_net_that_is_away_is_waited_for_a_little_longer_each_time(
    client: Client, paused: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gives up before the API does (30 s) would ask for the same work again."""
    troubles = iter([requests.ConnectionError, requests.ReadTimeout] * 2 + [requests.ReadTimeout])
    patience: list[Any] = []

    def away(*_: Any, timeout: Any, **__: Any) -> Any:
        patience.append(timeout)
        raise next(troubles)

    monkeypatch.setattr(client.session, "get", away)

    with pytest.raises(Unavailable, match="does not answer"):
        client.status()

    assert paused == [0.5, 1.0, 2.0, 4.0]
    assert patience == [(5.0, 35.0)] * 5


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_passes_by_itself_is_asked_for_again(
    api: Served, client: Client, paused: list[float], status: int
) -> None:
    api.troubles = [(status, {})]

    assert client.status()["advice"] == []

    assert paused == [0.5]


def test_a_fault_of_the_api_is_told_at_once(
    api: Served, client: Client, paused: list[float]
) -> None:
    api.troubles = [(500, {})]

    with pytest.raises(Unavailable, match="not now"):
        client.status()

    assert paused == []


@pytest.mark.parametrize("content", ["<html>", '["a list"]'])
def test_an_answer_that_is_no_object_is_not_the_lakes(
    client: Client, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    answer = requests.Response()
    answer.status_code, answer._content = 200, content.encode()
    monkeypatch.setattr(client.session, "get", lambda *_, **__: answer)

    with pytest.raises(ApiError, match="answered 200 with nothing that is of the lake"):
        client.status()


def test_what_is_wrong_is_not_tried_again_and_says_what_is_allowed(
    api: Served, client: Client, paused: list[float]
) -> None:
    with pytest.raises(Refused, match="no column 'lin'; allowed: hour, day, line") as told:
        list(client.rows("hours", lin=27))
    assert (told.value.parameter, told.value.status) == ("lin", 400)
    assert told.value.allowed == list(COLUMNS)

    with pytest.raises(NotFound, match="hours"):
        client.describe("../status")
    assert api.asked[-1][0] == "/v1/results/..%2Fstatus"
    assert paused == []


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("lake_wrong", 403)])
def test_without_the_right_key_there_is_an_error_of_its_own(
    api: Served, key: str | None, status: int
) -> None:
    stranger = Client(api.url, key)
    with stranger.session, pytest.raises(NoAccess) as told:
        stranger.status()

    assert told.value.status == status


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"detail": "no such day"}, "no such day"),
        ({"message": "Forbidden"}, "Forbidden"),  # a gateway's own words
        ({"detail": "no such day", "message": "Bad Request"}, "no such day"),
        ("<html>", "http://api answered 400 with nothing that is of the lake"),
    ],
)
def test_a_refusal_is_told_in_the_words_of_whoever_refused(answer: Any, text: str) -> None:
    assert str(refusal("http://api", 400, answer)) == text


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, NoAccess),
        (403, NoAccess),
        (404, NotFound),
        (422, Refused),
        (429, Unavailable),
        (499, Refused),
        (500, Unavailable),
        (504, Unavailable),
    ],
)
def test_each_status_is_an_error_of_its_kind(status: int, kind: type[ApiError]) -> None:
    told = refusal("http://api", status, {"detail": "so", "status": 200})

    assert type(told) is kind
    assert (told.status, told.type, told.parameter, told.allowed) == (
        *(status, "about:blank"),
        *(None, None),
    )


def test_a_refusal_keeps_what_the_api_says_beside_its_words() -> None:
    said = {"detail": "no", "type": "urn:lake:limit", "parameter": "limit", "allowed": ["1", "2"]}

    told = refusal("http://api", 400, said)

    assert str(told) == "no; allowed: 1, 2"
    assert (told.type, told.parameter, told.allowed) == ("urn:lake:limit", "limit", ["1", "2"])


def test_of_nobody_there_is_no_status() -> None:
    told = silent("http://api")

    assert (told.status, told.type) == (0, "about:blank")


def test_it_says_who_asks(api: Served, client: Client) -> None:
    client.status()

    ((_, _, headers),) = api.asked
    assert headers["user-agent"].startswith("lake-client/")
    assert headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, 0),
        ("12", 12),
        ("Sat, 30 Aug 2025 12:00:30 GMT", 30),
        ("Sat, 30 Aug 2025 11:00:00 GMT", 0),
        ("Sat, 30 Aug 2025 12:00:30", 0),  # of nobody's zone
        ("soon", 0),
        ("-5", 0),
        ("\u00b2", 0),  # a digit to Python, and no number
        ("", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_moment(said: str | None, seconds: float) -> None:
    assert pause_of(said, datetime(2025, 8, 30, 12, tzinfo=UTC)) == seconds


def test_the_deployment_file_leads_to_the_laptops_api_and_its_key(tmp_path: Path) -> None:
    file = tmp_path / "deployment.json"
    file.write_text(json.dumps({"results_url": "http://127.0.0.1:4566/api"}))
    (tmp_path / "api-key").write_text(f"{KEY}\n")
    chosen = {"LAKE_DEPLOYMENT": str(file)}

    assert endpoints.of_deployment(None, None, chosen) == ("http://127.0.0.1:4566/api", KEY)
    assert endpoints.of_deployment("dev", "k", chosen)[1] == "k"
    assert endpoints.of_deployment("dev", None, chosen)[1] is None
    assert endpoints.of_environment({"LAKE_API_URL": "u", "LAKE_API_KEY": "k"}) == ("u", "k")
    assert endpoints.of_environment(chosen)[1] == KEY


def test_a_key_that_is_given_goes_before_the_one_of_the_environment_and_that_before_the_kept_one(
    tmp_path: Path,
) -> None:
    file = tmp_path / "deployment.json"
    file.write_text(json.dumps({"results_url": "u"}))
    chosen = {"LAKE_DEPLOYMENT": str(file)}
    theirs = {**chosen, "LAKE_API_KEY": "theirs"}

    assert endpoints.of_deployment("laptop", None, chosen) == ("u", None)  # none was kept
    (tmp_path / "api-key").write_text(" \n")
    assert endpoints.of_deployment("laptop", None, chosen) == ("u", None)
    (tmp_path / "api-key").write_text("kept")
    assert endpoints.of_deployment("laptop", None, chosen) == ("u", "kept")
    assert endpoints.of_deployment("laptop", None, theirs) == ("u", "theirs")
    assert endpoints.of_deployment("laptop", "mine", theirs) == ("u", "mine")
    assert endpoints.of_environment({"LAKE_API_URL": "v"}) == ("v", None)


def test_the_environment_is_the_one_that_is_asked_for_or_lake_env_or_the_laptop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(LakeError, match=r"'laptop' .*\.laptop/deployment\.json.*: lake up"):
        endpoints.of_deployment(None, None, {})
    with pytest.raises(LakeError, match=r"'dev' .*deployments/dev\.json.*: make deploy ENV=dev"):
        endpoints.of_deployment(None, None, {"LAKE_ENV": "dev"})
    with pytest.raises(LakeError, match="'prod' "):
        endpoints.of_deployment("prod", None, {"LAKE_ENV": "dev"})


def test_a_deployment_is_found_from_any_folder_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "notebooks" / "mine"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    for place, url in ((".laptop/deployment.json", "here"), ("deployments/dev.json", "there")):
        (tmp_path / place).parent.mkdir()
        (tmp_path / place).write_text(json.dumps({"results_url": url}))

    assert endpoints.of_deployment("laptop", "k", {}) == ("here", "k")
    assert endpoints.of_deployment("dev", "k", {}) == ("there", "k")


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "make deploy ENV=dev"), ("{", "cannot be read"), ("{}", "apply again")],
)
def test_without_an_address_it_says_how_to_get_one(
    tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "dev.json"
    if text is not None:
        file.write_text(text)

    with pytest.raises(LakeError, match=said):
        endpoints.of_deployment("dev", None, {"LAKE_DEPLOYMENT": str(file)})
    with pytest.raises(LakeError, match=r"cannot be read: .*directory"):
        endpoints.of_deployment("dev", None, {"LAKE_DEPLOYMENT": str(tmp_path)})


def test_without_its_packages_it_says_how_to_install_them() -> None:
    code = """
import sys
sys.modules["requests"] = None
from lake.client import Client
try:
    Client("http://127.0.0.1:9")
except Exception as error:
    print(type(error).__name__, error)
"""
    told = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, 'layers/lake'){code}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.startswith("LakeError lake.client needs requests: pip install")
    assert "./layers/lake[client]" in told
