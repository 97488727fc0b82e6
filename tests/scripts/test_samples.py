"""The samples are the tests' independent truth, so they are recounted here by another reader."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

import openpyxl
import pytest

from scripts.samples import arrivals, broken, demo_set, lines, openweather, reference, weather
from scripts.samples.model import Sample
from scripts.samples.workbook import EXCEL_CELL

DAY = "2025-09-01"


def rows_of(sample: Sample) -> list[dict[str, Any]]:
    """The sheet by openpyxl, which knows nothing of how it was made."""
    book = openpyxl.load_workbook(io.BytesIO(sample.content), read_only=True)
    header, *rows = book.worksheets[0].iter_rows(values_only=True)
    # Empty cells at the end of a row are not written at all.
    return [dict(zip_longest(header, row)) for row in rows]


def predictions_of(sample: Sample) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(row, found) for row in rows_of(sample) for found in ast.literal_eval(row["Arrive"])]


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "from scripts.samples import demo_set;"
        f"print(*[sample.sha256 for sample in demo_set(7, '{DAY}')])"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert other.stdout.split() == [sample.sha256 for sample in demo_set(7, DAY)]


def test_another_seed_shares_no_prediction() -> None:
    assert not arrivals.day(1, DAY).keys & arrivals.day(2, DAY).keys


def test_the_truth_of_arrivals_is_what_another_reader_counts() -> None:
    sample = arrivals.day(7, DAY, count=400)

    found = predictions_of(sample)
    keys = Counter(
        (row["timestamp"], p["line"], p["stop"], p["destination"], p["bus"], p["estimateArrive"])
        for row, p in found
    )
    empty = sum(row["Arrive"] == "[]" for row in rows_of(sample))

    assert sample.truth.counts == {
        "read": len(found) + empty,
        "accepted": len(keys),
        "duplicate": len(found) - len(keys),
        "rejected": 0,
        "empty": empty,
    }
    assert sample.keys == set(keys)


def test_arrivals_hold_the_traps_of_the_real_workbooks() -> None:
    sample = arrivals.day(7, DAY, count=400)

    rows, found = rows_of(sample), [p for _, p in predictions_of(sample)]
    same_bus = Counter(
        (row["timestamp"], p["stop"], p["bus"])
        for row, p in predictions_of(arrivals.sample(arrivals.polls(7, DAY, 8)[7:8], "x.xlsx"))
    )

    assert {type(row["stopId"]) for row in rows} == {int, str}
    assert {type(row["line"]) for row in rows} == {int}
    assert {p["isHead"] for p in found} == {"True", "False"}
    assert any(p["estimateArrive"] == arrivals.CAPPED for p in found)
    assert any(p["deviation"] > 10_000 for p in found)
    assert any(row["StopInfo"].endswith("  '}]") for row in rows)
    assert any('"' in row["StopInfo"] and "\\'" not in row["StopInfo"] for row in rows)
    assert max(same_bus.values()) == 2
    assert sample.truth.empty > 0
    assert sample.truth.duplicate > 0


def test_each_bad_row_costs_one_reject_and_the_others_stay() -> None:
    sample = arrivals.with_bad_rows(7, DAY, bad=4)

    assert sample.truth.rejected == 4
    assert sample.truth.read == sum(sample.truth.counts.values()) - sample.truth.read


def test_over_the_share_is_over_the_share() -> None:
    truth = arrivals.over_the_share(7, DAY).truth

    assert truth.rejected / truth.read > 0.05
    assert truth.status == "quarantined"


def test_the_lines_workbook_holds_five_shapes_the_other_form_and_cut_cells() -> None:
    sample = lines.sample(7)
    rows = rows_of(sample)

    whole = [row["timeTable"] for row in rows if row["timeTable"]]
    cut = [cell for cell in whole if len(cell) == EXCEL_CELL]
    entries = [entry for cell in whole if cell not in cut for entry in ast.literal_eval(cell)]
    other = [row for row in rows if row["timeTable.IdLine"]]

    assert len({frozenset(entry) for entry in entries}) == 5
    assert len(cut) == sample.truth.rejected == 4
    for cell in cut:
        with pytest.raises(SyntaxError):
            ast.literal_eval(cell)
    assert [row["line"] for row in other] == [897, 897]
    assert {row["label"] for row in rows} >= {"OO1", "002"}
    assert "'DayType': 'VI'" in "".join(whole)
    assert "'StopTime': '00:" in "".join(whole)


def test_every_timetable_that_the_truth_counts_stands_in_a_cell_before_its_cut() -> None:
    sample = lines.sample(7)

    found: set[tuple[str, str]] = set()
    for row in rows_of(sample):
        cell = row["timeTable"] or repr(
            [
                {
                    "IdLine": row["timeTable.IdLine"],
                    "DayType": ast.literal_eval(row["timeTable.DayType"]),
                }
            ]
        )
        end = len(cell) if len(cell) < EXCEL_CELL else cell.rindex("{'IdLine'")
        text = cell if len(cell) < EXCEL_CELL else cell[:end].rstrip(", ") + "]"
        for entry in ast.literal_eval(text):
            for day in entry.get("typeOfDays") or entry.get("DayType") or []:
                kind = day.get("DayType") or lines.DAY_TYPES[day["idDayType"]]
                if "Direction1" in day or "Direction2" in day:
                    found.add((entry["IdLine"], kind))

    assert len(found) == sample.truth.tables["emt_silver.lines_timetable"]


def test_the_weather_has_48_columns_comma_decimals_and_repeated_observations() -> None:
    sample = weather.sample(7, DAY)
    rows = rows_of(sample)

    assert len(rows[0]) == 48
    assert any(isinstance(row["current.temp_c"], str) for row in rows)
    assert any(",76E+09" in str(row["location.localtime_epoch"]) for row in rows)
    assert len({row["current.last_updated"] for row in rows}) == sample.truth.accepted < len(rows)


@pytest.mark.parametrize("sample", [reference.stops(), reference.line_list()])
def test_a_plain_list_has_a_row_for_each_thing(sample: Sample) -> None:
    rows = rows_of(sample)

    assert len(rows) == sample.truth.accepted
    assert len({next(iter(row.values())) for row in rows}) == len(rows)


def test_the_broken_workbook_cannot_be_opened() -> None:
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(broken.truncated(7, DAY).content))


def test_the_demo_set_has_every_source_of_the_catalogue() -> None:
    assert {sample.source for sample in demo_set(7, DAY)} == {
        "emt/arrivals",
        "emt/lines",
        "emt/stops",
        "emt/line_list",
        "meteorology/workbook",
        "openweather/manual_riohacha",
        "openweather/manual_patagonia",
    }


def test_the_truth_of_two_years_is_what_another_reader_counts() -> None:
    sample = openweather.two_years("patagonia", DAY)
    entries = json.loads(sample.content)

    moments = [entry["dt"] for entry in entries if "dt" in entry]
    years = Counter(datetime.fromtimestamp(moment, UTC).year for moment in moments)
    hours = 24 * int(DAY[-2:]) + 24

    assert years == {int(DAY[:4]): hours, int(DAY[:4]) - 1: hours}
    assert len(set(moments)) == len(moments) == sample.truth.accepted
    assert len(entries) - len(moments) == sample.truth.rejected == 1
    assert {entry["city_name"] for entry in entries} == {"Ingeniero Jacobacci"}
    # Both kinds of a dry sky, and what falls from a wet one only.
    assert {"Clear", "Clouds"} < {entry["weather"][0]["main"] for entry in entries}
    assert all(
        entry["weather"][0]["main"] in ("Rain", "Thunderstorm")
        for entry in entries
        if "rain" in entry
    )
