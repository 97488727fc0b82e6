"""The parsers of the EMT and weather workbooks: pure, so no Spark is started here."""

from __future__ import annotations

import ast
import hashlib
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.records import Context, Reject, Row
from lake.catalog import Catalog
from lake.conform import Conformer, Rejection
from scripts.samples import arrivals as arrivals_samples
from scripts.samples import lines as lines_samples
from scripts.samples import reference, weather
from scripts.samples.model import Sample
from tests.spark.lakehouse import JOBS
from tests.spark.sheets import RECEIVED, Read, poll, prediction, sheet_of, stop_info

PREDICTIONS = "emt_silver.arrivals_predictions"
STOPS = "emt_silver.stops"
LINES = "emt_silver.lines"
LINES_STOPS = "emt_silver.lines_stops"
TIMETABLE = "emt_silver.lines_timetable"
WEATHER = "meteorology_silver.meteorology_current"

ReadFile = Callable[[str, bytes], Read]


@pytest.fixture
def read(catalog: Catalog, tmp_path: Path) -> ReadFile:
    return lambda source, content: Read(catalog, source, content, tmp_path)


@pytest.fixture
def arrivals(read: ReadFile) -> Callable[..., Read]:
    return lambda *polls: read("emt/arrivals", sheet_of(polls))


def _sheet(content: bytes) -> list[dict[str, Any]]:
    """The same workbook by another reader."""
    page = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    header, *rows = page.iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


# --- arrivals --------------------------------------------------------------------------------


def test_ids_are_those_of_an_independent_computation(read: ReadFile) -> None:
    sample = arrivals_samples.day(5, "2025-08-29")
    expected = []
    for row in _sheet(sample.content):
        wall = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=ZoneInfo("Europe/Madrid"))
        at = wall.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for said in ast.literal_eval(row["Arrive"]):
            words = (at, said["line"], said["stop"], said["destination"], said["bus"])
            text = "|".join(map(str, (*words, said["estimateArrive"])))
            expected.append(hashlib.sha256(text.encode()).hexdigest())

    found = read("emt/arrivals", sample.content)

    assert sorted(row["id"] for row in found.rows(PREDICTIONS)) == sorted(expected)
    assert len(set(expected)) == sample.truth.accepted


def test_the_published_example_of_an_id(arrivals: Callable[..., Read]) -> None:
    (row,) = arrivals(poll(prediction(), at="2025-08-26 09:19:23")).rows(PREDICTIONS)

    recipe = "2025-08-26T07:19:23Z|001|5710|MONCLOA|142|406"
    assert row["id"] == hashlib.sha256(recipe.encode()).hexdigest()


def test_a_prediction_is_typed_and_keeps_both_names_of_its_line(
    arrivals: Callable[..., Read],
) -> None:
    (row,) = arrivals(poll(prediction(isHead="True"), line=1.0, stopId=5710)).rows(PREDICTIONS)

    del row["id"]
    assert row == {
        "event_ts": datetime(2025, 8, 29, 15, 1, 17),
        "line": "001",
        "line_code": "001",
        "stop_id": "5710",
        "destination": "MONCLOA",
        "is_head": True,
        "deviation": 0,
        "bus": "142",
        "estimate_arrive_sec": 406,
        "estimate_capped": False,
        "distance_bus_m": 520,
        "position_type_bus": "0",
        "lon": -3.69,
        "lat": 40.41,
        "ingest_ts": RECEIVED,
    }


def test_more_than_45_minutes_is_null_and_capped_and_stays_in_the_id(
    arrivals: Callable[..., Read],
) -> None:
    (row,) = arrivals(poll(prediction(estimateArrive=999_999))).rows(PREDICTIONS)

    assert (row["estimate_arrive_sec"], row["estimate_capped"]) == (None, True)
    recipe = "2025-08-29T15:01:17Z|001|5710|MONCLOA|142|999999"
    assert row["id"] == hashlib.sha256(recipe.encode()).hexdigest()


def test_one_bus_with_two_estimates_is_two_predictions(arrivals: Callable[..., Read]) -> None:
    found = arrivals(poll(prediction(estimateArrive=0), prediction(estimateArrive=399)))

    assert len({row["id"] for row in found.rows(PREDICTIONS)}) == 2


