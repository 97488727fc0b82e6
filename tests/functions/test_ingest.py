"""What a poll lands: workbooks that the jobs read as if a person had uploaded them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from domains.emt.clients import emt_stops
from domains.emt.clients.emt_arrivals import wall
from domains.emt.transforms.arrivals import poll_time
from functions.ingest import __main__ as by_hand
from functions.ingest import handler as ingest
from functions.ingest.errors import Unreadable
from functions.ingest.found import NothingNew
from functions.ingest.xlsx import EXCEL_CELL, fitting, pieces, workbook
from lake import literal
from lake.catalog import Catalog
from lake.polls import FAILED, LANDED, UNCHANGED, PollState
from lake.vetting import vet
from local.upstream import SECRETS, urls
from scripts.samples import lines as sample_lines
from scripts.samples.madrid import LINES, STOPS
from scripts.samples.weather import HEADER as WEATHER_HEADER
from tests.functions.asking import MOMENT, Asking, Hurried, asking
from tests.functions.lake import PREFIX, Lake
from tests.spark.sheets import Read

EVENTS = Path(__file__).parents[1] / "events"
POLLED = tuple(name for name, one in Catalog.bundled().sources.items() if one.poll and one.job)
PAIRS = sum(len(line.stops) for line in LINES)


@pytest.fixture
def ask(lake: Lake) -> Iterator[Asking]:
    with asking(lake) as made:
        yield made


def landed(ask: Asking, state: PollState) -> bytes:
    """The bytes of the workbook that a poll landed."""
    assert state.status == LANDED, state
    return ask.lake.objects("raw")[state.raw_key]


def read(ask: Asking, source: str, folder: Path) -> Read:
    """What the job makes of what a poll of the source landed."""
    return Read(Catalog.bundled(), source, landed(ask, ask.poll(source)), folder)


def rows_of(content: bytes) -> list[dict[str, Any]]:
    """The only sheet, as another library reads it."""
    (sheet,) = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    header, *rows = sheet.values
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def listed(cell: object) -> list[Any]:
    """The list in a cell."""
    value = literal.parse(str(cell))
    assert isinstance(value, list)
    return value


# What each source lands


@pytest.mark.parametrize("source", POLLED)
def test_what_a_poll_lands_is_let_in_and_the_job_rejects_none_of_it(
    ask: Asking, tmp_path: Path, source: str
) -> None:
    parsed = read(ask, source, tmp_path)

    declared = Catalog.bundled().source(source)
    vet(tmp_path / "file.xlsx", declared)
    for table in (*declared.feeds, *declared.derives):
        assert parsed.rejects(table) == []
        assert parsed.rows(table)


COLUMNS = {
    "emt/arrivals": (
        *("timestamp", "Arrive", "StopInfo", "ExtraInfo", "Incident.ListaIncident.data"),
        *("stopId", "line"),
    ),
    "emt/line_list": (
        *("line", "label", "nameA", "nameB", "group", "startDate", "endDate"),
        *("longLine1", "longLine2", "order", "color", "forecolor"),
    ),
    "emt/lines": (
        *("line", "label", "stops", "timeTable", "stop_id", "timeTable.IdLine"),
        *("timeTable.Label", "timeTable.HeaderA", "timeTable.HeaderB", "timeTable.DayType"),
    ),
    "emt/stops": ("node", "name", "wifi", "lines", "geometry.type", "geometry.coordinates"),
}


FILES = {
    "emt/arrivals": "arrivals-2025-08-29T1200.xlsx",
    "emt/line_list": "bus_lines.xlsx",
    "emt/lines": "emt_lines.xlsx",
    "emt/stops": "bus_stops.xlsx",
}


@pytest.mark.parametrize("source", COLUMNS)
def test_a_workbook_has_the_name_the_sheet_and_the_columns_that_people_upload(
    ask: Asking, source: str
) -> None:
    state = ask.poll(source)

    book = openpyxl.load_workbook(io.BytesIO(landed(ask, state)))
    assert book.sheetnames == ["Sheet1"]
    assert tuple(cell.value for cell in book["Sheet1"][1]) == COLUMNS[source]
    assert ask.lake.versions("raw") == [(state.raw_key, state.raw_version)]
    assert state.raw_key == f"{source}/{FILES[source]}"
    assert state.file_name == FILES[source]


def test_one_workbook_holds_every_arrival_and_ids_keep_their_zeros(
    ask: Asking, tmp_path: Path
) -> None:
    parsed = read(ask, "emt/arrivals", tmp_path)

    rows = rows_of((tmp_path / "file.xlsx").read_bytes())
    assert len(rows) == PAIRS
    assert {row["line"] for row in rows} == {line.code for line in LINES}
    assert {row["stopId"] for row in rows} == set(STOPS)
    # The next two buses of each line at each stop, not one more and not one less.
    assert parsed.counts("emt_silver.arrivals_predictions") == (2 * PAIRS, 2 * PAIRS, 0, 0, 0)
    first = parsed.rows("emt_silver.arrivals_predictions")[0]
    assert (first["line_code"], first["line"], first["stop_id"]) == ("361", "001", "5710")
    assert first["event_ts"] == MOMENT.replace(tzinfo=None)
    assert rows[0]["timestamp"] == "2025-08-29 12:00:00"  # what a clock in Madrid shows


def test_the_lines_workbook_has_label_names_and_the_timetable_of_each_day_type(
    ask: Asking, tmp_path: Path
) -> None:
    parsed = read(ask, "emt/lines", tmp_path)

    names = {row["line"]: row for row in parsed.rows("emt_silver.lines")}
    assert set(names) == {line.code for line in LINES}
    assert names["361"]["label"] == "OO1"
    assert (names["027"]["name_a"], names["027"]["name_b"]) == ("EMBAJADORES", "PLAZA CASTILLA")
    days = {(row["line"], row["day_type"]) for row in parsed.rows("emt_silver.lines_timetable")}
    tables = ask.upstream.emt.network.tables
    assert days == {(code, day) for code, table in tables.items() for day in table.days}
    assert ("526", "VI") in days
    by_line = {code for code, day in days if day == "LA"}
    assert by_line >= sample_lines.OTHER_FORM, "the line whose timetable comes as an object"


def test_both_directions_of_each_line_are_asked_for(ask: Asking) -> None:
    content = landed(ask, ask.poll("emt/lines"))

    asked = {path for path in ask.upstream.calls if "/stops/" in path}
    assert asked == {
        f"emt /v1/transport/busemtmad/lines/{line.code}/stops/{direction}/"
        for line in LINES
        for direction in (1, 2)
    }
    assert len({(row["line"], row["stop_id"]) for row in rows_of(content)}) == 2 * len(LINES)


def test_the_stops_workbook_has_as_many_rows_as_emt_has_stops(ask: Asking) -> None:
    rows = rows_of(landed(ask, ask.poll("emt/stops")))

    assert [row["node"] for row in rows] == list(STOPS)


def test_the_weather_workbook_has_the_sheet_and_the_48_columns_that_people_upload(
    ask: Asking, tmp_path: Path
) -> None:
    parsed = read(ask, "meteorology/workbook", tmp_path)

    book = openpyxl.load_workbook(tmp_path / "file.xlsx")
    assert book.sheetnames == ["Hoja1"]
    assert tuple(cell.value for cell in book["Hoja1"][1]) == WEATHER_HEADER
    assert len(WEATHER_HEADER) == 48
    (row,) = parsed.rows("meteorology_silver.meteorology_current")
    observed = ask.upstream.weather.sky.observed_at(MOMENT)
    assert row["obs_ts"] == observed.replace(tzinfo=None)
    assert row["source"] == "excel"
    (written,) = rows_of((tmp_path / "file.xlsx").read_bytes())
    assert written["run_ts_utc"] == "2025-08-29 10:00:00"
    state = ask.state("meteorology/workbook")
    assert state is not None
    assert (state.file_name, state.rows) == ("meteorology-2025-08-29T1000Z.xlsx", 1)


# No cell is cut, none is anything but what was said


def test_a_list_that_fits_no_cell_goes_on_in_the_next_row() -> None:
    entries = [{"IdLine": f"{number:03}", "text": "á" * 1000} for number in range(100)]

    rows = list(fitting({"line": "027", "timeTable": entries, "stops": [1], "empty": []}))

    assert all(len(str(row["timeTable"])) <= EXCEL_CELL for row in rows)
    assert [entry for row in rows for entry in listed(row["timeTable"])] == entries
    assert [row["stops"] for row in rows] == ["[1]"] + ["[]"] * (len(rows) - 1)
    assert {row["line"] for row in rows} == {"027"}


def test_an_entry_that_fits_no_cell_at_all_is_refused_and_not_cut() -> None:
    with pytest.raises(Unreadable, match="fits no cell"):
        pieces([{"text": "x" * EXCEL_CELL}])


def test_a_timetable_of_three_cells_loses_no_line(
    ask: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(ask, "emt/lines", tmp_path).rows("emt_silver.lines_timetable")
    monkeypatch.setattr("functions.ingest.xlsx.EXCEL_CELL", 2_000)

    split = Read(Catalog.bundled(), "emt/lines", landed(ask, ask.poll("emt/lines")), tmp_path)

    assert len(rows_of((tmp_path / "file.xlsx").read_bytes())) > 3 * 2 * len(LINES)
    assert split.rejects("emt_silver.lines_timetable") == []
    by_key = {(row["line"], row["day_type"]): row for row in whole}
    assert {(r["line"], r["day_type"]): r for r in split.rows("emt_silver.lines_timetable")} == (
        by_key
    )
    assert len(split.rows("emt_silver.lines_stops")) == sum(2 * len(line.stops) for line in LINES)


def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    texts = {"a": "=1+1", "b": "#N/A", "c": "  two  ", "d": "<a&b>\r\n", "e": "007"}

    content = workbook("Sheet1", list(texts), [texts])

    assert rows_of(content) == [texts]
    assert content == workbook("Sheet1", list(texts), [texts])


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        ("2025-10-26T00:30:00+00:00", "2025-10-26 02:30:00+02:00"),
        ("2025-10-26T01:30:00+00:00", "2025-10-26 02:30:00+01:00"),
        ("2025-10-26T02:30:00+00:00", "2025-10-26 03:30:00"),
        ("2026-03-29T00:59:59+00:00", "2026-03-29 01:59:59"),
        ("2026-03-29T01:00:00+00:00", "2026-03-29 03:00:00"),
    ],
)
def test_each_moment_is_read_back_as_itself_when_the_clocks_change(
    moment: str, written: str
) -> None:
    at = datetime.fromisoformat(moment)

    assert wall(at) == written
    assert poll_time(wall(at)) == at.astimezone(UTC).replace(tzinfo=None)


# Again and again


@pytest.mark.parametrize("source", ["emt/line_list", "emt/lines", "emt/stops"])
def test_a_list_that_has_not_changed_lands_once(ask: Asking, source: str) -> None:
    first = ask.poll(source)

    again = ask.poll(source)

    assert (first.status, again.status) == (LANDED, UNCHANGED)
    assert again.reason == "the same bytes as the last time"
    assert len(ask.lake.versions("raw")) == 1
    assert again.raw_version == first.raw_version


def test_an_observation_lands_once_and_an_older_one_never_after_it(ask: Asking) -> None:
    first = ask.poll("meteorology/workbook")
    ask.trouble("old", api="weatherapi", times=1)

    old, same = ask.poll("meteorology/workbook"), ask.poll("meteorology/workbook")

    assert [state.status for state in (first, old, same)] == [LANDED, UNCHANGED, UNCHANGED]
    assert {state.mark for state in (first, old, same)} == {first.mark}
    assert len(ask.lake.versions("raw")) == 1
    ask.control(now=(MOMENT + timedelta(hours=1)).isoformat())
    later = ask.poll("meteorology/workbook")
    assert later.status == LANDED
    assert int(later.mark) > int(first.mark)


def test_polls_of_one_warm_function_share_a_login(ask: Asking) -> None:
    for source in ("emt/arrivals", "emt/lines", "emt/stops"):
        assert ask.poll(source).status == LANDED

    assert ask.upstream.emt.logins == 1


def test_a_token_that_runs_out_is_renewed_before_it_is_refused(ask: Asking) -> None:
    ask.control(token_seconds=100)
    ask.poll("emt/stops")
    ask.hours.passed += 71  # a call takes a while: thirty seconds early

    ask.poll("emt/line_list")

    assert ask.upstream.emt.logins == 2


def test_a_token_that_emt_forgot_is_replaced_and_nothing_is_lost(ask: Asking) -> None:
    ask.poll("emt/line_list")
    ask.control(forget_tokens=True)

    assert ask.poll("emt/stops").status == LANDED

    assert ask.upstream.emt.logins == 2


def test_a_run_that_is_killed_before_it_is_written_down_is_asked_again(ask: Asking) -> None:
    ask.poll("emt/stops")
    ask.lake.table.delete_item(Key={"pk": "poll#emt/stops", "sk": "state"})

    assert ask.poll("emt/stops").status == LANDED

    bodies = set(ask.lake.objects("raw").values())
    assert len(bodies) == 1, "the same bytes: promote says unchanged"


# The function


@pytest.fixture
def deployed(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """The function's environment, and a process that has just started."""
    monkeypatch.setenv("SECRET_PREFIX", PREFIX)
    monkeypatch.setenv("APIS", json.dumps(urls(ask.base)))
    ingest._polling.cache_clear()
    return ask


