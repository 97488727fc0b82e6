"""Jobs that are killed, answers that are lost, writers that meet: the tables are as if undisturbed.

Numbers of faults are those of the matrix in docs/testing.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from jobs import lakeio
from jobs.load import KeysNotUnique
from lake.catalog import Catalog
from tests.spark.killing import AtPoint, Killed, kill
from tests.spark.lakehouse import Lakehouse
from tests.spark.sheets import poll, prediction, sheet_of, stop_info

pytestmark = pytest.mark.spark

ARRIVALS = "emt/arrivals"
PREDICTIONS = "emt_silver.arrivals_predictions"
STOPS = "emt_silver.stops"
FEED = (PREDICTIONS, STOPS)


def workbook(first_bus: int, count: int, **stop: Any) -> bytes:
    """Polls of one day; some predictions repeat, one is bad, one poll is empty."""
    said = repr([stop_info(**stop)])
    buses = range(first_bus, first_bus + count)
    polls = [poll(prediction(bus=bus), StopInfo=said) for bus in buses]
    # One in thirty is what a source bears; in a small file it would be the file's end.
    bad = [poll(prediction(estimateArrive="pronto"), StopInfo=said)] if count >= 30 else []
    return sheet_of([*polls, polls[0], poll(StopInfo=said), *bad])


def state(lakehouse: Lakehouse) -> dict[str, Any]:
    """All that a run leaves, without names and times of the run itself."""
    loads = [
        column.name
        for column in lakehouse.catalog.table("ops.loads").columns
        if column.name not in ("token", "bronze_uri", "started_at", "finished_at", "snapshot_id")
    ]
    return {
        **{table: lakehouse.rows(table) for table in FEED},
        "ops.loads": lakehouse.rows("ops.loads", *loads),
        "ops.rejected_rows": lakehouse.rows("ops.rejected_rows"),
    }


def batch(lakehouse: Lakehouse) -> list[dict[str, str]]:
    """Two files that share predictions."""
    return [
        lakehouse.file(ARRIVALS, workbook(0, 30), received_at="2025-08-30T06:00:00Z"),
        lakehouse.file(
            ARRIVALS, workbook(20, 30, stopName="Atocha"), received_at="2025-08-30T07:00:00Z"
        ),
    ]


@pytest.fixture(scope="module")
def undisturbed(
    spark: SparkSession, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What one run leaves that nothing disturbs."""
    lakehouse = Lakehouse(spark, catalog, tmp_path_factory.mktemp("undisturbed"))
    result = lakehouse.load(*batch(lakehouse))
    yield state(lakehouse), result
    lakehouse.drop()


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        ("branched", 1),
        ("staged", 1),
        ("publishing", 1),
        ("published", 1),
        ("staged", 2),
        ("published", 2),
        ("committed", 1),
        ("rejects_written", 1),
        ("accounted", 1),
        ("result", 1),
    ],
)
def test_22_and_28_a_job_killed_anywhere_and_run_again_equals_one_that_was_not(
    lakehouse: Lakehouse,
    undisturbed: tuple[dict[str, Any], dict[str, Any]],
    at_point: AtPoint,
    point: str,
    nth: int,
) -> None:
    files = batch(lakehouse)
    at_point(point, kill, nth)
    with pytest.raises(Killed):
        lakehouse.load(*files)
    if nth == 1 and point in ("branched", "staged", "publishing"):
        # Nothing of it is seen before its commit.
        assert lakehouse.rows(PREDICTIONS) == []

    again = lakehouse.load(*files)

    expected, result = undisturbed
    assert state(lakehouse) == expected
    assert again["loads"] == result["loads"]
    assert [lakehouse.branches(table) for table in FEED] == [[], []]


def test_22_a_second_attempt_with_another_batch_keeps_what_the_first_committed(
    lakehouse: Lakehouse, undisturbed: tuple[dict[str, Any], dict[str, Any]], at_point: AtPoint
) -> None:
    first, second = batch(lakehouse)
    at_point("published", kill, 1)
    with pytest.raises(Killed):
        lakehouse.load(first)

    again = lakehouse.load(first, second, token="another-attempt")

    expected, result = undisturbed
    assert state(lakehouse)[PREDICTIONS] == expected[PREDICTIONS]
    for mine, theirs in zip(again["loads"], result["loads"], strict=True):
        assert mine["counts"] == theirs["counts"]