def test_nulls_are_empty_in_the_id(arrivals: Callable[..., Read]) -> None:
    (row,) = arrivals(poll(prediction(bus=None, destination=None))).rows(PREDICTIONS)

    recipe = "2025-08-29T15:01:17Z|001|5710|||406"
    assert row["id"] == hashlib.sha256(recipe.encode()).hexdigest()
    assert row["bus"] is None


def test_words_stand_in_the_id_as_published_and_in_the_row_without_blanks(
    arrivals: Callable[..., Read],
) -> None:
    (row,) = arrivals(poll(prediction(destination=" MONCLOA "))).rows(PREDICTIONS)

    recipe = "2025-08-29T15:01:17Z|001|5710| MONCLOA |142|406"
    assert row["id"] == hashlib.sha256(recipe.encode()).hexdigest()
    assert row["destination"] == "MONCLOA"


def test_a_prediction_and_a_stop_that_name_no_stop_are_of_the_polled_one(
    arrivals: Callable[..., Read],
) -> None:
    info = repr([stop_info(stopId=None)])

    found = arrivals(poll(prediction(stop=None), StopInfo=info, stopId="72"))

    assert [row["stop_id"] for row in found.rows(PREDICTIONS)] == ["72"]
    assert [row["stop_id"] for row in found.rows(STOPS)] == ["72"]
    other = arrivals(poll(prediction(stop="73"), StopInfo=repr([stop_info(stopId="74")])))
    assert [row["stop_id"] for row in other.rows(PREDICTIONS)] == ["73"]
    assert [row["stop_id"] for row in other.rows(STOPS)] == ["74"]


@pytest.mark.parametrize("cell", ["[]", None, "None"])
def test_a_poll_without_predictions_is_one_empty(arrivals: Callable[..., Read], cell: Any) -> None:
    assert arrivals(poll(Arrive=cell)).counts(PREDICTIONS) == (1, 0, 0, 0, 1)


def test_quotes_none_and_json_are_read(arrivals: Callable[..., Read]) -> None:
    said = prediction(destination='PLAZA "D\'ORS"', bus=None)
    json_cell = '[{"line": "N1", "stop": "1", "isHead": true, "estimateArrive": 5, "bus": null}]'

    found = arrivals(poll(said), poll(Arrive=json_cell)).rows(PREDICTIONS)

    assert [row["destination"] for row in found] == ['PLAZA "D\'ORS"', None]
    assert [row["line"] for row in found] == ["001", "N1"]


def test_a_bad_value_rejects_its_prediction_alone_with_row_column_value_and_rule(
    arrivals: Callable[..., Read],
) -> None:
    found = arrivals(poll(prediction()), poll(prediction(bus=1), prediction(estimateArrive="ya")))

    assert found.counts(PREDICTIONS) == (3, 2, 0, 1, 0)
    assert found.rejects(PREDICTIONS) == [
        (3, "estimate_arrive_sec", "ya", "type", "is no number"),
    ]


@pytest.mark.parametrize(
    ("at", "rule"),
    [
        ("2026-03-29 02:30:00", "nonexistent_time"),
        ("2025-13-45 99:99:99", "type"),
        (None, "required"),
        ("#N/A", "excel_error"),
    ],
)
def test_each_prediction_of_a_poll_without_a_moment_is_rejected(
    arrivals: Callable[..., Read], at: Any, rule: str
) -> None:
    found = arrivals(poll(prediction(), prediction(bus=2), at=at))

    assert found.counts(PREDICTIONS) == (2, 0, 0, 2, 0)
    assert {reject[1:4] for reject in found.rejects(PREDICTIONS)} == {("timestamp", at, rule)}


def test_an_hour_that_comes_twice_is_its_first(arrivals: Callable[..., Read]) -> None:
    (row,) = arrivals(poll(prediction(), at="2026-10-25 02:30:00")).rows(PREDICTIONS)

    assert row["event_ts"] == datetime(2026, 10, 25, 0, 30)