def event(name: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return said


def metrics_of(printed: str) -> dict[str, float]:
    """The metrics of the last invocation, as CloudWatch reads them from the log."""
    (line,) = (line for line in printed.splitlines() if "CloudWatchMetrics" in line)
    blob = json.loads(line)
    assert (blob["service"], blob["source"]) == ("ingest", "emt/arrivals")
    names = {m["Name"] for m in blob["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    return {name: sum(blob[name]) for name in names}


def test_a_schedule_polls_its_source(deployed: Asking, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ingest.handler(event("ingest_schedule"), Hurried())

    (state,) = answer["polls"]
    assert (state["source"], state["status"], state["rows"]) == ("emt/arrivals", LANDED, PAIRS)
    assert list(deployed.lake.objects("raw")) == [state["raw_key"]]
    assert metrics_of(capsys.readouterr().out) == {"PollsSucceeded": 1, "PollsFailed": 0}


def test_a_failed_poll_is_told_and_counted_and_not_raised(
    deployed: Asking, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.control(quota=0)

    answer = ingest.handler(event("ingest_schedule"), Hurried())

    assert answer["polls"][0]["status"] == FAILED
    assert "code 98" in answer["polls"][0]["reason"]
    printed = capsys.readouterr().out
    assert metrics_of(printed) == {"PollsSucceeded": 0, "PollsFailed": 1}


def test_the_last_fifteen_seconds_of_a_function_are_no_time_to_ask(deployed: Asking) -> None:
    (state,) = ingest.handler({"source": "emt/stops"}, Hurried(15.0))["polls"]

    assert (state["status"], state["reason"]) == (FAILED, "no time was left to ask emt")
    assert deployed.calls("") == 0
    (state,) = ingest.handler({"source": "emt/stops"}, Hurried(16.0))["polls"]
    assert state["status"] == LANDED


def test_a_demo_plays_another_day(deployed: Asking) -> None:
    said = event("ingest_schedule") | {"at": "2025-10-26T00:30:00Z"}

    (state,) = ingest.handler(said, Hurried())["polls"]

    assert state["file_name"] == "arrivals-2025-10-26T0230.xlsx"


def test_the_sweep_asks_again_whoever_failed_and_nobody_else(deployed: Asking) -> None:
    deployed.control(quota=0)
    deployed.hours.base = datetime.now(UTC) - timedelta(hours=1)
    failed = deployed.poll("emt/stops")
    deployed.control(quota=20_000)
    assert deployed.poll("emt/line_list").status == LANDED

    answer = ingest.handler(event("ingest_sweep"), Hurried())

    assert failed.status == FAILED
    assert [(state["source"], state["status"]) for state in answer["polls"]] == [
        ("emt/stops", LANDED)
    ]
    assert ingest.handler(event("ingest_sweep"), Hurried())["polls"] == []


# By hand


@pytest.fixture
def person(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """Somebody with credentials in the environment."""
    monkeypatch.setenv("APIS", json.dumps(urls(ask.base)))
    monkeypatch.setenv("EMT_EMAIL", SECRETS["emt"]["email"])
    monkeypatch.setenv("EMT_PASSWORD", SECRETS["emt"]["password"])
    return ask


def test_a_missing_variable_is_named(
    person: Asking,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("EMT_PASSWORD")

    assert by_hand.main(["emt/arrivals", "--out", str(tmp_path)]) == 1

    assert capsys.readouterr().err == "ingest: missing in the environment: EMT_PASSWORD\n"
    assert list(tmp_path.iterdir()) == []


def test_by_hand_the_stops_come_from_a_workbook_with_a_column_of_lists(
    person: Asking, tmp_path: Path
) -> None:
    stops = [{"stop": "5710", "name": "Atocha"}, {"stop": "82", "name": "Prado's"}]
    given = tmp_path / "given.xlsx"
    given.write_bytes(workbook("Sheet1", ["line", "stops"], [{"line": 27, "stops": stops}]))

    code = by_hand.main(["emt/arrivals", "--out", str(tmp_path / "out"), "--stops", str(given)])

    assert code == 0
    (made,) = (tmp_path / "out").iterdir()
    rows = rows_of(made.read_bytes())
    assert [(row["stopId"], row["line"]) for row in rows] == [("5710", "027"), ("82", "027")]
    assert [len(listed(row["Arrive"])) for row in rows] == [2, 2]


def test_by_hand_the_lines_come_from_the_line_list(person: Asking, tmp_path: Path) -> None:
    given = tmp_path / "bus_lines.xlsx"
    given.write_bytes(workbook("Sheet1", ["line", "label"], [{"line": "027", "label": "27"}]))

    assert by_hand.main(["emt/lines", "--out", str(tmp_path / "o"), "--lines", str(given)]) == 0

    assert person.calls("lines/info") == 0
    rows = rows_of((tmp_path / "o" / "emt_lines.xlsx").read_bytes())
    assert {(row["line"], row["stop_id"]) for row in rows} == {("027", 1), ("027", 2)}


def test_by_hand_a_poll_says_what_it_wrote_and_what_did_not_answer(
    person: Asking, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stops = [{"stop": "5710"}, {"stop": "82"}, {"stop": None}, "no stop"]
    given = tmp_path / "given.xlsx"
    given.write_bytes(workbook("Sheet1", ["line", "stops"], [{"line": "027", "stops": stops}]))
    person.trouble("code", api="emt", path="stops/5710/arrives", code="90")
    out = tmp_path / "in" / "a folder"
    words = ["emt/arrivals", "--out", str(out), "--stops", str(given)]

    assert by_hand.main([*words, "--at", "2025-08-29T10:00:00+00:00"]) == 0

    made = out / "arrivals-2025-08-29T1200.xlsx"
    assert list(out.iterdir()) == [made]
    assert capsys.readouterr().out == f"{made}: 2 rows; out of use: 5710\n"
    person.trouble("code", api="emt", path="stops/82/arrives", code="89")
    assert by_hand.main(words) == 1
    assert capsys.readouterr().err == "ingest: no answer for 82/027\n"


def test_by_hand_a_list_of_stops_that_cannot_be_read_is_said_with_its_row(
    person: Asking, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "given.xlsx"
    rows = [{"line": "027", "stops": "{'stop': '1'}"}, {"line": "027", "stops": "[{"}]
    given.write_bytes(workbook("Sheet1", ["line", "stops"], rows))

    assert by_hand.main(["emt/arrivals", "--out", str(tmp_path), "--stops", str(given)]) == 1

    said = capsys.readouterr().err
    assert said.startswith(f"ingest: {given}, row 3: stops cannot be read: ")
    assert person.calls("") == 0


def test_by_hand_an_answer_that_nobody_can_read_lies_beside_the_workbook(
    person: Asking,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WEATHERAPI_KEY", SECRETS["meteorology"]["key"])
    monkeypatch.setattr("functions.ingest.transport.FIRST_PAUSE_S", 0.0)
    person.trouble("html")

    assert by_hand.main(["meteorology/workbook", "--out", str(tmp_path)]) == 0

    (kept,) = tmp_path.glob("answer-*.bin")
    assert kept.read_bytes().startswith(b"<!DOCTYPE html>")
    assert len(list(tmp_path.glob("meteorology-*.xlsx"))) == 1
    assert capsys.readouterr().err == f"weatherapi: HTML in place of JSON: kept as {kept}\n"


def test_by_hand_it_is_no_failure_where_there_is_nothing_new(
    person: Asking,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(emt_stops, "ask", lambda _: NothingNew("the list is of yesterday"))

    assert by_hand.main(["emt/stops", "--out", str(tmp_path)]) == 0

    assert capsys.readouterr().out == "the list is of yesterday\n"
    assert list(tmp_path.iterdir()) == []


def test_by_hand_nobody_is_asked_after_the_minutes_that_were_given(
    person: Asking, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert by_hand.main(["emt/stops", "--out", str(tmp_path), "--minutes", "0"]) == 1

    assert capsys.readouterr().err == "ingest: no time was left to ask emt\n"
    assert person.calls("") == 0
