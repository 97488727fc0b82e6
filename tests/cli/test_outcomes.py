from dataclasses import replace

import pytest

from lake.records import FileRecord, Receipt
from lake_cli.outcomes import Outcome, after

SENT = Outcome("a.xlsx", "emt/arrivals", sha256="ab" * 32)
RECEIPT = Receipt("emt/arrivals/a.xlsx", "v1", "accepted", "emt/arrivals", "ab" * 32, "now")
FILE = FileRecord(
    source="emt/arrivals",
    sha256="ab" * 32,
    file_name="a.xlsx",
    raw_key="emt/arrivals/a.xlsx",
    size=1,
    received_at="2025-09-01T10:00:00.000Z",
    first_seen="2025-09-01T10:00:00.000Z",
    last_seen="2025-09-01T10:00:00.000Z",
    state="loaded",
    first_receipt="emt/arrivals/a.xlsx#v1",
    load_id="abababababababab-0",
    sheet_rows=5,
    counts={"read": 9, "accepted": 5, "duplicate": 2, "rejected": 1, "empty": 1},
    tables={"emt_silver.stops": {"read": 1}},
)
ZEROS = {"read": 0, "accepted": 0, "duplicate": 0, "rejected": 0, "empty": 0}


def test_a_loaded_file_is_accepted_with_its_counts() -> None:
    found = after(SENT, RECEIPT, FILE)

    assert found.settled
    assert found.as_dict() == {
        "file": "a.xlsx",
        "source": "emt/arrivals",
        "status": "accepted",
        "reason": None,
        "sha256": "ab" * 32,
        "load_id": "abababababababab-0",
        "sheet_rows": 5,
        "read": 9,
        "accepted": 5,
        "duplicate": 2,
        "rejected": 1,
        "empty": 1,
        "tables": {"emt_silver.stops": {"read": 1}},
        "seconds": 0.0,
    }


def test_the_same_bytes_again_count_nothing_and_show_the_first_load() -> None:
    found = after(SENT, replace(RECEIPT, status="unchanged"), FILE).as_dict()

    assert found["status"] == "unchanged"
    assert found | ZEROS == found
    assert found["first_load"]["accepted"] == 5
    assert found["first_load"]["load_id"] == "abababababababab-0"


def test_a_refused_upload_says_why_even_where_its_bytes_are_good_elsewhere() -> None:
    found = after(SENT, replace(RECEIPT, status="quarantined", reason="is no workbook"), FILE)

    assert (found.status, found.reason) == ("quarantined", "is no workbook")
    assert found.bad


@pytest.mark.parametrize("state", ["quarantined", "failed"])
def test_what_the_job_could_not_use_says_why(state: str) -> None:
    found = after(SENT, RECEIPT, replace(FILE, state=state, reason="half of it is broken"))

    assert (found.status, found.reason, found.settled) == (state, "half of it is broken", True)
    assert found.counts.rejected == 1


@pytest.mark.parametrize(
    ("receipt", "file", "step"),
    [
        (None, None, "raw"),
        (RECEIPT, None, "bronze"),
        (RECEIPT, replace(FILE, state="waiting"), "bronze"),
        (RECEIPT, replace(FILE, state="loading"), "job"),
        (replace(RECEIPT, status="unchanged"), replace(FILE, state="loading"), "job"),
    ],
)
def test_a_file_on_its_way_says_where_it_is(
    receipt: Receipt | None, file: FileRecord | None, step: str
) -> None:
    found = after(SENT, receipt, file)

    assert (found.step, found.settled, found.bad) == (step, False, False)