def test_a_cut_cell_gives_its_complete_predictions_and_one_counted_remainder(
    arrivals: Callable[..., Read],
) -> None:
    many = repr([prediction(bus=bus) for bus in range(300)])
    whole = many[:32_767].count("'positionTypeBus': '0'}")

    found = arrivals(poll(prediction()), poll(Arrive=many))

    assert found.counts(PREDICTIONS) == (whole + 2, whole + 1, 0, 1, 0)
    ((row, column, value, rule, reason),) = found.rejects(PREDICTIONS)
    assert (row, column, rule) == (3, "Arrive", "cut_at_32767")
    assert value.startswith("{'line': '001'")
    assert "cut after 32767" in reason


@pytest.mark.parametrize("cell", ["__import__('os').system('true')", "[[[", "{'a': 1}", "5"])
def test_a_cell_that_is_no_list_is_one_reject_and_never_run(
    arrivals: Callable[..., Read], cell: str
) -> None:
    found = arrivals(poll(Arrive=cell))

    assert found.counts(PREDICTIONS) == (1, 0, 0, 1, 0)


def test_an_entry_that_is_no_object_is_one_reject(arrivals: Callable[..., Read]) -> None:
    found = arrivals(poll(prediction(), "text", 5))

    assert found.counts(PREDICTIONS) == (3, 1, 0, 2, 0)


def test_a_stop_is_named_placed_and_joined_to_its_polled_line(
    arrivals: Callable[..., Read],
) -> None:
    lines = [{"label": "7", "line": "007", "to": "A"}, {"label": "27", "line": "027", "to": "B"}]

    (row,) = arrivals(poll(StopInfo=repr([stop_info(lines=lines)]))).rows(STOPS)

    assert row == {
        "stop_id": "5710",
        "stop_name": "Estación de Atocha",
        "lon": -3.68,
        "lat": 40.40,
        "direction": "Av. Ciudad de Barcelona",
        "lines": ["007/2", "027/1"],
        "updated_ts": datetime(2025, 8, 29, 15, 1, 17),
    }


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["7", None, {"line": "027", "to": "B"}], ["027/1"]),  # no object says nothing
        ([{"line": "007", "to": "C"}, {"line": "005"}], ["005", "007"]),  # nobody says whereto
        ([{"label": "N1", "to": "A"}, {"to": "A"}, {"label": "N1", "to": "A"}], ["N1/2"]),
        ([], []),
        ("7", None),
    ],
)
def test_the_lines_of_a_stop_are_those_that_have_a_name_each_once(
    arrivals: Callable[..., Read], lines: Any, said: list[str] | None
) -> None:
    (row,) = arrivals(poll(StopInfo=repr([stop_info(lines=lines)]))).rows(STOPS)

    assert row["lines"] == said


def test_a_stop_whose_place_is_no_pair_is_one_reject(arrivals: Callable[..., Read]) -> None:
    odd = stop_info(geometry={"coordinates": [1]})

    found = arrivals(poll(StopInfo=repr([odd, "text", stop_info()])))

    assert found.counts(STOPS) == (3, 1, 0, 2, 0)
    assert [(row, column, rule) for row, column, _, rule, _ in found.rejects(STOPS)] == [
        (2, "StopInfo", "shape"),
        (2, "StopInfo", "shape"),
    ]


def test_a_moment_with_a_zone_is_that_moment(arrivals: Callable[..., Read]) -> None:
    (row,) = arrivals(poll(prediction(), at="2025-08-29T17:01:17+00:00")).rows(PREDICTIONS)

    assert row["event_ts"] == datetime(2025, 8, 29, 17, 1, 17)


@pytest.mark.parametrize(
    ("job", "implied", "adds_to"),
    [
        ("emt_arrivals", {PREDICTIONS: ("event_ts", "line")}, {STOPS: ("lines",)}),
        ("emt_lines", {}, {}),
        (
            "openweather",
            {"openweather_silver.weather": ("event_year", "event_month", "event_day")},
            {},
        ),
    ],
)
def test_what_a_key_implies_and_what_is_added_to_are_columns_of_the_table(
    catalog: Catalog, job: str, implied: dict[str, Any], adds_to: dict[str, Any]
) -> None:
    """A partition column among them can be pruned: a misspelt one would read the whole table."""
    assert (JOBS[job].implied, JOBS[job].adds_to) == (implied, adds_to)
    for table, names in (*implied.items(), *adds_to.items()):
        assert {*names} <= {column.name for column in catalog.table(table).columns}


