"""Results as a gold job publishes them: what people get, what makes a new one, what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jobs.serving import ServingFailed
from lake import served
from lake.catalog import Catalog, Column, Result
from lake.served import Manifest
from tests.spark.gold.gold_lake import (
    ARRIVALS,
    GOLD,
    HOURLY,
    WEATHER,
    GoldLake,
    arrival,
    at,
    observation,
)
from tests.spark.gold.serving_lake import HOURS, LINES, ServingLake, hour
from tests.spark.lakehouse import Lakehouse

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("adaptive")]
STOPS = "emt_silver.stops"


@pytest.fixture
def lake(lakehouse: Lakehouse, tmp_path: Path) -> ServingLake:
    return ServingLake(lakehouse, tmp_path / "bucket")


# --- the results of EMT ------------------------------------------------------------------------


def test_the_gold_job_publishes_its_results_as_another_way_computes_them(
    lakehouse: Lakehouse, tmp_path: Path
) -> None:
    gold, place = GoldLake(lakehouse), tmp_path / "bucket"
    lakehouse.create(STOPS)
    lake = ServingLake(lakehouse, place)
    lake.show(*Catalog.bundled().results.values())
    gold.put_network()
    gold.put(
        ARRIVALS,
        [
            arrival("2025-08-27 10:00:00", estimate_arrive_sec=1200),
            arrival("2025-08-27 10:20:00", bus="7"),
            arrival("2025-08-27 11:00:00", stop_id="71", destination="EMBAJADORES"),
        ],
    )
    gold.put(WEATHER, [observation("2025-08-27 10:00:00", precip_mm=3.0)])

    answer = gold.build(served=place)

    assert {name: told["status"] for name, told in answer["results"].items()} == dict.fromkeys(
        (name for name, one in lakehouse.catalog.results.items() if one.job == "emt_gold"),
        "published",
    )
    # By hand: ten minutes at least between two buses, so that twenty are late and ten are not.
    ten, eleven = at("2025-08-27 10:00:00"), at("2025-08-27 11:00:00")
    assert lake.seen("emt_lines") == [("27", 2, 3, 1, 1 / 3, 1, ten, eleven)]
    assert [row[:6] for row in lake.seen("emt_delays_by_hour")] == [
        (ten, "27", 2, 2, 1, 0.5),
        (eleven, "27", 1, 1, 0, 0.0),
    ]
    assert lake.rows(lake.manifest("emt_delays_by_hour")) == lakehouse.rows(
        HOURLY, *[column.name for column in lakehouse.catalog.results["emt_delays_by_hour"].columns]
    )
    # Silver has no stops yet: they are shown without their names.
    assert lake.seen("emt_stops") == [
        ("71", None, None, None, 1, 1, 0, 0.0),
        ("72", None, None, None, 1, 2, 1, 0.5),
    ]
    by_duckdb(lakehouse, lake)

    lakehouse.put(STOPS, [{"stop_id": "72", "stop_name": "Cibeles", "lat": 40.4, "lon": -3.7}])
    fates = {name: told["status"] for name, told in lake.publish().items()}
    assert fates.pop("emt_stops") == "published"
    assert set(fates.values()) == {"unchanged"}
    assert lake.seen("emt_stops")[1] == ("72", "Cibeles", 40.4, -3.7, 1, 2, 1, 0.5)


def by_duckdb(lakehouse: Lakehouse, lake: ServingLake) -> None:
    """Compares two results with what DuckDB makes of the gold rows."""
    wanted = ("event_ts", "delayed", "weather_severity", "weather_adverse")
    rows = lakehouse.rows(GOLD, *wanted)
    con = duckdb.connect()
    con.execute("CREATE TABLE g (event_ts TIMESTAMP, delayed BOOLEAN, sev TEXT, adverse BOOLEAN)")
    con.executemany("INSERT INTO g VALUES (?, ?, ?, ?)", rows)
    weather = con.execute(
        """SELECT coalesce(sev, 'unknown'), count(*), count(delayed),
             count(*) FILTER (delayed), avg(delayed::int), bool_or(adverse)
           FROM g GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    network = con.execute(
        """SELECT date_trunc('hour', event_ts), count(*), count(delayed),
             count(*) FILTER (delayed), avg(delayed::int), count(*) FILTER (adverse)
           FROM g GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    assert lake.seen("emt_weather") == weather
    assert [row[:6] for row in lake.seen("emt_network_by_hour")] == network


# --- what lies there ---------------------------------------------------------------------------


def test_a_snapshot_says_what_it_is_and_from_what_it_was_made(lake: ServingLake) -> None:
    lake.put(hour("27", "2025-08-27 10:00:00"), hour("3", "2025-08-27 11:00:00"))

    told = lake.publish()

    manifest = lake.manifest()
    head = lake.lakehouse.history(HOURLY)[-1]["snapshot_id"]
    assert (manifest.sources, manifest.run, manifest.job) == ({HOURLY: head}, "run-1", "emt_gold")
    assert (manifest.rows, len(manifest.files), manifest.key) == (2, 1, ("line",))
    assert manifest.bytes == sum((lake.place / file.key).stat().st_size for file in manifest.files)
    assert told["emt_lines"] == {
        "status": "published",
        "snapshot": manifest.snapshot,
        "rows": 2,
        "bytes": manifest.bytes,
        "expired": [],
    }
    age = datetime.now(UTC) - datetime.fromisoformat(manifest.published_at)
    assert timedelta() <= age < timedelta(minutes=2)
    path = str(lake.place / manifest.files[0].key)
    kinds = duckdb.execute(
        "SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet($1))", [path]
    )
    assert kinds.fetchall() == [("line", "VARCHAR"), ("hours", "BIGINT"), ("last", "TIMESTAMP")]
    assert lake.tables() == ["delay_weather_hourly"]


def test_rows_are_in_the_order_of_the_key_across_files(lake: ServingLake) -> None:
    lake.show(HOURS)
    moments = [at("2025-08-27 00:00:00") + timedelta(hours=number) for number in range(40)]
    lake.put(*(hour(line, str(moment)) for moment in moments[::-1] for line in ("3", "27")))
    coalesce = "spark.sql.adaptive.coalescePartitions.enabled"
    lake.lakehouse.spark.conf.set(coalesce, "false")
    try:
        lake.publish()
    finally:
        lake.lakehouse.spark.conf.unset(coalesce)

    manifest = lake.manifest(HOURS.id)
    assert len(manifest.files) == 2
    assert lake.rows(manifest) == [(moment, line, 1) for moment in moments for line in ("27", "3")]
    assert sum(file.rows for file in manifest.files) == manifest.rows == 80


def test_an_answer_without_rows_is_an_answer(lake: ServingLake) -> None:
    lake.show(replace(LINES, query=LINES.query.replace("GROUP", "WHERE line = 'none' GROUP")))
    lake.put(hour("27", "2025-08-27 10:00:00"))

    lake.publish()

    assert (lake.manifest().rows, lake.manifest().files, lake.seen()) == (0, (), [])


def test_a_result_of_which_nothing_was_ever_written_is_left_alone(lake: ServingLake) -> None:
    assert lake.publish() == {"emt_lines": {"status": "unwritten"}}

    assert lake.files() == set()


def test_nothing_is_published_without_a_place_and_nothing_of_another_job(lake: ServingLake) -> None:
    lake.show(replace(LINES, job="another"))
    lake.put(hour("27", "2025-08-27 10:00:00"))

    assert lake.publish() == {}


# --- when there is a new one -------------------------------------------------------------------


def test_a_result_is_made_anew_by_new_rows_or_another_definition_and_not_by_compaction(
    lake: ServingLake,
) -> None:
    lake.put(hour("27", "2025-08-27 10:00:00"))
    lake.put(hour("3", "2025-08-27 10:00:00"))
    lake.publish()
    first = lake.files()

    name = lake.lakehouse.identifier(HOURLY).removeprefix("glue_catalog.")
    lake.lakehouse.spark.sql(
        "CALL glue_catalog.system.rewrite_data_files("
        f"table => '{name}', options => map('rewrite-all', 'true'))"
    )
    assert lake.lakehouse.history(HOURLY)[-1]["operation"] == "replace"
    assert lake.publish()["emt_lines"]["status"] == "unchanged"
    assert lake.files() == first

    lake.put(hour("9", "2025-08-27 10:00:00"))
    assert lake.publish()["emt_lines"]["rows"] == 3
    told = replace(LINES, columns=(replace(LINES.columns[0], about="Public"), *LINES.columns[1:]))
    lake.show(told)
    assert lake.publish()["emt_lines"]["status"] == "published"
    assert lake.manifest().columns[0]["about"] == "Public"
    assert len(lake.look().whole) == 3
    assert lake.look().current == lake.look().whole[-1]


def test_snapshots_beyond_their_time_go_after_the_new_one_is_shown(lake: ServingLake) -> None:
    lake.put(hour("27", "2025-08-27 10:00:00"))
    shelf = lake.shelf()
    old = [
        served.snapshot_name(datetime.now(UTC) - timedelta(days=days), {HOURLY: days}, "d")
        for days in (10, 9, 8)
    ]
    for snapshot in old:
        shelf.keep(Manifest.of(LINES, snapshot, "r", [], {HOURLY: 1}))
    shelf.show(old[2], shelf.look())

    told = lake.publish()["emt_lines"]

    assert told["expired"] == old[:2]
    assert lake.look().whole == (old[2], told["snapshot"])


# --- what is refused ---------------------------------------------------------------------------

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"query": f"SELECT lin FROM {{{HOURLY}}}"}, "its query cannot be run: [UNRESOLVED_COLUMN"),
    ({"query": "SELEC 1"}, "its query cannot be run: "),
    (
        {"query": f"SELECT line, 1L AS hours FROM {{{HOURLY}}}"},
        "the query gives the columns line, hours; declared are line, hours, last",
    ),
    (
        {"columns": (LINES.columns[0], Column("hours", "int", "Hours"), LINES.columns[2])},
        "hours is bigint, declared as int",
    ),
    ({"key": ("last",)}, "its 2 rows have 1 keys (last)"),
    (
        {"query": LINES.query.replace("MAX(event_hour)", "MAX(event_hour) FILTER (WHERE line='3')"),
         "key": ("last",)},
        "last is missing in 1 rows",
    ),
]  # fmt: skip


def test_what_is_not_as_declared_is_not_shown_and_nothing_else_of_the_job_is_either(
    lake: ServingLake,
) -> None:
    lake.show(HOURS, LINES)
    lake.put(hour("27", "2025-08-27 10:00:00"))
    lake.publish()
    shown = {result.id: lake.look(result.id).current for result in (HOURS, LINES)}
    lake.put(hour("3", "2025-08-27 10:00:00"))

    for change, said in WRONG:
        wrong: Result = replace(LINES, **change)
        lake.show(HOURS, wrong)

        with pytest.raises(ServingFailed) as refused:
            lake.publish()

        message = str(refused.value)
        assert message.startswith("of the results nothing is published: emt_lines: ")
        assert said in message
        assert "\n" not in message
        # What became of the tables is told, and nothing that says that all went well.
        assert refused.value.details == {"tables": {"t": 1}}
        assert {name: lake.look(name).current for name in shown} == shown

    assert lake.seen(HOURS.id) == [(at("2025-08-27 10:00:00"), "27", 1)]
    assert lake.tables() == ["delay_weather_hourly"]
    lake.show(HOURS, LINES)
    lake.publish()
    assert [row[0] for row in lake.seen()] == ["27", "3"]
    assert lake.look().unfinished == lake.look(HOURS.id).unfinished == ()
