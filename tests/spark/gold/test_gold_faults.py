"""Gold runs that are killed, unheard or met by another: the answer is as if undisturbed.

Numbers of faults are those of the matrix in docs/testing.md.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from jobs import lakeio
from tests.spark.gold.gold_lake import (
    ARRIVALS,
    GOLD,
    HOURLY,
    WEATHER,
    GoldLake,
    arrival,
    observation,
)
from tests.spark.killing import AtPoint, Killed, kill
from tests.spark.lakehouse import Lakehouse

pytestmark = pytest.mark.spark

BOTH = (GOLD, HOURLY)


@pytest.fixture
def lake(lakehouse: Lakehouse) -> GoldLake:
    made = GoldLake(lakehouse)
    made.put_network()
    made.put(ARRIVALS, [arrival(f"2025-08-27 {hour}:00:00") for hour in range(10, 14)])
    return made


def add_a_day(lake: GoldLake, number: int = 0) -> None:
    """New rows, and weather that changes three of the four rows of the day before."""
    day = date(2025, 8, 27) + timedelta(days=number)
    lake.put(ARRIVALS, [arrival(f"{day + timedelta(1)} {hour}:00:00") for hour in range(10, 14)])
    lake.put(WEATHER, [observation(f"{day} 12:00:00", precip_mm=1.0)])


# Where a run dies, at which of its passes there, and which of the two tables show new rows then.
DEATHS = (
    ("staged", 1, (0, 0)),
    ("staged", 2, (0, 0)),
    ("audited", 1, (0, 0)),
    ("publishing", 2, (1, 0)),  # between the two tables
    ("result", 1, (1, 1)),
)


def test_22_a_run_killed_anywhere_and_started_again_equals_one_that_was_not(
    lake: GoldLake, at_point: AtPoint
) -> None:
    lake.build()
    for number, (point, nth, shown) in enumerate(DEATHS):
        before = {table: lake.rows(table) for table in BOTH}
        add_a_day(lake, number)
        at_point(point, kill, nth)
        with pytest.raises(Killed):
            lake.build()
        seen = tuple(int(lake.rows(table) != before[table]) for table in BOTH)
        assert seen == shown, (point, nth)

        lake.build()

        days = number + 1
        severities = Counter(row[0] for row in lake.rows(GOLD, "weather_severity"))
        assert severities == {"bad": 3 * days, None: 4 + days}, (point, nth)
        assert sum(row[0] for row in lake.rows(HOURLY, "total_preds")) == 4 * (days + 1)
        assert sum(row[0] for row in lake.rows(HOURLY, "adverse_preds")) == 3 * days
        assert [lake.lakehouse.branches(table) for table in BOTH] == [[], []]

    gold = lake.gold()
    full = lake.build(full="true")
    assert (full["status"], lake.gold()) == ("unchanged", gold)


def test_23_a_commit_whose_answer_is_lost_is_recognised(lake: GoldLake, at_point: AtPoint) -> None:
    def commit_unheard() -> None:
        (branch,) = lake.lakehouse.branches(GOLD)
        database = f"{lake.lakehouse.prefix}emt_gold"
        target = lakeio.LakeTable(lake.spark, database, "arrivals_weather")
        manage = target._java.manageSnapshots()
        manage.fastForwardBranch("main", branch).removeBranch(branch).commit()

    at_point("publishing", commit_unheard, 1)

    result = lake.build()

    assert (result["status"], len(lake.rows(GOLD)), len(lake.rows(HOURLY))) == ("published", 4, 4)
    assert lake.build()["status"] == "unchanged"


@pytest.mark.parametrize("point", ["staged", "audited"])
def test_24_of_two_runs_that_meet_one_looks_again_and_no_row_is_there_twice(
    lake: GoldLake, at_point: AtPoint, point: str
) -> None:
    other: list[dict[str, Any]] = []

    def meet() -> None:
        add_a_day(lake)
        other.append(lake.build())

    at_point(point, meet, 1)

    mine = lake.build()

    assert other[0]["status"] == "published"
    assert mine["status"] == "unchanged"
    ids = lake.rows(GOLD, "id")
    assert len(ids) == len(set(ids)) == 8
    assert sum(row[0] for row in lake.rows(HOURLY, "total_preds")) == 8
    assert [lake.lakehouse.branches(table) for table in BOTH] == [[], []]


def test_24_rows_that_another_run_has_staged_over_those_that_were_audited_are_not_shown(
    lake: GoldLake, at_point: AtPoint
) -> None:
    def stage_over() -> None:
        (branch,) = lake.lakehouse.branches(GOLD)
        name = lake.lakehouse.identifier(GOLD)
        lake.spark.sql(f"DELETE FROM {name}.branch_{branch} WHERE hour(event_ts) > 10")

    at_point("audited", stage_over, 1)

    result = lake.build()

    assert (result["status"], len(lake.rows(GOLD)), len(lake.rows(HOURLY))) == ("published", 4, 4)
    assert [lake.lakehouse.branches(table) for table in BOTH] == [[], []]


def test_25_compaction_of_gold_between_and_during_runs_loses_neither_rows_nor_cursor(
    lake: GoldLake, at_point: AtPoint
) -> None:
    lake.build()
    add_a_day(lake)
    name = lake.lakehouse.identifier(GOLD).removeprefix("glue_catalog.")

    def compact() -> None:
        lake.spark.sql(
            "CALL glue_catalog.system.rewrite_data_files("
            f"table => '{name}', options => map('rewrite-all', 'true'))"
        )

    at_point("staged", compact, 1)

    result = lake.build()

    assert (result["full"], len(lake.rows(GOLD))) == (False, 8)
    compact()
    assert lake.build()["tables"] == {}
