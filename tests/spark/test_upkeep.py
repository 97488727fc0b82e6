"""Upkeep: fewer files, fewer snapshots, no row more or less; whoever loads or reads goes first."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import lakeio, upkeep
from jobs.housekeeping import Housekeeping
from jobs.upkeep import Terms, Upkeep
from lake.catalog import Catalog
from tests.spark.lakehouse import Lakehouse
from tests.spark.sheets import poll, prediction, sheet_of

pytestmark = pytest.mark.spark

WEATHER = "meteorology_silver.meteorology_current"
PREDICTIONS, STOPS = "emt_silver.arrivals_predictions", "emt_silver.stops"
GOLD = "emt_gold.delay_weather_hourly"
LOG = "ops.upkeep"
# What the command line never allows: everything may go at once.
AT_ONCE = Terms(timedelta(0), 10, timedelta(days=3), timedelta(hours=1))
CAREFUL = Terms(timedelta(days=3), 10, timedelta(days=3), timedelta(hours=1))


@pytest.fixture
def streamed(catalog: Catalog) -> Catalog:
    """The catalogue with a stream that feeds the weather."""
    weather = dataclasses.replace(catalog.table(WEATHER), streamed=True)
    return dataclasses.replace(catalog, tables={**catalog.tables, WEATHER: weather})


@pytest.fixture
def weather(lakehouse: Lakehouse) -> Callable[..., None]:
    """Appends observations (place, moment, temperature, received), one commit a call."""
    lakehouse.create(WEATHER, LOG)

    def append(*observations: tuple[str, str, float, str]) -> None:
        lakehouse.put(
            WEATHER,
            (
                {
                    "location_name": place,
                    "obs_ts": datetime.fromisoformat(moment),
                    "temp_c": temperature,
                    "source": "stream",
                    "ingest_ts": datetime.fromisoformat(received),
                    **dict.fromkeys(("wind_kph", "precip_mm"), 1.0),
                }
                for place, moment, temperature, received in observations
            ),
        )

    return append


def keep(
    lakehouse: Lakehouse,
    terms: Terms = CAREFUL,
    catalog: Catalog | None = None,
    run: str = "night-1",
) -> dict[str, Any]:
    """One run over all tables that are there."""
    told = catalog or lakehouse.catalog
    return Upkeep(lakehouse.spark, told, lakehouse.prefix, terms, run).all()


def log(lakehouse: Lakehouse, run: str = "night-1") -> dict[tuple[str, str], Mapping[str, Any]]:
    rows = lakehouse.table(LOG).where(f"run_id = '{run}'").collect()
    return {(row["table_id"], row["action"]): row.asDict() for row in rows}


def data_files(lakehouse: Lakehouse, table_id: str) -> tuple[int, int]:
    """How many data files a table has and what they weigh, by its list of files."""
    lakehouse.table(table_id)
    files = lakehouse.spark.table(f"{lakehouse.identifier(table_id)}.files").collect()
    return len(files), sum(file["file_size_in_bytes"] for file in files)


def housekeeping(lakehouse: Lakehouse, table_id: str) -> Housekeeping:
    database = lakehouse.identifier(table_id).split(".")[1]
    return Housekeeping(lakehouse.spark, database, lakehouse.catalog.table(table_id))


def half_hours(day: int) -> list[tuple[str, str, float, str]]:
    return [
        (
            "Madrid",
            f"2025-08-{day}T{n // 2:02}:{n % 2 * 30:02}:00",
            float(n),
            f"2025-08-{day}T23:00:00",
        )
        for n in range(4)
    ]


def test_small_files_are_joined_and_the_figures_are_the_table_s_own(
    lakehouse: Lakehouse, weather: Callable[..., None]
) -> None:
    for observation in half_hours(29):
        weather(observation)
    rows, before = lakehouse.rows(WEATHER), data_files(lakehouse, WEATHER)

    report = keep(lakehouse)

    after = data_files(lakehouse, WEATHER)
    assert (before[0], after[0]) == (4, 2)  # two hours
    assert lakehouse.rows(WEATHER) == rows
    row = log(lakehouse)[WEATHER, "compact"]
    assert (row["files_before"], row["files_after"]) == (4, 2)
    assert (row["bytes_before"], row["bytes_after"]) == (before[1], after[1])
    assert (row["snapshots_before"], row["snapshots_after"], row["removed"]) == (4, 5, 4)
    assert report["gave_way"] == report["left"] == []


def test_a_table_that_nobody_wrote_to_costs_nothing(
    lakehouse: Lakehouse, weather: Callable[..., None]
) -> None:
    for observation in half_hours(29):
        weather(observation)
    keep(lakehouse)
    head = housekeeping(lakehouse, WEATHER).head()

    report = keep(lakehouse, run="night-2")

    assert WEATHER in report["quiet"]
    assert [row for row in report["actions"] if row["table_id"] == WEATHER] == []
    assert housekeeping(lakehouse, WEATHER).head() == head


def test_a_run_that_is_repeated_writes_its_figures_once(
    lakehouse: Lakehouse, weather: Callable[..., None]
) -> None:
    for observation in half_hours(29):
        weather(observation)
    keep(lakehouse)
    for observation in half_hours(28):
        weather(observation)

    keep(lakehouse)

    keys = lakehouse.rows(LOG, "run_id", "table_id", "action")
    assert len(keys) == len(set(keys))


def test_old_snapshots_go_and_the_last_ten_stay(
    lakehouse: Lakehouse, weather: Callable[..., None]
) -> None:
    for day in range(10, 24):
        weather(half_hours(day)[0])
    rows = lakehouse.rows(WEATHER)

    keep(lakehouse, AT_ONCE)

    assert len(lakehouse.history(WEATHER)) == 10
    assert lakehouse.rows(WEATHER) == rows
    row = log(lakehouse)[WEATHER, "expire"]
    assert (row["snapshots_before"], row["snapshots_after"], row["removed"]) == (14, 10, 4)


def test_snapshots_of_the_last_three_days_stay_however_many_they_are(
    lakehouse: Lakehouse, weather: Callable[..., None]
) -> None:
    for day in range(10, 24):
        weather(half_hours(day)[0])

    keep(lakehouse, CAREFUL)

    assert len(lakehouse.history(WEATHER)) == 14


def test_what_a_cursor_points_at_and_all_that_came_after_it_stays(
    lakehouse: Lakehouse, weather: Callable[..., None]
) -> None:
    for day in range(10, 13):
        weather(half_hours(day)[0])
    cursor = housekeeping(lakehouse, WEATHER).head()
    for day in range(13, 26):
        weather(half_hours(day)[0])
    lakehouse.create(GOLD)
    gold = housekeeping(lakehouse, GOLD)
    said = json.dumps({WEATHER: cursor, "parameters": {"wx_recent_minutes": "60"}})
    gold.publish(gold.stage(None, None, None, "cursor", properties={"lake.cursor": said}))

    keep(lakehouse, AT_ONCE)

    weather_table = housekeeping(lakehouse, WEATHER)
    left = [row["snapshot_id"] for row in lakehouse.history(WEATHER)]
    assert left[0] == cursor  # two went before it
    assert weather_table.changed(cursor, weather_table.head()) is True
    assert weather_table.at(cursor or 0).count() == 3


def test_of_a_key_that_was_delivered_again_the_newest_stays(
    lakehouse: Lakehouse, weather: Callable[..., None], streamed: Catalog
) -> None:
    weather(
        ("Madrid", "2025-08-29T10:00:00", 20.0, "2025-08-29T10:01:00"),
        ("Madrid", "2025-08-29T10:30:00", 21.0, "2025-08-29T10:31:00"),
    )
    weather(
        ("Madrid", "2025-08-29T10:00:00", 20.5, "2025-08-29T10:05:00"),  # corrected
        ("Madrid", "2025-08-29T10:30:00", 21.0, "2025-08-29T10:31:00"),  # the very same
        ("Toledo", "2025-08-29T10:00:00", 25.0, "2025-08-29T10:01:00"),
    )
    before = housekeeping(lakehouse, WEATHER).head()

    keep(lakehouse, catalog=streamed)

    hours = lakehouse.rows(WEATHER, "location_name", "obs_ts", "temp_c")
    assert [(place, f"{at:%H:%M}", temp) for place, at, temp in hours] == [
        ("Madrid", "10:00", 20.5),
        ("Madrid", "10:30", 21.0),
        ("Toledo", "10:00", 25.0),
    ]
    assert log(lakehouse)[WEATHER, "dedupe"]["removed"] == 2
    # A reader that began before sees what it began with.
    assert housekeeping(lakehouse, WEATHER).at(before or 0).count() == 5
    assert lakehouse.branches(WEATHER) == []


def test_fault_25_rows_that_arrive_while_keys_are_sorted_out_are_kept(
    lakehouse: Lakehouse,
    weather: Callable[..., None],
    streamed: Catalog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twice = ("Madrid", "2025-08-29T10:00:00", 20.0, "2025-08-29T10:01:00")
    weather(twice)
    weather(twice)
    late = [("Toledo", "2025-08-29T10:00:00", 25.0, "2025-08-29T10:01:00")]

    def firehose(point: str) -> None:
        if point == "deduped" and late:
            weather(late.pop())

    monkeypatch.setattr(lakeio, "kill_point", firehose)
    report = keep(lakehouse, catalog=streamed)

    assert late == []
    assert lakehouse.rows(WEATHER, "location_name") == [("Madrid",), ("Toledo",)]
    assert report["gave_way"] == []  # it began anew, and then nobody was in its way


def test_fault_25_upkeep_that_never_gets_its_turn_gives_way_and_harms_nothing(
    lakehouse: Lakehouse,
    weather: Callable[..., None],
    streamed: Catalog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twice = ("Madrid", "2025-08-29T10:00:00", 20.0, "2025-08-29T10:01:00")
    weather(twice)
    weather(twice)
    hour = iter(range(11, 24))

    def firehose(point: str) -> None:
        if point == "deduped":
            weather(("Toledo", f"2025-08-29T{next(hour)}:00:00", 25.0, "2025-08-29T23:01:00"))

    monkeypatch.setattr(lakeio, "kill_point", firehose)
    report = keep(lakehouse, catalog=streamed)

    assert f"{WEATHER}: dedupe" in report["gave_way"]
    assert lakehouse.table(WEATHER).count() == 2 + 3  # three tries, three rows, none lost
    assert lakehouse.branches(WEATHER) == []


def test_fault_25_a_load_that_meets_a_compaction_loses_no_row_and_doubles_none(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def workbook(*buses: int) -> bytes:
        return sheet_of([poll(*(prediction(bus=bus) for bus in buses))])

    for number in range(3):
        file = lakehouse.file("emt/arrivals", workbook(number), f"{number}.xlsx")
        lakehouse.load(file)
    met: list[int] = []

    def compaction(point: str) -> None:
        if point == "publishing" and not met:
            met.append(housekeeping(lakehouse, PREDICTIONS).compact())

    monkeypatch.setattr(lakeio, "kill_point", compaction)
    result = lakehouse.load(lakehouse.file("emt/arrivals", workbook(7, 8), "late.xlsx"))

    assert met == [3]
    assert lakehouse.counts(result, PREDICTIONS)[:2] == (2, 2)
    buses = [row[0] for row in lakehouse.rows(PREDICTIONS, "bus")]
    assert sorted(map(str, buses)) == ["0", "1", "2", "7", "8"]


def test_fault_25_a_long_read_ends_on_the_snapshot_that_it_began_with(
    lakehouse: Lakehouse, weather: Callable[..., None]
) -> None:
    for observation in half_hours(29):
        weather(observation)
    table = housekeeping(lakehouse, WEATHER)
    reader = table.at(table.head() or 0)  # planned now, read after upkeep

    for day in range(10, 24):
        weather(half_hours(day)[0])
    keep(lakehouse, CAREFUL)

    assert reader.count() == 4
    assert sorted(row["temp_c"] for row in reader.collect()) == [0.0, 1.0, 2.0, 3.0]


def test_files_of_nobody_go_when_they_are_old(
    lakehouse: Lakehouse, weather: Callable[..., None]
) -> None:
    weather(half_hours(29)[0])
    lakehouse.table(WEATHER)
    files = lakehouse.spark.table(f"{lakehouse.identifier(WEATHER)}.files").collect()
    folder = Path(files[0]["file_path"].removeprefix("file:")).parent
    old, fresh = folder / "dead.parquet", folder / "running.parquet"
    for path in (old, fresh):
        path.write_bytes(b"half a file")
    four_days = time.time() - 4 * 86400
    os.utime(old, (four_days, four_days))

    keep(lakehouse)

    assert (old.exists(), fresh.exists()) == (False, True)
    assert log(lakehouse)[WEATHER, "orphans"]["removed"] == 1
    assert lakehouse.table(WEATHER).count() == 1


def test_what_the_time_is_too_short_for_is_left_and_said(
    lakehouse: Lakehouse, weather: Callable[..., None]
) -> None:
    for observation in half_hours(29):
        weather(observation)

    report = keep(lakehouse, dataclasses.replace(CAREFUL, budget=timedelta(seconds=-1)))

    assert f"{WEATHER}: compact" in report["left"]
    assert data_files(lakehouse, WEATHER)[0] == 4


def test_the_job_takes_its_declared_arguments_and_writes_its_result(
    spark: SparkSession, lakehouse: Lakehouse, weather: Callable[..., None], tmp_path: Path
) -> None:
    for observation in half_hours(29):
        weather(observation)
    declared = {argument.name: argument for argument in lakehouse.catalog.jobs["upkeep"].arguments}
    words = ["--warehouse", lakehouse.warehouse, "--ops_db", f"{lakehouse.prefix}ops"]
    for name, argument in declared.items():
        words += [f"--{name}", argument.literal] if argument.literal else []
    result = tmp_path / "upkeep.json"

    upkeep.run([*words, "--date", "2025-08-30", "--run", "r1", "--result", str(result)])

    said = json.loads(result.read_text())
    assert set(declared) == {word.removeprefix("--") for word in words if word.startswith("--")}
    assert (said["job"], said["run"], said["status"]) == ("upkeep", "r1", "done")
    assert [WEATHER, "compact"] in [[row["table_id"], row["action"]] for row in said["actions"]]


@pytest.mark.parametrize("words", [["--keep_days", "2"], ["--orphan_days", "1"], ["--keep", "9"]])
def test_less_than_readers_need_is_never_kept(words: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        upkeep.run(["--warehouse", "w", "--ops_db", "t_ops", *words])
    assert refused.value.code == 2