def test_a_position_off_the_globe_rejects_its_row(arrivals: Callable[..., Read]) -> None:
    far = {"type": "Point", "coordinates": [-3.7, 140.4]}

    found = arrivals(poll(prediction(geometry=far)), poll(prediction(geometry=None)))

    assert [reject[1:4] for reject in found.rejects(PREDICTIONS)] == [("lat", "140.4", "between")]
    assert [row["lat"] for row in found.rows(PREDICTIONS)] == [None]


# --- lines -----------------------------------------------------------------------------------


def service(first: int = 12) -> dict[str, Any]:
    """One direction of one day."""
    return {
        "StartTime": "07:00",
        "StopTime": "00:23",
        "MinimunFrequency": str(first),
        "MaximumFrequency": "26",
        "Frequency": None,
    }


def entry(line: str = "361", **changes: Any) -> dict[str, Any]:
    """A timetable entry of the common shape."""
    days = [{"Direction1": service(), "Direction2": service(9), "DayType": "LA"}]
    names = {"IdLine": line, "Label": "OO1", "nameA": "ATOCHA", "nameB": "MONCLOA"}
    return {**names, "typeOfDays": days, **changes}


def line_row(*entries: Any, **cells: Any) -> dict[str, Any]:
    """One direction of one line."""
    return {
        "line": 361,
        "label": "OO1",
        "stops": repr([{"stop": "5710", "name": "Atocha", "pmv": None, "dataLine": ["361"]}]),
        "timeTable": repr(list(entries)),
        "stop_id": 1,
        **cells,
    }


@pytest.fixture
def lines(read: ReadFile) -> Callable[..., Read]:
    return lambda *rows: read("emt/lines", sheet_of(rows))


def test_a_service_is_one_row_of_line_and_day_type(lines: Callable[..., Read]) -> None:
    (row,) = lines(line_row(entry())).rows(TIMETABLE)

    assert row == {
        "line": "361",
        "day_type": "LA",
        "label": "OO1",
        "name_a": "ATOCHA",
        "name_b": "MONCLOA",
        "d1_start": "07:00",
        "d1_stop": "00:23",
        "d1_min_freq": 12.0,
        "d1_max_freq": 26.0,
        "d1_freq": None,
        "d2_start": "07:00",
        "d2_stop": "00:23",
        "d2_min_freq": 9.0,
        "d2_max_freq": 26.0,
        "d2_freq": None,
        "ingest_ts": RECEIVED,
    }


def test_a_line_is_one_row_with_its_label_and_its_heads(lines: Callable[..., Read]) -> None:
    assert lines(line_row(entry())).rows(LINES) == [
        {
            "line": "361",
            "label": "OO1",
            "name_a": "ATOCHA",
            "name_b": "MONCLOA",
            "ingest_ts": RECEIVED,
        }
    ]


def test_a_line_that_no_entry_names_has_no_heads(lines: Callable[..., Read]) -> None:
    (row,) = lines(line_row(entry("027"))).rows(LINES)

    assert (row["line"], row["name_a"], row["name_b"]) == ("361", None, None)


def test_each_list_that_is_cut_or_no_list_is_blamed_on_its_column(
    lines: Callable[..., Read],
) -> None:
    found = lines(line_row(entry(), stops="[{'stop': '1'}, {'st"), line_row(timeTable="[oops"))

    assert [reject[:2] for reject in found.rejects(LINES_STOPS)] == [(2, "stops")]
    assert [reject[:2] for reject in found.rejects(TIMETABLE)] == [(3, "timeTable")]
    assert found.counts(LINES_STOPS) == (3, 2, 0, 1, 0)
    assert found.counts(TIMETABLE) == (2, 1, 0, 1, 0)


