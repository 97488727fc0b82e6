"""Files into tables: what stands there afterwards, and what became of every row."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from lake.errors import AccountingError, CatalogError, LakeError
from scripts.samples import arrivals as arrivals_samples
from scripts.samples import broken, lines, reference, weather
from scripts.samples.model import Sample
from tests.spark.lakehouse import COUNTS, Lakehouse
from tests.spark.sheets import poll, prediction, sheet_of, stop_info

pytestmark = pytest.mark.spark

ARRIVALS = "emt/arrivals"
PREDICTIONS = "emt_silver.arrivals_predictions"
STOPS = "emt_silver.stops"
WEATHER = "meteorology_silver.meteorology_current"


def loaded(lakehouse: Lakehouse, sample: Sample, **file: Any) -> dict[str, Any]:
    return lakehouse.load(lakehouse.file(sample.source, sample.content, **file))


@pytest.mark.parametrize(
    "sample",
    [
        arrivals_samples.day(7, "2025-08-29"),
        arrivals_samples.with_bad_rows(8, "2025-08-29"),
        lines.sample(9),
        reference.stops(),
        reference.line_list(),
        weather.sample(9, "2025-08-29"),
    ],
    ids=lambda sample: sample.file_name,
)
def test_each_workbook_comes_to_its_counted_truth_and_a_second_time_to_duplicates(
    lakehouse: Lakehouse, sample: Sample
) -> None:
    first = loaded(lakehouse, sample)

    truth = sample.truth
    assert first["loads"][0]["counts"] == truth.counts
    assert first["loads"][0]["sheet_rows"] == truth.sheet_rows
    held = {table: lakehouse.table(table).count() for table in truth.tables}
    assert held == dict(truth.tables)
    commits = {table: lakehouse.history(table) for table in truth.tables}

    again = loaded(lakehouse, sample, generation=1)

    counts = again["loads"][0]["counts"]
    assert counts["accepted"] == 0
    assert counts["duplicate"] == truth.accepted + truth.duplicate
    assert {table: lakehouse.history(table) for table in truth.tables} == commits


def test_each_load_is_accounted_by_table_and_each_account_balances(lakehouse: Lakehouse) -> None:
    sample = arrivals_samples.with_bad_rows(3, "2025-08-29")

    result = loaded(lakehouse, sample, name="a b+ñ.xlsx")

    rows = lakehouse.table("ops.loads").orderBy("table_id").collect()
    assert [row["table_id"] for row in rows] == [PREDICTIONS, STOPS]
    assert [row["derived"] for row in rows] == [False, True]
    for row in rows:
        told = result["loads"][0]["tables"][row["table_id"]]
        assert {name: row[name] for name in COUNTS} == {name: told[name] for name in COUNTS}
        assert row["read"] == row["accepted"] + row["duplicate"] + row["rejected"] + row["empty"]
        assert (row["file_name"], row["status"], row["reason"]) == ("a b+ñ.xlsx", "loaded", None)
        assert row["received_at"] == datetime(2025, 8, 30, 6)
    assert rows[0]["snapshot_id"] == lakehouse.history(PREDICTIONS)[-1]["snapshot_id"]


def test_the_commit_itself_carries_the_accounts(lakehouse: Lakehouse) -> None:
    result = loaded(lakehouse, arrivals_samples.day(3, "2025-08-29", count=30))

    for table in (PREDICTIONS, STOPS):
        summary = lakehouse.history(table)[-1]["summary"]
        assert summary["lake.token"] == result["token"]
        counts = json.loads(summary["lake.loads"])[result["loads"][0]["load_id"]]
        assert tuple(counts.values()) == lakehouse.counts(result, table)


def test_a_merge_carries_the_accounts_too(lakehouse: Lakehouse) -> None:
    row = {"node": "1", "name": "Old", "lines": "[]", "geometry.coordinates": "[1, 2]"}
    stops = "emt/stops"
    lakehouse.load(lakehouse.file(stops, sheet_of([row])))

    result = lakehouse.load(
        lakehouse.file(
            stops, sheet_of([{**row, "name": "New"}]), received_at="2025-09-01T00:00:00Z"
        )
    )

    merged, last = lakehouse.history(STOPS)[-2:]
    assert (merged["operation"], last["operation"]) == ("overwrite", "append")
    assert last["summary"]["lake.token"] == result["token"]
    assert lakehouse.counts(result, STOPS) == (1, 1, 0, 0, 0)


def test_rejected_rows_are_listed_with_row_column_value_and_rule(lakehouse: Lakehouse) -> None:
    polls = [poll(prediction(bus=bus)) for bus in range(60)]
    polls[5] = poll(prediction(estimateArrive="pronto"))
    polls[9] = poll(Arrive="[{'line': '27', 'st")

    result = lakehouse.load(lakehouse.file(ARRIVALS, sheet_of(polls)))

    assert lakehouse.counts(result, PREDICTIONS) == (60, 58, 0, 2, 0)
    assert lakehouse.rows(
        "ops.rejected_rows", "seq", "table_id", "row_number", "column_name", "value", "rule"
    ) == [
        (1, PREDICTIONS, 7, "estimate_arrive_sec", "pronto", "type"),
        (2, PREDICTIONS, 11, "Arrive", "{'line': '27', 'st", "cut"),
    ]


def test_a_file_over_its_declared_share_is_refused_whole_with_share_and_rule(
    lakehouse: Lakehouse,
) -> None:
    bad = arrivals_samples.over_the_share(4, "2025-08-29")
    good = arrivals_samples.day(5, "2025-08-29", count=30)

    result = lakehouse.load(
        lakehouse.file(ARRIVALS, bad.content), lakehouse.file(ARRIVALS, good.content)
    )

    by_sha = {load["sha256"]: load for load in result["loads"]}
    refused, accepted = by_sha[bad.sha256], by_sha[good.sha256]
    assert refused["status"] == "refused"
    assert "allowed 5.0%" in refused["reason"]
    assert PREDICTIONS in refused["reason"]
    assert refused["counts"]["accepted"] == 0
    assert refused["counts"]["read"] == refused["counts"]["rejected"] + refused["counts"]["empty"]
    assert accepted["counts"] == good.truth.counts
    assert lakehouse.table(PREDICTIONS).count() == good.truth.accepted
    assert lakehouse.table(STOPS).count() == good.truth.tables[STOPS]
    whole = lakehouse.table("ops.rejected_rows").where("rule = 'file_refused'")
    assert whole.select("table_id").distinct().count() == 2
    assert lakehouse.table("ops.loads").where("status = 'refused'").count() == 2


def test_a_file_that_cannot_be_read_is_refused_and_its_neighbour_loads(
    lakehouse: Lakehouse,
) -> None:
    bad = broken.truncated(4, "2025-08-29")
    good = arrivals_samples.day(5, "2025-08-29", count=30)

    result = lakehouse.load(
        lakehouse.file(ARRIVALS, bad.content), lakehouse.file(ARRIVALS, good.content)
    )

    by_sha = {load["sha256"]: load for load in result["loads"]}
    assert by_sha[bad.sha256]["status"] == "refused"
    assert "no workbook" in by_sha[bad.sha256]["reason"]
    assert set(by_sha[bad.sha256]["counts"].values()) == {0}
    assert by_sha[good.sha256]["counts"] == good.truth.counts


def test_a_batch_counts_as_its_files_would_one_by_one(lakehouse: Lakehouse) -> None:
    first = sheet_of([poll(prediction(bus=1), prediction(bus=1)), poll(prediction(bus=2))])
    second = sheet_of([poll(prediction(bus=2)), poll(prediction(bus=3))])

    result = lakehouse.load(
        lakehouse.file(ARRIVALS, second, received_at="2025-08-30T07:00:00Z"),
        lakehouse.file(ARRIVALS, first, received_at="2025-08-30T06:00:00Z"),
    )

    assert lakehouse.counts(result, PREDICTIONS, 0) == (3, 2, 1, 0, 0)
    assert lakehouse.counts(result, PREDICTIONS, 1) == (2, 1, 1, 0, 0)
    assert lakehouse.rows(PREDICTIONS, "bus", "ingest_ts") == [
        ("1", datetime(2025, 8, 30, 6)),
        ("2", datetime(2025, 8, 30, 6)),
        ("3", datetime(2025, 8, 30, 7)),
    ]


def test_a_load_that_stands_twice_in_a_batch_is_one(lakehouse: Lakehouse) -> None:
    file = lakehouse.file(ARRIVALS, sheet_of([poll(prediction())]))

    result = lakehouse.load(file, file)

    assert [load["counts"]["accepted"] for load in result["loads"]] == [1]


def test_an_empty_sheet_is_loaded_with_nothing_and_harms_nothing(lakehouse: Lakehouse) -> None:
    loaded(lakehouse, arrivals_samples.day(5, "2025-08-29", count=30))
    before = lakehouse.rows(PREDICTIONS)
    header_only = sheet_of([dict.fromkeys(poll())])

    result = lakehouse.load(lakehouse.file(ARRIVALS, header_only))

    assert result["loads"][0]["status"] == "loaded"
    assert set(result["loads"][0]["counts"].values()) == {0}
    assert lakehouse.rows(PREDICTIONS) == before


# --- newest wins -----------------------------------------------------------------------------


def weather_sheet(temp: float) -> bytes:
    row = {
        "location.name": "Barajas",
        "current.last_updated_epoch": 1_756_449_000,
        "current.temp_c": temp,
    }
    return sheet_of([row], "Hoja1")


@pytest.mark.parametrize("newer_first", [False, True])
def test_the_newer_file_wins_in_whatever_order_they_come(
    lakehouse: Lakehouse, newer_first: bool
) -> None:
    source = "meteorology/workbook"
    old = lakehouse.file(source, weather_sheet(17.0), received_at="2025-08-30T06:00:00Z")
    new = lakehouse.file(source, weather_sheet(18.0), received_at="2025-08-31T06:00:00Z")

    results = [lakehouse.load(file) for file in ((new, old) if newer_first else (old, new))]

    assert lakehouse.rows(WEATHER, "temp_c") == [(18.0,)]
    accepted = [result["loads"][0]["counts"]["accepted"] for result in results]
    assert accepted == ([1, 0] if newer_first else [1, 1])


def test_in_one_file_the_later_row_wins_and_the_earlier_is_a_duplicate(
    lakehouse: Lakehouse,
) -> None:
    row = {"location.name": "Barajas", "current.last_updated_epoch": 1_756_449_000}
    content = sheet_of([{**row, "current.temp_c": 17}, {**row, "current.temp_c": 18}], "Hoja1")

    result = lakehouse.load(lakehouse.file("meteorology/workbook", content))

    assert lakehouse.rows(WEATHER, "temp_c") == [(18.0,)]
    assert lakehouse.counts(result, WEATHER) == (2, 1, 1, 0, 0)


def stop_poll(at: str, **info: Any) -> dict[str, Any]:
    return poll(at=at, StopInfo=repr([stop_info(**info)]))


def test_what_is_known_of_a_stop_is_never_overwritten_by_silence(lakehouse: Lakehouse) -> None:
    known = stop_poll("2025-08-29 10:00:00", lines=[{"line": "007", "to": "A"}])
    silent = stop_poll("2025-08-29 11:00:00", stopName=None, geometry=None, Direction="  ")

    lakehouse.load(lakehouse.file(ARRIVALS, sheet_of([known])))
    result = lakehouse.load(lakehouse.file(ARRIVALS, sheet_of([silent])))

    assert lakehouse.rows(STOPS) == [
        (
            "5710",
            "Estación de Atocha",
            -3.68,
            40.40,
            "Av. Ciudad de Barcelona",
            ["007/2"],
            datetime(2025, 8, 29, 9),
        )
    ]
    assert lakehouse.counts(result, STOPS) == (1, 0, 1, 0, 0)


@pytest.mark.parametrize(
    ("order", "together"), [((1, 2, 0), True), ((0, 1, 2), False), ((2, 1, 0), False)]
)
def test_a_stop_is_what_the_newest_poll_says_in_whatever_order_polls_come(
    lakehouse: Lakehouse, order: tuple[int, ...], together: bool
) -> None:
    polls = [
        stop_poll("2025-08-29 10:00:00", stopName="Old", lines=[{"line": "007", "to": "A"}]),
        stop_poll("2025-08-29 11:00:00", stopName="New", lines=[{"line": "005", "to": "B"}]),
        stop_poll("2025-08-29 12:00:00", stopName=None),
    ]
    ordered = [polls[place] for place in order]

    if together:
        lakehouse.load(lakehouse.file(ARRIVALS, sheet_of(ordered)))
    else:
        for one in ordered:
            lakehouse.load(lakehouse.file(ARRIVALS, sheet_of([one])))

    assert lakehouse.rows(STOPS, "stop_name", "lines", "updated_ts") == [
        ("New", ["005/1", "007/2"], datetime(2025, 8, 29, 10))
    ]


def test_a_poll_adds_its_line_to_those_that_the_stops_file_knows(lakehouse: Lakehouse) -> None:
    row = {
        "node": "5710",
        "name": "Atocha",
        "lines": "['016/2', '007/2']",
        "geometry.coordinates": "[-3.7, 40.4]",
    }
    lakehouse.load(lakehouse.file("emt/stops", sheet_of([row]), received_at="2025-08-01T00:00:00Z"))
    said = stop_poll("2025-08-29 10:00:00", lines=[{"line": "007", "to": "A"}])

    lakehouse.load(lakehouse.file(ARRIVALS, sheet_of([said])))

    assert lakehouse.rows(STOPS, "lines") == [(["007/2", "016/2"],)]


# --- what must never be ----------------------------------------------------------------------


def test_a_table_that_holds_a_known_key_twice_fails_the_job(lakehouse: Lakehouse) -> None:
    sample = sheet_of([poll(prediction(bus=1))])
    lakehouse.load(lakehouse.file(ARRIVALS, sample))
    target = lakehouse.identifier(PREDICTIONS)
    lakehouse.table(PREDICTIONS).withColumn("bus", F.lit("9")).writeTo(target).append()
    other = sheet_of([poll(prediction(bus=1), prediction(bus=2))])

    with pytest.raises(AccountingError, match="read 2 rows but accounted for 3"):
        lakehouse.load(lakehouse.file(ARRIVALS, other, received_at="2025-09-30T06:00:00Z"))


def test_rows_that_go_missing_between_parser_and_table_fail_the_job(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs import load

    whole = load.Loader._rows
    monkeypatch.setattr(load.Loader, "_rows", lambda *args: whole(*args).limit(1))

    with pytest.raises(AccountingError, match="read 2 rows but accounted for 1"):
        lakehouse.load(lakehouse.file(ARRIVALS, sheet_of([poll(prediction(), prediction(bus=2))])))
    assert lakehouse.table(PREDICTIONS).count() == 0


def test_a_source_of_another_job_is_an_error(lakehouse: Lakehouse) -> None:
    from jobs import main
    from tests.spark.lakehouse import JOBS

    file = lakehouse.file("emt/stops", b"")
    manifest = lakehouse.root / "wrong.json"
    manifest.write_text(f'{{"token": "t", "files": [{{{str(file)[1:-1]}}}]}}'.replace("'", '"'))
    arguments = [f"--batch={manifest}", "--warehouse=w", f"--db={lakehouse.prefix}emt_silver"]

    with pytest.raises(CatalogError, match="loaded by job emt_stops, not by emt_arrivals"):
        main.run("emt_arrivals", JOBS["emt_arrivals"], arguments, catalog=lakehouse.catalog)


@pytest.mark.parametrize(
    "arguments",
    [["--input=x", "--warehouse=w"], ["--warehouse=w", "--db=d"], ["--input=x", "--db=d", "-q"]],
)
def test_a_missing_or_unknown_argument_ends_the_job(arguments: list[str]) -> None:
    from jobs import batch

    with pytest.raises(SystemExit):
        batch.arguments("emt_arrivals", None, arguments)


def test_a_batch_of_two_sources_is_an_error() -> None:
    from jobs import batch

    files = (
        '{"uri": "a", "source": "emt/%s", "sha256": "x", "load_id": "%s",'
        ' "received_at": "2025-08-30T06:00:00Z", "file_name": "f"}'
    )
    both = ", ".join([files % ("arrivals", "1"), files % ("stops", "2")])
    with pytest.raises(LakeError, match="of one source"):
        batch.from_manifest(f'{{"token": "t", "files": [{both}]}}'.encode())
