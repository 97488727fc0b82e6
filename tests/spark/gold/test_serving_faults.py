"""Publications that are killed, damaged or met by a person: people see one whole answer or another.

Numbers of faults are those of the matrix in docs/testing.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.scratch import Scratch
from jobs.serving import ServingFailed
from lake import served
from tests.spark.gold.serving_lake import HOURS, LINES, ServingLake, hour
from tests.spark.killing import AtPoint, Killed, kill
from tests.spark.lakehouse import Lakehouse

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("adaptive")]


@pytest.fixture
def lake(lakehouse: Lakehouse, tmp_path: Path) -> ServingLake:
    made = ServingLake(lakehouse, tmp_path / "bucket")
    made.put(hour("27", "2025-08-27 10:00:00"))
    made.publish()
    return made


def lines(lake: ServingLake) -> list[str]:
    return [row[0] for row in lake.seen()]


def test_a_run_killed_between_files_and_manifest_leaves_nothing_that_the_next_does_not_clear(
    lake: ServingLake, at_point: AtPoint
) -> None:
    before = lake.files()
    lake.put(hour("3", "2025-08-27 10:00:00"))
    at_point("served_files", kill, 1)

    with pytest.raises(Killed):
        lake.publish()

    assert lines(lake) == ["27"]
    dead = lake.files() - before
    assert [Path(name).suffix for name in dead] == [".parquet"]
    # A process that is killed cleans nothing up: its table is there, too.
    database = f"{lake.lakehouse.prefix}emt_gold"
    left = Scratch(lake.lakehouse.spark, database, f"served_{LINES.id}")
    left.write(lake.lakehouse.spark.range(1).toDF("other"), ["other"], str(lake.place / "dead"))

    assert lake.publish()["emt_lines"]["status"] == "published"

    assert lines(lake) == ["27", "3"]
    assert not dead & lake.files()
    assert lake.look().unfinished == ()
    assert lake.tables() == ["delay_weather_hourly"]
    metadata = Path(lake.lakehouse.warehouse) / database / f"served_{LINES.id}"
    assert not metadata.exists()


def test_a_run_killed_between_manifest_and_pointer_is_finished_by_the_next_without_writing_anew(
    lake: ServingLake, at_point: AtPoint
) -> None:
    lake.put(hour("3", "2025-08-27 10:00:00"))
    at_point("served_manifest", kill, 1)
    with pytest.raises(Killed):
        lake.publish()
    assert lines(lake) == ["27"]
    left = lake.files()

    told = lake.publish()["emt_lines"]

    assert (told["status"], lines(lake), lake.files()) == ("published", ["27", "3"], left)


def test_a_run_killed_between_two_results_shows_the_second_with_the_next(
    lake: ServingLake, at_point: AtPoint
) -> None:
    lake.show(LINES, HOURS)
    at_point("served_manifest", kill, 1)
    with pytest.raises(Killed):
        lake.publish()
    assert lake.look(HOURS.id).current is None

    lake.publish()

    assert [row[1] for row in lake.seen(HOURS.id)] == ["27"]


def test_a_file_that_is_not_what_was_written_keeps_the_old_answer(
    lake: ServingLake, at_point: AtPoint
) -> None:
    lake.put(hour("3", "2025-08-27 10:00:00"))

    def damage() -> None:
        (key,) = lake.look().unfinished
        path = lake.place / key
        path.write_bytes(path.read_bytes()[:-9])

    at_point("served_files", damage, 1)

    with pytest.raises(ServingFailed, match=r"\.parquet has \d+ bytes of \d+"):
        lake.publish()

    assert lines(lake) == ["27"]
    lake.publish()
    assert lines(lake) == ["27", "3"]


def test_a_walk_that_began_before_a_publication_ends_in_the_snapshot_it_began_in(
    lake: ServingLake,
) -> None:
    walk = lake.manifest()
    lake.put(hour("3", "2025-08-27 10:00:00"))

    lake.publish()

    assert [row[0] for row in lake.rows(walk)] == ["27"]
    assert lines(lake) == ["27", "3"]


def test_a_rollback_stays_until_there_is_something_newer(lake: ServingLake) -> None:
    lake.put(hour("3", "2025-08-27 10:00:00"))
    lake.publish()
    lake.shelf().roll_back()
    assert lines(lake) == ["27"]
    held = lake.files()

    told = lake.publish()["emt_lines"]

    assert (told["status"], told["shown"]) == ("rolled_back", lake.look().whole[0])
    assert (lines(lake), lake.files()) == (["27"], held)
    lake.put(hour("9", "2025-08-27 10:00:00"))
    assert lake.publish()["emt_lines"]["status"] == "published"
    assert lines(lake) == ["27", "3", "9"]
    pointer = lake.look().pointer
    assert pointer is not None
    assert not pointer.rolled_back


def test_a_person_who_rolls_back_while_a_run_publishes_is_not_overruled_by_it(
    lake: ServingLake, at_point: AtPoint
) -> None:
    lake.put(hour("3", "2025-08-27 10:00:00"))
    lake.publish()
    first = lake.look().whole[0]
    lake.put(hour("9", "2025-08-27 10:00:00"))
    at_point("served_manifest", lambda: lake.shelf().roll_back(first) and None, 1)

    told = lake.publish()["emt_lines"]

    assert (told["status"], lines(lake)) == ("held_back", ["27"])
    assert lake.publish()["emt_lines"]["status"] == "rolled_back"
    # What was held back is whole: the person may look at it and show it.
    lake.shelf().roll_back(told["snapshot"])
    assert lines(lake) == ["27", "3", "9"]
    assert lake.publish()["emt_lines"]["status"] == "unchanged"


def test_a_pointer_that_was_damaged_or_names_what_is_gone_is_mended_by_the_next_run(
    lake: ServingLake,
) -> None:
    path = lake.place / served.pointer_key(LINES.id)
    whole = path.read_text()
    gone = whole.replace(lake.look().whole[0], "20200101T000000Z-00000000")

    for content in ("{half", gone, gone.replace("false", "true")):
        path.write_text(content)

        assert lake.publish()["emt_lines"]["status"] == "published"

        assert path.read_text() == whole