def test_a_line_without_stops_or_without_a_timetable_is_one_empty_of_each(
    lines: Callable[..., Read],
) -> None:
    found = lines(line_row(stops="[]", timeTable=None))

    assert found.counts(LINES_STOPS) == (1, 0, 0, 0, 1)
    assert found.counts(TIMETABLE) == (1, 0, 0, 0, 1)


def test_what_is_no_stop_no_entry_and_no_day_is_one_reject_each(
    lines: Callable[..., Read],
) -> None:
    good = {"stop": "72", "name": "Cibeles", "dataLine": ["005"]}
    stops = repr(["text", {**good, "geometry": [1]}, good])

    found = lines(line_row("text", entry(typeOfDays=["LA", *DAYS]), stops=stops))

    assert found.counts(LINES_STOPS) == (3, 1, 0, 2, 0)
    assert [(row, column, rule) for row, column, _, rule, _ in found.rejects(LINES_STOPS)] == [
        (2, "stops", "shape"),
        (2, "stops", "shape"),
    ]
    assert found.counts(TIMETABLE) == (3, 1, 0, 2, 0)
    assert [(row, column, rule) for row, column, _, rule, _ in found.rejects(TIMETABLE)] == [
        (2, "timeTable", "shape"),
        (2, "timeTable", "shape"),
    ]


@pytest.mark.parametrize("direction", ["Direction1", "Direction2"])
def test_a_day_with_one_direction_is_a_service(lines: Callable[..., Read], direction: str) -> None:
    days = [{direction: service(7), "DayType": "LA"}]

    (row,) = lines(line_row(entry(typeOfDays=days))).rows(TIMETABLE)

    there, missing = ("d1", "d2") if direction == "Direction1" else ("d2", "d1")
    assert (row[f"{there}_min_freq"], row[f"{missing}_min_freq"]) == (7.0, None)


def test_a_contradiction_is_told_by_the_first_column_that_differs(
    lines: Callable[..., Read],
) -> None:
    other = {"StartTime": "08:00", "MinimunFrequency": "1"}
    again = entry(typeOfDays=[{"Direction1": other, "DayType": "LA"}])

    ((_, column, value, rule, _),) = lines(line_row(entry(), again)).rejects(TIMETABLE)

    assert (column, rule) == ("d1_start", "conflict")
    assert value.startswith("d1_start: '07:00' and '08:00'; d1_stop: '00:23' and None;")


LONG = {"IdLine": "361", "Label": "OO1", "HeaderA": "ATOCHA", "HeaderB": "MONCLOA"}
DAYS = [{"idDayType": "LABORABLE", "Direction1": service(), "Direction2": service(9)}]


@pytest.mark.parametrize(
    ("said", "counts", "name_b"),
    [
        (entry(), (1, 1, 0, 0, 0), "MONCLOA"),
        ({key: value for key, value in entry().items() if key != "nameB"}, (1, 1, 0, 0, 0), None),
        (entry(typeOfDays=[]), (1, 0, 0, 0, 1), None),
        ({**LONG, "DayType": DAYS}, (1, 1, 0, 0, 0), "MONCLOA"),
        ({**LONG, "DayType": DAYS[0]}, (1, 1, 0, 0, 0), "MONCLOA"),
        (LONG, (1, 0, 0, 0, 1), None),
        (entry(typeOfDays=[{"DayType": "LA"}, {"DayType": "SA"}]), (2, 0, 0, 0, 2), None),
    ],
)
def test_each_shape_of_entry_is_read(
    lines: Callable[..., Read], said: Any, counts: tuple[int, ...], name_b: str | None
) -> None:
    found = lines(line_row(said))

    assert found.counts(TIMETABLE) == counts
    assert [row["name_b"] for row in found.rows(TIMETABLE)] == [name_b] * counts[1]


@pytest.mark.parametrize(
    ("spelled", "day_type"),
    [("LABORABLE", "LA"), ("SABADO", "SA"), ("FESTIVO", "FE"), ("VIERNES", "VI")],
)
def test_both_spellings_of_a_day_type_are_one(
    lines: Callable[..., Read], spelled: str, day_type: str
) -> None:
    long = {**LONG, "DayType": [{**DAYS[0], "idDayType": spelled}]}
    short = entry(typeOfDays=[{**DAYS[0], "DayType": day_type}])

    found = lines(line_row(long), line_row(short, stop_id=2))

    assert [row["day_type"] for row in found.rows(TIMETABLE)] == [day_type]
    assert found.counts(TIMETABLE) == (2, 1, 1, 0, 0)


