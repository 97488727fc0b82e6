"""From upload to answer: good, known, odd, bad and broken files, through the real command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.samples import Sample, arrivals, broken, lines, reference, weather
from tests.laptop.journey import Lake, by_name, counts, written

pytestmark = [pytest.mark.laptop, pytest.mark.timeout(900)]

DAY = "2025-09-01"
PREDICTIONS = "emt_silver.arrivals_predictions"
GOOD = arrivals.day(1, DAY)
BAD_ROWS = arrivals.with_bad_rows(2, DAY)
OVER = arrivals.over_the_share(3, DAY)
ODD_NAMES = ("a b+c%20d%.xlsx", "línea ñ.v1..xlsx", "日本 [1] 'x' & y.xlsx")
ODD = [arrivals.day(20 + n, DAY, 14).renamed(name) for n, name in enumerate(ODD_NAMES)]
BROKEN = [
    broken.truncated(4, DAY),
    broken.renamed_text(4),
    broken.without_column(4, DAY),
    broken.other_sheet(4, DAY),
]
OTHERS = [lines.sample(1), reference.stops(), reference.line_list(), weather.sample(1, DAY)]
Found = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workbooks")


@pytest.fixture(scope="module")
def first(lake: Lake, folder: Path) -> dict[str, Any]:
    """The first upload of this lake, and how many predictions there were before and after."""
    before = lake.count(PREDICTIONS)
    answer = lake.upload(GOOD.source, *written(folder, GOOD))[0]
    return answer | {"before": before, "after": lake.count(PREDICTIONS)}


@pytest.fixture(scope="module")
def mixed(lake: Lake, folder: Path, first: object) -> Found:
    """A person uploads whatever lies in the folder, good or not, in one go."""
    files = written(folder, *BROKEN, BAD_ROWS, OVER, *ODD)
    return by_name(lake.upload(arrivals.SOURCE, *files, code=1))


@pytest.fixture(scope="module")
def others(lake: Lake, folder: Path, first: object) -> dict[str, Any]:
    """The other sources, at once: their lanes do not wait for each other."""
    running = [
        lake.start("upload", sample.source, str(*written(folder, sample)), "--wait", "--json")
        for sample in OTHERS
    ]
    answers = {}
    for sample, process in zip(OTHERS, running, strict=True):
        with process:
            out, said = process.communicate(timeout=280)
        assert process.returncode == 0, said
        answers[sample.source] = json.loads(out)[0]
    return answers


def test_a_workbook_is_accounted_for_row_by_row(first: Mapping[str, Any]) -> None:
    assert first["status"] == "accepted"
    assert first["sheet_rows"] == GOOD.truth.sheet_rows
    assert counts(first) == GOOD.truth.counts
    assert first["sha256"] == GOOD.sha256
    assert first["reason"] is None


def test_what_was_accepted_is_what_can_be_queried(first: Mapping[str, Any]) -> None:
    assert first["after"] - first["before"] == first["accepted"]


def test_each_row_says_what_its_cell_said(lake: Lake, first: object) -> None:
    timestamp, line, stop, destination, bus, estimate = sorted(GOOD.keys, key=str)[0]
    assert isinstance(timestamp, str)
    hour = int(timestamp[11:13]) - 2  # Madrid in summer

    found = lake.query(
        f"select * from {PREDICTIONS} where bus = '{bus}' and stop_id = '{stop}'"
        f" and line = '{line}' and destination = '{destination}'"
        f" and event_ts = timestamp '{timestamp[:11]}{hour:02}{timestamp[13:]}'"
    )

    seconds = None if estimate == arrivals.CAPPED else estimate
    assert [row["estimate_arrive_sec"] for row in found] == [seconds]
    assert found[0]["estimate_capped"] is (estimate == arrivals.CAPPED)


def test_the_same_bytes_again_change_nothing_and_start_no_job(
    lake: Lake, folder: Path, first: Mapping[str, Any]
) -> None:
    before = lake.count(PREDICTIONS), lake.runs()
    again = written(folder, GOOD, GOOD.renamed("otro nombre.xlsx"))

    found = lake.upload(GOOD.source, *again)

    assert [answer["status"] for answer in found] == ["unchanged", "unchanged"]
    assert [sum(counts(answer).values()) for answer in found] == [0, 0]
    assert [counts(answer["first_load"]) for answer in found] == [counts(first)] * 2
    assert (lake.count(PREDICTIONS), lake.runs()) == before


@pytest.mark.parametrize("sample", BROKEN, ids=lambda sample: sample.file_name)
def test_a_file_that_is_no_use_waits_in_quarantine_with_a_reason(
    lake: Lake, mixed: Found, sample: Sample
) -> None:
    answer = mixed[sample.file_name]

    waiting = by_name(lake.ask("quarantine"))[sample.file_name]

    assert answer["status"] == "quarantined"
    assert answer["reason"] == waiting["reason"]
    assert len(answer["reason"].split()) > 3
    assert answer["seconds"] < 60


def test_a_broken_file_does_not_hold_back_the_others(mixed: Found) -> None:
    refused = {sample.file_name for sample in (*BROKEN, OVER)}

    accepted = {name for name, answer in mixed.items() if answer["status"] == "accepted"}

    assert accepted == set(mixed) - refused


@pytest.mark.parametrize("sample", ODD, ids=lambda sample: sample.file_name)
def test_a_file_keeps_the_name_that_its_sender_gave(
    lake: Lake, mixed: Found, sample: Sample
) -> None:
    key = f"{sample.source}/{sample.file_name}"

    stored = lake.client("s3").get_object(Bucket=lake.deployment.bucket("bronze"), Key=key)

    assert stored["Body"].read() == sample.content
    assert counts(mixed[sample.file_name]) == sample.truth.counts
    assert sample.file_name in {load["file"] for load in lake.ask("loads", "--limit", "100")}


def test_good_rows_land_and_bad_rows_say_where_and_why(lake: Lake, mixed: Found) -> None:
    answer = mixed[BAD_ROWS.file_name]

    rejects = lake.ask("rejects", answer["load_id"])

    found = [row for row in rejects if row["table_id"] == PREDICTIONS]
    assert counts(answer) == BAD_ROWS.truth.counts
    assert len(found) == BAD_ROWS.truth.rejected
    assert {(row["column_name"], row["value"]) for row in found} == {
        ("Arrive", "{'line': '27', 'stop'"),
        ("estimate_arrive_sec", "pronto"),
        ("lat", "140.4"),
        ("timestamp", "2025-13-45 99:99:99"),
    }
    assert all(row["row_number"] > 1 and row["rule"] and row["reason"] for row in found)
    assert {row["file_name"] for row in found} == {BAD_ROWS.file_name}


def test_a_file_over_the_share_is_refused_whole(lake: Lake, mixed: Found) -> None:
    answer = mixed[OVER.file_name]
    buses = {f"'{key[4]}'" for key in OVER.keys}

    assert answer["status"] == "quarantined"
    assert "%" in answer["reason"]
    assert lake.count(PREDICTIONS, f"bus in ({', '.join(sorted(buses))})") == 0


def test_every_load_balances(lake: Lake, mixed: object) -> None:
    wrong = "read <> accepted + duplicate + rejected + empty"

    assert lake.count("ops.loads") > 0
    assert lake.count("ops.loads", wrong) == 0


def test_keys_stay_unique(lake: Lake, mixed: object) -> None:
    found = lake.query(f"select count(*) as n, count(distinct id) as ids from {PREDICTIONS}")[0]

    assert found["n"] == found["ids"]


def test_the_other_sources_come_to_what_their_cells_hold(
    lake: Lake, others: Mapping[str, Any]
) -> None:
    for sample in OTHERS:
        for table, rows in sample.truth.tables.items():
            assert lake.count(table) == rows, table


def test_each_cut_cell_is_reported_with_what_is_lost(
    lake: Lake, others: Mapping[str, Mapping[str, Any]]
) -> None:
    truth, answer = OTHERS[0].truth, others["emt/lines"]

    rejects = lake.ask("rejects", answer["load_id"])

    assert counts(answer) == truth.counts
    assert {row["rule"] for row in rejects} == {"cut_at_32767"}
    assert len({row["row_number"] for row in rejects}) == truth.rejected


def test_a_night_that_ends_past_midnight_is_kept_as_said(lake: Lake, others: object) -> None:
    found = lake.query(
        "select distinct d1_start, d1_stop from emt_silver.lines_timetable where day_type = 'VI'"
    )

    assert found == [{"d1_start": "23:30", "d1_stop": "05:45"}]


def test_status_tables_and_describe_agree_with_the_lake(lake: Lake, mixed: object) -> None:
    tables = {row["table"]: row for row in lake.ask("tables")}
    status = lake.ask("status")
    columns = [row["column"] for row in lake.ask("describe", PREDICTIONS)]

    queues = [row for row in status if row["kind"] == "queue"]
    own = next(row for row in status if row.get("source") == arrivals.SOURCE)
    assert tables[PREDICTIONS]["rows"] == lake.count(PREDICTIONS)
    assert own["status"] == "fresh"
    assert own["quarantined"] == len(BROKEN) + 1
    assert {row["waiting"] for row in queues if row["queue"].endswith("dead")} == {0}
    assert set(lake.query(f"select * from {PREDICTIONS} limit 1")[0]) == set(columns)


def test_a_wrong_question_is_answered_with_a_sentence(lake: Lake) -> None:
    with lake.start("query", "select * from emt_silver.stopz") as process:
        out, said = process.communicate(timeout=60)

    assert (process.returncode, out) == (1, "")
    assert "did you mean 'emt_silver.stops'?" in said


def test_an_unknown_source_is_answered_with_the_nearest(lake: Lake, folder: Path) -> None:
    with lake.start("upload", "emt/arrival", *map(str, written(folder, GOOD))) as process:
        _, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "did you mean 'emt/arrivals'?" in said
