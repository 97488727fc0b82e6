"""A day costs a day: what lies in other partitions is not opened, however much it is."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import DataFrame

from jobs import lakeio, merging
from tests.spark.lakehouse import Lakehouse, opened
from tests.spark.sheets import poll, prediction, sheet_of

pytestmark = pytest.mark.spark

ARRIVALS = "emt/arrivals"
PREDICTIONS = "emt_silver.arrivals_predictions"
HISTORY_DAYS = 60


def with_history(lakehouse: Lakehouse, days: int) -> None:
    """One file a day of a past that no load touches."""
    lakehouse.create(PREDICTIONS)
    lakehouse.spark.sql(
        f"""INSERT INTO {lakehouse.identifier(PREDICTIONS)}
        SELECT sha2(string(d), 256), CAST(date_sub(date'2025-08-01', d) AS timestamp_ntz),
          '001', '361', '1', 'X', false, 0, '1', 1, false, 1, '0', -3.7, 40.4,
          timestamp_ntz'2025-08-01 00:00:00'
        FROM (SELECT explode(sequence(1, {days})) d)"""
    )


def test_a_load_opens_the_partitions_of_its_own_days_only(lakehouse: Lakehouse) -> None:
    with_history(lakehouse, HISTORY_DAYS)
    lakehouse.load(lakehouse.file(ARRIVALS, sheet_of([poll(prediction())])))
    target = lakeio.LakeTable(lakehouse.spark, f"{lakehouse.prefix}emt_silver", PREDICTIONS[11:])
    head = target.head()
    assert head is not None
    where = merging.touched([date(2025, 8, 29)], "event_ts", "timestamp")

    assert opened(target.at(head)) == HISTORY_DAYS + 1
    assert opened(target.at(head, where)) == 1


def test_the_engine_asks_for_the_days_and_few_lines_of_its_batch(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_history(lakehouse, HISTORY_DAYS)
    asked: list[DataFrame] = []
    at = lakeio.LakeTable.at

    def noted(self: lakeio.LakeTable, snapshot_id: int, where: str | None = None) -> DataFrame:
        asked.append(at(self, snapshot_id, where))
        return asked[-1]

    monkeypatch.setattr(lakeio.LakeTable, "at", noted)
    first = sheet_of([poll(prediction(line=line)) for line in ("001", "27", "N1")])
    lakehouse.load(lakehouse.file(ARRIVALS, first))
    again = sheet_of([poll(prediction(line="001", bus=bus)) for bus in range(3)])
    lakehouse.load(lakehouse.file(ARRIVALS, again))

    past, own = (frame for frame in asked if "id" in frame.columns)
    assert opened(past) == 0
    assert opened(own) == 1  # of the three lines' files of the day


def test_a_merge_opens_the_partitions_of_its_own_hours_only(lakehouse: Lakehouse) -> None:
    table, source = "meteorology_silver.meteorology_current", "meteorology/workbook"

    def sheet(temp: float, day: int) -> bytes:
        epoch = 1_756_449_000 - day * 86_400
        row = {"location.name": "Barajas", "current.last_updated_epoch": epoch}
        return sheet_of([{**row, "current.temp_c": temp}], "Hoja1")

    for day in range(4):
        lakehouse.load(lakehouse.file(source, sheet(17, day)))

    lakehouse.load(lakehouse.file(source, sheet(18, 0), received_at="2025-09-01T00:00:00Z"))

    merged = lakehouse.history(table)[-2]["summary"]
    assert merged["deleted-data-files"] == merged["added-data-files"] == "1"
    assert merged["changed-partition-count"] == "1"
    assert sorted(lakehouse.rows(table, "temp_c")) == [(17.0,)] * 3 + [(18.0,)]


@pytest.mark.parametrize(
    ("days", "condition"),
    [
        ([1], "(d >= DATE '2025-08-01' AND d < DATE '2025-08-02')"),
        ([2, 1, 3], "(d >= DATE '2025-08-01' AND d < DATE '2025-08-04')"),
        (
            [1, 4],
            (
                "(d >= DATE '2025-08-01' AND d < DATE '2025-08-02')"
                " OR (d >= DATE '2025-08-04' AND d < DATE '2025-08-05')"
            ),
        ),
    ],
)
def test_days_become_as_few_ranges_as_cover_them(days: list[int], condition: str) -> None:
    assert merging.touched([date(2025, 8, day) for day in days], "d", "date") == condition


def test_a_batch_of_many_days_keeps_one_file_open_at_a_time(lakehouse: Lakehouse) -> None:
    """Iceberg's default, a file for each partition, ended ten day-workbooks in a 1 GB driver."""
    days = [poll(prediction(), at=f"2025-08-{day:02} 10:00:00") for day in range(1, 29)]

    result = lakehouse.load(lakehouse.file(ARRIVALS, sheet_of(days)))

    assert lakehouse.counts(result, PREDICTIONS) == (28, 28, 0, 0, 0)
    properties = lakehouse.spark.sql(f"SHOW TBLPROPERTIES {lakehouse.identifier(PREDICTIONS)}")
    assert ("write.spark.fanout.enabled", "false") in [tuple(row) for row in properties.collect()]