def test_22_a_load_of_an_hour_ago_that_died_behind_its_commit_keeps_its_counts(
    lakehouse: Lakehouse, at_point: AtPoint
) -> None:
    """The search for its commit goes back to the day before the file came, and no less far."""
    came = datetime.now(UTC) - timedelta(hours=1)
    file = lakehouse.file(
        ARRIVALS, workbook(0, 30), received_at=came.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    at_point("committed", kill, 1)
    with pytest.raises(Killed):
        lakehouse.load(file)

    again = lakehouse.load(file)

    assert lakehouse.counts(again, PREDICTIONS) == (33, 30, 1, 1, 1)
    assert lakehouse.rows("ops.loads", "table_id", "accepted", "duplicate") == [
        (PREDICTIONS, 30, 1),
        (STOPS, 1, 32),
    ]


def test_22_branches_of_dead_loads_go_after_a_day_and_those_of_people_stay(
    lakehouse: Lakehouse, at_point: AtPoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    lakehouse.load(lakehouse.file(ARRIVALS, workbook(90, 5)))
    lakehouse.spark.sql(f"ALTER TABLE {lakehouse.identifier(PREDICTIONS)} CREATE BRANCH mine")
    at_point("staged", kill, 1)
    with pytest.raises(Killed):
        lakehouse.load(lakehouse.file(ARRIVALS, workbook(0, 5)), token="dead")

    def load_after(hours: int, first_bus: int) -> list[str]:
        clock = SimpleNamespace(time=lambda: time.time() + hours * 3600)
        monkeypatch.setattr(lakeio, "time", clock)
        lakehouse.load(lakehouse.file(ARRIVALS, workbook(first_bus, 5)))
        return sorted(lakehouse.branches(PREDICTIONS))

    assert load_after(23, 10) == ["load_dead", "mine"]
    assert load_after(25, 20) == ["mine"]


def test_24_a_key_that_a_second_attempt_has_put_on_the_branch_is_never_shown_twice(
    lakehouse: Lakehouse, at_point: AtPoint
) -> None:
    """The accounts of the load balance: only the look at the branch itself can see it."""
    name = lakehouse.identifier(PREDICTIONS)

    def second_attempt() -> None:
        (branch,) = lakehouse.branches(PREDICTIONS)
        rows = lakeio.LakeTable(lakehouse.spark, *name.split(".")[1:]).staged(branch)
        rows.writeTo(f"{name}.branch_{branch}").append()

    lakehouse.load(lakehouse.file(ARRIVALS, workbook(90, 1)))
    at_point("staged", second_attempt, 1)
    file = lakehouse.file(ARRIVALS, workbook(0, 5))

    with pytest.raises(KeysNotUnique, match=f"{PREDICTIONS} would hold keys more than once"):
        lakehouse.load(file)

    assert len(lakehouse.rows(PREDICTIONS)) == 1
    assert lakehouse.counts(lakehouse.load(file), PREDICTIONS) == (7, 5, 1, 0, 1)
    assert len(lakehouse.rows(PREDICTIONS)) == 6


def test_23_a_commit_whose_answer_is_lost_is_recognised_and_not_done_twice(
    lakehouse: Lakehouse, undisturbed: tuple[dict[str, Any], dict[str, Any]], at_point: AtPoint
) -> None:
    def commit_unheard() -> None:
        target = lakeio.LakeTable(
            lakehouse.spark, f"{lakehouse.prefix}emt_silver", PREDICTIONS[11:]
        )
        (branch,) = lakehouse.branches(PREDICTIONS)
        manage = target._java.manageSnapshots()
        manage.fastForwardBranch("main", branch).removeBranch(branch).commit()

    at_point("publishing", commit_unheard, 1)

    result = lakehouse.load(*batch(lakehouse))

    expected, undisturbed_result = undisturbed
    assert state(lakehouse) == expected
    assert result["loads"] == undisturbed_result["loads"]


@pytest.mark.parametrize(
    ("table", "point"),
    [(1, "branched"), (1, "publishing"), (2, "staged")],
    ids=["new rows, early", "new rows, late", "changed rows"],
)
def test_24_of_two_writers_that_meet_one_looks_again_and_every_row_is_there_once(
    lakehouse: Lakehouse, at_point: AtPoint, table: int, point: str
) -> None:
    lakehouse.load(lakehouse.file(ARRIVALS, workbook(90, 5)))
    mine = lakehouse.file(ARRIVALS, workbook(0, 30, stopName=None, Direction="Plaza"))
    theirs = lakehouse.file(ARRIVALS, workbook(20, 30, stopName="Atocha", Direction=None))
    other: list[dict[str, Any]] = []
    at_point(point, lambda: other.append(lakehouse.load(theirs)), table)

    result = lakehouse.load(mine)

    accepted = [run["loads"][0]["tables"][PREDICTIONS]["accepted"] for run in (result, other[0])]
    rows = lakehouse.rows(PREDICTIONS, "id")
    assert len(rows) == len(set(rows)) == 50 + 5
    assert sum(accepted) == 50
    # Both changed the one stop, and neither change is lost.
    assert lakehouse.rows(STOPS, "stop_name", "direction") == [("Atocha", "Plaza")]
    assert [lakehouse.branches(name) for name in FEED] == [[], []]


def test_24_publishing_is_a_compare_and_set(lakehouse: Lakehouse) -> None:
    """The window between the last look and the commit: the catalogue itself closes it."""
    lakehouse.load(lakehouse.file(ARRIVALS, workbook(0, 3)))
    target = lakeio.LakeTable(lakehouse.spark, f"{lakehouse.prefix}emt_silver", PREDICTIONS[11:])
    head = target.head()
    assert head is not None
    rows = target.at(head).limit(1)
    branch = target.stage(rows, None, head, "token", {})
    target._java.refresh()
    decided = target._java.manageSnapshots().fastForwardBranch("main", branch)

    rows.writeTo(target.identifier).append()

    with pytest.raises((Py4JJavaError, PySparkException)):
        decided.commit()
    with pytest.raises(lakeio.CommitConflict):
        target.publish(branch)
    assert target.at(target.head() or 0).count() == 3 + 1


def test_a_table_that_spark_forgot_meanwhile_is_staged_and_read_as_it_is_now(
    lakehouse: Lakehouse,
) -> None:
    """As it does when a job was busy elsewhere for half a minute."""
    lakehouse.load(lakehouse.file(ARRIVALS, workbook(0, 3)))
    target = lakeio.LakeTable(lakehouse.spark, f"{lakehouse.prefix}emt_silver", PREDICTIONS[11:])
    other = lakeio.LakeTable(lakehouse.spark, f"{lakehouse.prefix}emt_silver", PREDICTIONS[11:])
    head = target.head()
    assert head is not None

    def forget() -> None:
        lakehouse.spark.sql(f"REFRESH TABLE {target.identifier}")

    forget()
    row = target.at(head).limit(1).withColumn("line", F.lit("999"))
    branch = target.stage(row, "t.id = s.id", head, "token", {})
    forget()
    assert lakehouse.spark.read.table(target.identifier).count() == 3
    other.publish(branch)
    changed = target.head()
    assert changed is not None
    assert target.at(changed).where("line = '999'").count() == 1


def test_24_appends_of_several_lanes_to_one_operations_table_all_arrive(
    lakehouse: Lakehouse,
) -> None:
    lakehouse.load(lakehouse.file(ARRIVALS, workbook(0, 3)))
    rows = lakehouse.table("ops.loads").limit(1).cache()
    before = lakehouse.table("ops.loads").count()

    def append(_: int) -> None:
        lakeio.LakeTable(lakehouse.spark, f"{lakehouse.prefix}ops", "loads").append(rows)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(append, range(8)))

    assert lakehouse.table("ops.loads").count() == before + 8


def test_25_compaction_and_expiry_during_a_load_disturb_neither_it_nor_a_reader(
    lakehouse: Lakehouse, at_point: AtPoint
) -> None:
    for bus in (100, 200, 300):
        lakehouse.load(lakehouse.file(ARRIVALS, workbook(bus, 2)))
    name = lakehouse.identifier(PREDICTIONS).removeprefix("glue_catalog.")
    head = lakehouse.history(PREDICTIONS)[-1]["snapshot_id"]
    options = {"snapshot-id": str(head)}
    reader = lakehouse.spark.read.options(**options).table(lakehouse.identifier(PREDICTIONS))

    def maintain() -> None:
        call, later = "CALL glue_catalog.system", "TIMESTAMP '2100-01-01 00:00:00'"
        lakehouse.spark.sql(
            f"{call}.rewrite_data_files(table => '{name}', options => map('rewrite-all', 'true'))"
        )
        # What a reader may still read is kept: the last ones of every line of history.
        lakehouse.spark.sql(
            f"{call}.expire_snapshots(table => '{name}', older_than => {later}, retain_last => 3)"
        )

    at_point("staged", maintain, 1)

    result = lakehouse.load(lakehouse.file(ARRIVALS, workbook(0, 30)))

    assert lakehouse.counts(result, PREDICTIONS) == (33, 30, 1, 1, 1)
    rows = lakehouse.rows(PREDICTIONS, "id")
    assert len(rows) == len(set(rows)) == 36
    assert reader.count() == 6
    assert any(one["operation"] == "replace" for one in lakehouse.history(PREDICTIONS))


def test_29_reruns_and_an_overlapping_backfill_leave_the_same_table(lakehouse: Lakehouse) -> None:
    daily = lakehouse.file(ARRIVALS, workbook(0, 30), received_at="2025-08-30T06:00:00Z")
    backfill = lakehouse.file(ARRIVALS, workbook(10, 60), received_at="2025-09-30T06:00:00Z")
    lakehouse.load(daily)
    lakehouse.load(backfill)
    once = {table: lakehouse.rows(table) for table in FEED}

    for file in (daily, backfill, {**daily, "load_id": f"{daily['load_id'][:-2]}-1"}):
        lakehouse.load(file, token=f"again-{file['load_id']}-{file['received_at'][:10]}")

    assert {table: lakehouse.rows(table) for table in FEED} == once
    assert len(once[PREDICTIONS]) == 70