def test_the_columns_of_the_two_odd_rows_stand_for_the_cell(lines: Callable[..., Read]) -> None:
    other = {
        "timeTable": None,
        "timeTable.IdLine": "897",
        "timeTable.Label": "SE1",
        "timeTable.HeaderA": "ALUCHE",
        "timeTable.HeaderB": "CUATRO VIENTOS",
        "timeTable.DayType": repr(DAYS),
    }

    found = lines(line_row(line=897, label="SE1", **other))

    names = ("line", "day_type", "label", "name_a", "name_b")
    assert [tuple(row[name] for name in names) for row in found.rows(TIMETABLE)] == [
        ("897", "LA", "SE1", "ALUCHE", "CUATRO VIENTOS")
    ]
    assert [row["name_b"] for row in found.rows(LINES)] == ["CUATRO VIENTOS"]

    cut = {**other, "timeTable.DayType": repr(DAYS)[:-1]}
    ((_, column, _, rule, _),) = lines(line_row(line=897, **cut)).rejects(TIMETABLE)
    assert (column, rule) == ("timeTable.DayType", "cut")


def test_two_different_services_for_one_key_are_a_reject_with_both_values(
    lines: Callable[..., Read],
) -> None:
    other = entry(typeOfDays=[{**DAYS[0], "Direction2": service(30), "DayType": "LA"}])

    found = lines(line_row(entry(), entry(), other))

    assert found.counts(TIMETABLE) == (3, 1, 1, 1, 0)
    ((row, column, value, rule, reason),) = found.rejects(TIMETABLE)
    assert (row, column, rule) == (2, "d2_min_freq", "conflict")
    assert value == "d2_min_freq: '9' and '30'"
    assert "361 LA" in reason


def test_a_cut_timetable_keeps_its_complete_entries(lines: Callable[..., Read]) -> None:
    cell = repr([entry(f"{number:03}") for number in range(100)])
    whole = cell[:32_767].count("'DayType': 'LA'}]}")

    found = lines(line_row(timeTable=cell))

    assert found.counts(TIMETABLE) == (whole + 1, whole, 0, 1, 0)
    assert found.rejects(TIMETABLE)[0][3] == "cut_at_32767"


def test_heads_of_a_line_are_found_wherever_its_entry_stands_whole(
    lines: Callable[..., Read],
) -> None:
    cut = repr([entry("361")])[:40]

    found = lines(
        line_row(timeTable=cut), line_row(entry("027"), entry("361"), line=27, label="27")
    )

    assert [(row["line"], row["name_a"]) for row in found.rows(LINES)] == [
        ("361", "ATOCHA"),
        ("027", "ATOCHA"),
    ]


def test_two_directions_are_one_line_and_the_sheets_stop_id_is_the_direction(
    lines: Callable[..., Read],
) -> None:
    found = lines(line_row(entry(), stop_id=1.0), line_row(entry(), stop_id=2.0))

    assert found.counts(LINES) == (2, 1, 1, 0, 0)
    assert [(row["line"], row["direction"], row["stop_id"]) for row in found.rows(LINES_STOPS)] == [
        ("361", 1, "5710"),
        ("361", 2, "5710"),
    ]


def test_a_stop_of_a_line_keeps_what_is_said_of_it(lines: Callable[..., Read]) -> None:
    stop = {
        "stop": "72",
        "name": "Cibeles",
        "postalAddress": "Plaza de Cibeles 1",
        "geometry": {"type": "Point", "coordinates": [-3.69, 40.42]},
        "pmv": "60996",
        "dataLine": ["005", "027"],
    }

    (row,) = lines(line_row(entry(), stops=repr([stop]))).rows(LINES_STOPS)

    said = ("label", "stop_name", "postal_address", "lon", "lat", "pmv", "data_lines")
    assert [row[name] for name in said] == [
        *("OO1", "Cibeles", "Plaza de Cibeles 1", -3.69, 40.42, "60996", ["005", "027"]),
    ]


