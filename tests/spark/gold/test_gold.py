"""Gold over a lake: whole, right by another computation, and no dearer than what changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame

from domains.emt.transforms import gold as emt_gold
from jobs import increment, lakeio
from lake.catalog import Catalog
from scripts.samples import arrivals as arrival_samples
from scripts.samples import lines as line_samples
from scripts.samples import reference, weather
from tests.spark.gold import gold_by_duckdb
from tests.spark.gold.gold_lake import (
    ARRIVALS,
    GOLD,
    HOURLY,
    LINES_STOPS,
    QUALITY,
    SILVER,
    TIMETABLE,
    WEATHER,
    GoldLake,
    arguments,
    arrival,
    at,
    observation,
)
from tests.spark.lakehouse import Lakehouse, opened

pytestmark = pytest.mark.spark


@pytest.fixture
def lake(lakehouse: Lakehouse) -> GoldLake:
    return GoldLake(lakehouse)


def equal(mine: object, theirs: object) -> bool:
    """Equal, doubles to the last bits that another order of adding leaves."""
    if isinstance(mine, float) and isinstance(theirs, float):
        return math.isclose(mine, theirs, rel_tol=1e-12, abs_tol=2e-9)
    return mine == theirs


def same_rows(mine: Sequence[Sequence[Any]], theirs: Sequence[Sequence[Any]]) -> bool:
    """Row by row; says the first that is not."""
    assert len(mine) == len(theirs)
    for one, other in zip(mine, theirs, strict=True):
        assert all(map(equal, one, other)), f"{one}\n{other}"
    return True


def by_duckdb(lake: GoldLake) -> dict[str, list[tuple[Any, ...]]]:
    silver = {name: [tuple(row) for row in lake.lakehouse.table(name).collect()] for name in SILVER}
    return gold_by_duckdb.compute(silver, lake.lakehouse.catalog)


def ordered(lake: GoldLake, table_id: str, keys: int) -> list[tuple[Any, ...]]:
    table = lake.lakehouse.catalog.table(table_id)
    columns = [column.name for column in table.columns if column.name != "build_ts"]
    rows = [tuple(row) for row in lake.lakehouse.table(table_id).select(*columns).collect()]
    return sorted(rows, key=lambda row: row[:keys])


def test_workbooks_become_one_gold_row_an_arrival_equal_to_what_duckdb_computes(
    lake: GoldLake,
) -> None:
    house = lake.lakehouse
    friday = arrival_samples.day(7, "2025-08-29", count=300)
    house.load(house.file("emt/lines", line_samples.sample(7).content))
    house.load(house.file("emt/line_list", reference.line_list().content))
    house.load(house.file("emt/arrivals", friday.content))
    house.load(house.file("meteorology/workbook", weather.sample(7, "2025-08-29", 30).content))

    first = lake.build()

    built = ordered(lake, GOLD, 1)
    expected = by_duckdb(lake)
    assert (first["status"], len(built)) == ("published", friday.truth.accepted)
    assert {row[0] for row in built} == {row[0] for row in lake.rows(ARRIVALS, "id")}
    assert same_rows(built, expected[GOLD])
    assert same_rows(ordered(lake, HOURLY, 2), expected[HOURLY])
    assert sum(row[0] for row in lake.rows(HOURLY, "total_preds")) == len(built)

    before = (lake.commits(), lake.commits(HOURLY), lake.rows(HOURLY, "build_ts"))
    again = lake.build()

    assert (again["status"], again["tables"]) == ("unchanged", {})
    assert (lake.commits(), lake.commits(HOURLY), lake.rows(HOURLY, "build_ts")) == before

    # Another day, a line without a code, and weather that comes late: by increments ...
    house.load(house.file("emt/arrivals", arrival_samples.day(8, "2025-08-30", count=100).content))
    lake.put(ARRIVALS, [arrival("2025-08-29 21:50:00", line_code=None, line="001", stop_id="82")])
    late = weather.sample(8, "2025-08-30", 12).content
    house.load(house.file("meteorology/workbook", late, received_at="2025-09-01T06:00:00Z"))
    more = lake.build()

    assert (more["full"], more["days"]) == (False, ["2025-08-29", "2025-08-30"])
    expected = by_duckdb(lake)
    assert same_rows(ordered(lake, GOLD, 1), expected[GOLD])
    assert same_rows(ordered(lake, HOURLY, 2), expected[HOURLY])

    # ... and all anew: not one row differs.
    full = lake.build(full="true")

    assert (full["status"], full["full"]) == ("unchanged", True)
    assert all(not any(table[kind] for kind in KINDS) for table in full["tables"].values())


KINDS = ("inserted", "updated", "deleted")


def hours(day: str, **said: Any) -> list[dict[str, Any]]:
    """An arrival each hour of a UTC day."""
    return [arrival(f"{day} {hour:02}:00:00", **said) for hour in range(24)]


def test_late_weather_changes_only_the_rows_in_its_window(lake: GoldLake) -> None:
    lake.put_network()
    lake.put(ARRIVALS, [*hours("2025-08-27"), *hours("2025-08-28")])
    lake.put(WEATHER, [observation("2025-08-27 03:10:00")])
    lake.build()
    before = dict(lake.rows(GOLD, "event_ts", "weather_severity"))
    built = dict(lake.rows(HOURLY, "event_hour", "build_ts"))

    lake.put(WEATHER, [observation("2025-08-28 00:00:00", precip_mm=3.0)])
    result = lake.build()

    after = dict(lake.rows(GOLD, "event_ts", "weather_severity"))
    window = {at("2025-08-27 23:00:00"), at("2025-08-28 00:00:00"), at("2025-08-28 01:00:00")}
    assert {moment for moment in after if after[moment] != before[moment]} == window
    assert {after[moment] for moment in window} == {"severe"}
    rebuilt = dict(lake.rows(HOURLY, "event_hour", "build_ts"))
    assert {hour for hour in rebuilt if rebuilt[hour] != built[hour]} == window
    assert result["days"] == ["2025-08-27", "2025-08-28"]
    for table_id in (GOLD, HOURLY):
        changed = {kind: result["tables"][table_id][kind] for kind in KINDS}
        assert changed == {"inserted": 0, "updated": 3, "deleted": 0}


def test_26_a_late_arrival_lands_in_its_own_day_and_one_that_vanished_goes(lake: GoldLake) -> None:
    lake.put_network()
    lake.put(ARRIVALS, [*hours("2025-08-20"), *hours("2025-08-27")])
    lake.build()

    late = arrival("2025-08-20 12:30:00", ingest_ts=at("2025-09-15 06:00:00"))
    lake.put(ARRIVALS, [late])
    result = lake.build()

    assert (result["days"], result["tables"][GOLD]["inserted"]) == (["2025-08-20"], 1)
    assert result["tables"][HOURLY]["updated"] == 1

    lake.sql(
        "DELETE FROM {arrivals_predictions} WHERE event_ts = timestamp_ntz'2025-08-27 05:00:00'"
    )
    result = lake.build()

    assert (result["days"], result["tables"][GOLD]["deleted"]) == (["2025-08-27"], 1)
    assert result["tables"][HOURLY]["deleted"] == 1
    assert {row[0] for row in lake.rows(GOLD, "id")} == {
        row[0] for row in lake.rows(ARRIVALS, "id")
    }


def test_what_everything_depends_on_makes_everything_anew_and_says_why(lake: GoldLake) -> None:
    lake.put_network()
    lake.put(ARRIVALS, [arrival("2025-08-27 10:00:00", estimate_arrive_sec=900)])
    lake.put(WEATHER, [observation("2025-08-27 10:00:00", wind_kph=25.0)])
    first = lake.build()
    assert (first["full"], "first time" in first["reason"]) == (True, True)
    assert lake.one("delayed", "weather_severity") == (True, "moderate")

    lake.put(
        LINES_STOPS,
        [{"line": "027", "direction": 1, "stop_id": "99", "ingest_ts": at("2025-08-30")}],
    )
    assert "lines_stops has changed" in lake.build()["reason"]

    other = lake.build(delay_ratio_thresh=1.5)
    assert "parameters have changed" in other["reason"]
    assert (lake.one("delayed"), other["tables"][GOLD]["updated"]) == (False, 1)

    catalog = lake.lakehouse.catalog
    data = {**catalog.data, "emt/weather_severity": _calmer(catalog)}
    lake.lakehouse.catalog = replace(catalog, data=data)
    again = lake.build(delay_ratio_thresh=1.5)
    assert "parameters have changed" in again["reason"]
    assert lake.one("weather_severity") == "good"


def _calmer(catalog: Catalog) -> Mapping[str, Any]:
    data = catalog.data["emt/weather_severity"]
    return {
        **data,
        "levels": [level for level in data["levels"] if level["severity"] != "moderate"],
    }


def test_25_compaction_of_silver_is_no_change_and_an_expired_cursor_is_said(lake: GoldLake) -> None:
    lake.put_network()
    for hour in (10, 11, 12):
        lake.put(ARRIVALS, [arrival(f"2025-08-27 {hour}:00:00")])
    lake.build()
    call = "CALL glue_catalog.system"
    for table_id in (ARRIVALS, TIMETABLE):
        name = lake.lakehouse.identifier(table_id).removeprefix("glue_catalog.")
        lake.spark.sql(
            f"{call}.rewrite_data_files(table => '{name}', options => map('rewrite-all', 'true'))"
        )
        assert lake.lakehouse.history(table_id)[-1]["operation"] == "replace"

    result = lake.build()

    assert (result["status"], result["full"], result["days"]) == ("unchanged", False, [])
    commits = lake.commits()
    assert (lake.build()["tables"], lake.commits()) == ({}, commits)

    lake.put(ARRIVALS, [arrival("2025-08-28 10:00:00")])
    lake.put(ARRIVALS, [arrival("2025-08-28 11:00:00")])
    arrivals = lake.lakehouse.identifier(ARRIVALS).removeprefix("glue_catalog.")
    lake.spark.sql(
        f"{call}.expire_snapshots(table => '{arrivals}', retain_last => 1,"
        " older_than => TIMESTAMP '2100-01-01 00:00:00')"
    )
    result = lake.build()

    assert (result["full"], "history of emt_silver.arrivals" in result["reason"]) == (True, True)
    assert (len(lake.rows(GOLD)), result["tables"][GOLD]["inserted"]) == (5, 2)


def test_29_a_backfill_does_its_days_only_and_leaves_the_cursor_where_it_was(
    lake: GoldLake,
) -> None:
    lake.put_network()
    lake.put(ARRIVALS, [*hours("2025-08-26"), *hours("2025-08-27")])
    lake.build()
    target = lakeio.LakeTable(lake.spark, f"{lake.lakehouse.prefix}emt_gold", "arrivals_weather")
    cursor = target.property(increment.CURSOR)
    lake.put(WEATHER, [observation("2025-08-26 12:00:00"), observation("2025-08-27 12:00:00")])

    result = lake.build(**{"from": "2025-08-26", "to": "2025-08-26"})

    assert (result["days"], result["tables"][GOLD]["updated"]) == (["2025-08-26"], 3)
    assert target.property(increment.CURSOR) == cursor
    after = lake.build()
    assert (after["days"], after["tables"][GOLD]["updated"]) == (["2025-08-26", "2025-08-27"], 3)
    once, commits = lake.gold(), lake.commits()
    again = lake.build(**{"from": "2025-08-20", "to": "2025-08-31"})
    assert (again["status"], lake.gold(), lake.commits()) == ("unchanged", once, commits)


def test_27_no_hour_is_lost_in_march_and_none_doubled_in_october(lake: GoldLake) -> None:
    lake.put_network()
    # A local day of 25 hours and one of 23, an arrival each hour of UTC.
    october = [at("2025-10-25 22:00:00") + timedelta(hours=hour) for hour in range(25)]
    march = [at("2026-03-28 23:00:00") + timedelta(hours=hour) for hour in range(23)]
    lake.put(ARRIVALS, [arrival(str(moment)) for moment in (*october, *march)])

    lake.build()

    cells = sorted(lake.rows(HOURLY, "event_hour", "total_preds"))
    assert cells == [(moment, 1) for moment in (*october, *march)]
    kinds = lake.rows(GOLD, "event_ts", "day_type")
    # Both are Sundays from the first local minute to the last.
    assert {kind for _, kind in kinds} == {"FE"}


def test_a_day_opens_the_files_of_a_day_however_long_history_is(
    lake: GoldLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put_network()
    past = [date(2025, 7, 1) + timedelta(days=number) for number in range(40)]
    lake.put(ARRIVALS, [arrival(f"{day} 10:00:00") for day in past])
    lake.put(WEATHER, [observation(f"{day} 10:00:00") for day in past])
    lake.build()
    asked: list[tuple[str, DataFrame]] = []
    look = lakeio.LakeTable.at

    def noted(self: lakeio.LakeTable, snapshot_id: int, where: str | None = None) -> DataFrame:
        asked.append((self.identifier.rpartition(".")[2], look(self, snapshot_id, where)))
        return asked[-1][1]

    monkeypatch.setattr(lakeio.LakeTable, "at", noted)
    lake.put(ARRIVALS, [arrival("2025-08-27 10:00:00")])
    lake.put(WEATHER, [observation("2025-08-27 10:00:00")])

    result = lake.build()

    assert result["days"] == ["2025-08-27"]
    costs = {name: opened(rows) for name, rows in asked if "event_ts" in rows.columns}
    assert costs == {"arrivals_predictions": 1, "arrivals_weather": 0}
    (seen,) = (rows for name, rows in asked if name == "meteorology_current")
    assert opened(seen) == 1


# --- quality -----------------------------------------------------------------------------------


def test_37_a_day_of_a_fifth_of_its_usual_rows_is_not_shown_and_yesterday_stays(
    lake: GoldLake, capsys: pytest.CaptureFixture[str]
) -> None:
    lake.put_network()
    weeks = [date(2025, 8, 27) - timedelta(weeks=week) for week in range(1, 5)]
    lake.put(ARRIVALS, [row for day in weeks for row in hours(str(day))])
    lake.build(date="2025-08-21")
    shown, commits = lake.gold(), (lake.commits(), lake.commits(HOURLY))
    lake.put(ARRIVALS, hours("2025-08-27")[:4])

    with pytest.raises(SystemExit) as ended:
        lake.build(date="2025-08-28", run="r-37", result=lake.lakehouse.root / "r.json")

    assert ended.value.code == 1
    last = capsys.readouterr().err.strip().splitlines()[-1]
    said = "emt_gold.arrivals_weather: volume is 0.166667, from 0.2 to 5"
    assert last == f"emt_gold: nothing is published: {said}"
    assert '"status": "failed"' in (lake.lakehouse.root / "r.json").read_text()
    assert (lake.gold(), (lake.commits(), lake.commits(HOURLY))) == (shown, commits)
    assert [lake.lakehouse.branches(table) for table in (GOLD, HOURLY)] == [[], []]
    verdicts = lake.lakehouse.table(QUALITY).where("run_id = 'r-37'")
    failed = [
        tuple(row)
        for row in verdicts.where("NOT passed").select("check_name", "severity").collect()
    ]
    assert ("volume", "stop") in failed
    assert {
        row["severity"] for row in verdicts.where("NOT passed AND check_name <> 'volume'").collect()
    } <= {"warn"}

    # The rest of the day comes: it is shown, and the cursor has passed no hole.
    lake.put(ARRIVALS, hours("2025-08-27")[4:])
    result = lake.build(date="2025-08-28")

    assert (result["status"], result["tables"][GOLD]["inserted"]) == ("published", 24)


def test_37_a_key_that_stands_twice_is_not_shown(lake: GoldLake) -> None:
    lake.put_network()
    lake.put(ARRIVALS, [arrival("2025-08-27 10:00:00")] * 2)

    with pytest.raises(SystemExit):
        lake.build(run="twice")

    assert lake.gold() == []
    failed = lake.lakehouse.table(QUALITY).where("NOT passed AND severity = 'stop'").collect()
    assert [
        (row["run_id"], row["table_id"], row["check_name"], row["actual"]) for row in failed
    ] == [("twice", GOLD, "unique", 1.0)]


# --- arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--db", "emt_gold"], "unrecognized arguments: --db emt_gold"),
        (["--ful", "true"], "unrecognized arguments"),
        (["--from", "2025-08-01"], "--from and --to come together"),
        (["--from", "2025-08-02", "--to", "2025-08-01"], "--from lies after --to"),
        (["--full", "true", "--from", "2025-08-01", "--to", "2025-08-01"], "--full is everything"),
        (["--full", "maybe"], "true or false"),
        (["--wx_recent_minutes", "0"], "above 0"),
        (["--date", "tomorrow"], "invalid"),
    ],
)
def test_a_wrong_call_is_a_usage_error(
    lakehouse: Lakehouse, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        emt_gold.run([*arguments(lakehouse), *words])

    assert ended.value.code == 2
    assert said in capsys.readouterr().err