def test_a_stop_with_two_panels_keeps_both(lines: Callable[..., Read]) -> None:
    stop = {"stop": "72", "name": "Cibeles", "dataLine": ["005"]}
    twice = repr([{**stop, "pmv": "60996"}, {**stop, "pmv": "61242"}])

    found = lines(line_row(stops=twice))

    assert found.counts(LINES_STOPS) == (2, 1, 1, 0, 0)
    assert [row["pmv"] for row in found.rows(LINES_STOPS)] == ["60996, 61242"]


def test_the_lines_sample_holds_the_keys_of_an_independent_count(read: ReadFile) -> None:
    sample = lines_samples.sample(3)
    services, stops, cut = _counted_apart(sample)

    found = read("emt/lines", sample.content)

    assert {(r["line"], r["day_type"]) for r in found.rows(TIMETABLE)} == services
    assert {(r["line"], r["direction"], r["stop_id"]) for r in found.rows(LINES_STOPS)} == stops
    assert found.counts(TIMETABLE)[3] == cut == sample.truth.rejected


def _counted_apart(sample: Sample) -> tuple[set[Any], set[Any], int]:
    """By another reader, Python's parser, and backing off from the cut brace by brace."""
    spelled = {"LABORABLE": "LA", "SABADO": "SA", "FESTIVO": "FE", "VIERNES": "VI"}
    services, stops, cut = set(), set(), 0
    for row in _sheet(sample.content):
        cell = row["timeTable"]
        if cell is None:
            days = ast.literal_eval(row["timeTable.DayType"])
            entries = [{"IdLine": row["timeTable.IdLine"], "DayType": days}]
        else:
            if len(cell) == 32_767:
                cut += 1
                cell = _backed_off(cell)
            entries = ast.literal_eval(cell)
        for said in entries:
            days = said.get("typeOfDays", said.get("DayType", []))
            for day in days if isinstance(days, list) else [days]:
                if "Direction1" in day or "Direction2" in day:
                    kind = day.get("DayType") or spelled[day["idDayType"]]
                    services.add((said["IdLine"], kind))
        for stop in ast.literal_eval(row["stops"]):
            stops.add((f"{int(row['line']):03}", int(row["stop_id"]), stop["stop"]))
    return services, stops, cut


def _backed_off(cell: str) -> str:
    end = len(cell)
    while True:
        end = cell.rindex("}", 0, end)
        try:
            ast.literal_eval(cell[: end + 1] + "]")
        except SyntaxError:
            continue
        return cell[: end + 1] + "]"


# --- the other workbooks ---------------------------------------------------------------------


def test_the_stops_file_is_read(read: ReadFile) -> None:
    row = {
        "node": "1",
        "name": "Valdemarín",
        "wifi": "0",
        "lines": "['161/1']",
        "geometry.type": "Point",
        "geometry.coordinates": "[-3.78, 40.47]",
    }

    found = read("emt/stops", sheet_of([row, {**row, "node": 361.0, "lines": "[oops"}]))

    assert found.rows(STOPS) == [
        {
            "stop_id": "1",
            "stop_name": "Valdemarín",
            "lon": -3.78,
            "lat": 40.47,
            "direction": None,
            "lines": ["161/1"],
            "updated_ts": RECEIVED,
        }
    ]
    assert [reject[:4] for reject in found.rejects(STOPS)] == [(3, "lines", "[oops", "literal")]


def test_the_line_list_is_mapped_by_its_declaration(read: ReadFile) -> None:
    (first, *_) = read("emt/line_list", reference.line_list().content).rows("emt_silver.line_list")

    assert first == {
        "line": "361",
        "label": "001",
        "name_a": "ESTACION DE ATOCHA",
        "name_b": "MONCLOA",
        "line_group": "110",
        "start_date": date(2025, 8, 19),
        "end_date": date(2025, 12, 31),
        "length_a_m": 4864.0,
        "length_b_m": 4777.0,
        "display_order": 1,
        "color": "00aecf",
        "forecolor": None,
        "ingest_ts": RECEIVED,
    }


def test_a_spanish_sheet_and_an_english_one_say_the_same(read: ReadFile) -> None:
    sample = weather.sample(2, "2025-08-29")
    # By the wall time, as Excel spoils the epoch; 29 August has no hour that comes twice.
    madrid = ZoneInfo("Europe/Madrid")
    truth = {
        int(
            datetime.fromisoformat(row["current.last_updated"]).replace(tzinfo=madrid).timestamp()
        ): float(str(row["current.temp_c"]).replace(",", "."))
        for row in _sheet(sample.content)
    }

    found = read("meteorology/workbook", sample.content)

    assert found.counts(WEATHER)[3] == 0
    assert {
        int(row["obs_ts"].replace(tzinfo=UTC).timestamp()): row["temp_c"]
        for row in found.rows(WEATHER)
    } == truth


def weather_row(**cells: Any) -> dict[str, Any]:
    """The columns without which an observation is none."""
    return {
        "location.name": "Barajas",
        "location.tz_id": "Europe/Madrid",
        "current.last_updated_epoch": "1756449000",
        "current.last_updated": "2025-08-29 08:30",
        "current.temp_c": "17,1",
        **cells,
    }


def test_an_epoch_that_excel_rounded_is_told_by_the_wall_time_beside_it(
    read: ReadFile,
) -> None:
    rounded = {"current.last_updated_epoch": "1,76E+09"}
    silent = {**rounded, "current.last_updated": None}

    found = read(
        "meteorology/workbook",
        sheet_of([weather_row(), weather_row(**rounded), weather_row(**silent)], "Hoja1"),
    )

    assert [row["obs_ts"] for row in found.rows(WEATHER)] == [datetime(2025, 8, 29, 6, 30)] * 2
    assert [reject[:4] for reject in found.rejects(WEATHER)] == [
        (4, "obs_ts", "1,76E+09", "rounded")
    ]


# --- whatever a cell holds -------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "line",
        "stop",
        "stopId",
        "lines",
        "geometry",
        "coordinates",
        "to",
        "bus",
        "estimateArrive",
        "IdLine",
        "typeOfDays",
        "DayType",
        "idDayType",
        "Direction1",
        "StartTime",
        "pmv",
        "dataLine",
    ]
)
THINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=8,
)
CELLS = (
    THINGS.filter(lambda thing: not isinstance(thing, list | dict))
    | st.lists(THINGS, max_size=4).map(repr)
    | st.datetimes()
    | st.sampled_from(["[[", "#N/A", "2025-08-29 17:01:17", "None", "1,76E+09", "Europe/Nowhere"])
)


# One source of each job: they differ in their parser.
@pytest.mark.parametrize(
    "source_id",
    sorted({one.job: name for name, one in Catalog.bundled().sources.items() if one.job}.values()),
)
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
def test_no_cell_whatever_breaks_a_parser_and_every_row_is_accounted_for(
    source_id: str, data: st.DataObject
) -> None:
    source = Catalog.bundled().source(source_id)
    names = sorted(
        {*source.requires, *(mapped.source for mapped in source.columns.values() if mapped.source)}
        | {"timeTable.IdLine", "timeTable.DayType", "current.last_updated", "location.tz_id"}
        | {"main.temp", "wind.speed", "wind.deg", "rain.3h", "weather", "clouds.all"}
    )
    cells = st.dictionaries(st.sampled_from(names), CELLS, max_size=4)
    rows = data.draw(st.lists(cells, min_size=1, max_size=3))
    tables = [Catalog.bundled().table(name) for name in (*source.feeds, *source.derives)]
    conformers = {table.id: Conformer(table) for table in tables}

    context = Context(source, RECEIVED, "file", Catalog.bundled().data)
    events = list(JOBS[source.job].parse(enumerate(rows, start=2), context))

    for event in events:
        assert event.table_id in conformers
        if isinstance(event, Row):
            typed = conformers[event.table_id].row(event.values)
            assert isinstance(typed, Rejection | tuple)
    said = {event.row_number for event in events if isinstance(event, Row | Reject)}
    assert len(events) >= len(rows) * len(tables) or said == set(range(2, len(rows) + 2))
