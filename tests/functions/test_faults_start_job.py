"""Faults 24 (the lease's part) and 28 of the matrix, lost messages, and kills between steps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lake.ledger import next_generation
from lake.records import FileRecord
from tests.factories import SWEEP, job_ended
from tests.functions.lake import APPLICATION, Lake
from tests.functions.test_start_job import token_of, wake
from tests.functions.waiting import loaded, message, state_of, waiting_file, write_result
from tests.functions.wire import Killed, Wire, refused

PUMP = {"kind": "pump", "lane": "emt-arrivals"}


@pytest.mark.parametrize("moment", ["TransactWriteItems", "PutObject", "StartJobRun"])
def test_fault_24_two_pumps_at_once_start_one_job(lake: Lake, wire: Wire, moment: str) -> None:
    """The second pump runs to its end just before the first one's next step."""
    records = [waiting_file(lake, f"{n}.xlsx", second=n) for n in range(3)]
    ran = False

    def second_pump(operation: str, _: dict[str, Any]) -> None:
        nonlocal ran
        if operation == moment and not ran:
            ran = True
            assert wake(PUMP) == []

    wire.before = second_pump
    assert wake(message(records[0])) == []

    assert ran
    assert len(wire.emr.runs) == 1
    assert {state_of(lake, record).job_run_id for record in records} == {"run000"}


def test_fault_24_a_lane_is_never_shared_by_two_runs(lake: Lake, wire: Wire) -> None:
    first = waiting_file(lake, "a.xlsx", second=0)
    wake(message(first))
    second = waiting_file(lake, "b.xlsx", second=1)

    assert wake(message(second), PUMP, SWEEP) == []

    assert len(wire.emr.runs) == 1
    assert state_of(lake, second).state == "waiting"


def test_fault_24_a_lane_held_by_a_dead_run_is_settled_by_the_next_message(
    lake: Lake, wire: Wire
) -> None:
    first = waiting_file(lake, "a.xlsx", second=0)
    wake(message(first))
    write_result(lake, token_of(wire, "run000"), loaded(first))
    wire.emr.end("run000")  # and the event that says so is lost
    second = waiting_file(lake, "b.xlsx", second=1)

    wake(message(second))

    assert state_of(lake, first).state == "loaded"
    assert state_of(lake, second).job_run_id == "run001"


def test_fault_24_a_lost_end_of_a_run_is_found_by_the_sweep(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    wake(message(record))
    write_result(lake, token_of(wire, "run000"), loaded(record))
    wire.emr.end("run000")

    wake(SWEEP)

    assert state_of(lake, record).state == "loaded"


def test_a_lost_message_about_a_file_is_made_good_by_the_sweep(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)

    wake(SWEEP)

    assert state_of(lake, record).job_run_id == "run000"


def test_a_run_that_emr_forgot_counts_by_what_it_wrote_down(lake: Lake, wire: Wire) -> None:
    done, lost = waiting_file(lake, "a.xlsx"), waiting_file(lake, "l.xlsx", source="emt/lines")
    wake(message(done), message(lost))
    write_result(lake, token_of(wire, "run000"), loaded(done))
    wire.emr.runs.clear()
    wire.emr.by_token.clear()

    wake(SWEEP)

    assert state_of(lake, done).state == "loaded"
    assert state_of(lake, lost).attempts == 1


def test_an_event_that_is_ahead_of_emr_itself_is_believed(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    wake(message(record))
    write_result(lake, token_of(wire, "run000"), loaded(record))

    wake(job_ended(APPLICATION, "run000"))  # GetJobRun still says RUNNING

    assert state_of(lake, record).state == "loaded"


def test_fault_28_a_lost_answer_of_start_job_run_starts_one_job(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    wire.lose_answer_of = "StartJobRun"

    assert wake(message(record)) == ["m0"]
    assert wake(message(record)) == []

    assert list(wire.emr.runs) == ["run000"]
    assert state_of(lake, record).job_run_id == "run000"


def test_fault_28_a_lost_answer_and_no_room_the_next_time_is_one_job_all_the_same(
    lake: Lake, wire: Wire
) -> None:
    record = waiting_file(lake)
    wire.lose_answer_of = "StartJobRun"
    assert wake(message(record)) == ["m0"]
    wire.fail = lambda op, _: refused(op, "ThrottlingException") if op == "StartJobRun" else None

    assert wake(SWEEP) == []

    now = state_of(lake, record)
    assert (now.state, now.attempts, lake.ledger.lease(record.lane)) == ("waiting", 0, None)
    wire.fail = None
    let_the_time_pass(lake, record)
    assert wake(SWEEP) == []
    assert list(wire.emr.runs) == ["run000"]
    assert state_of(lake, record).job_run_id == "run000"


def test_fault_28_a_run_that_ended_before_it_was_written_down_is_settled_by_its_end(
    lake: Lake, wire: Wire
) -> None:
    record = waiting_file(lake)
    wire.lose_answer_of = "StartJobRun"
    assert wake(message(record)) == ["m0"]
    write_result(lake, token_of(wire, "run000"), loaded(record))
    wire.emr.end("run000")

    assert wake(job_ended(APPLICATION, "run000")) == []

    assert state_of(lake, record).state == "loaded"


def test_a_person_is_told_once_though_the_function_dies_before_the_lane_is_free(
    lake: Lake, wire: Wire
) -> None:
    record = waiting_file(lake)
    wake(message(record))
    for number in range(2):
        wire.emr.end(f"run{number:03}", "FAILED", "boom")
        wake(job_ended(APPLICATION, f"run{number:03}", "FAILED"))
    wire.emr.end("run002", "FAILED", "boom")

    def dies(operation: str, _: dict[str, Any]) -> None:
        if operation == "DeleteItem":
            raise Killed(operation)

    wire.before = dies
    with pytest.raises(Killed):
        wake(job_ended(APPLICATION, "run002", "FAILED"))
    wire.before = None
    assert wake(job_ended(APPLICATION, "run002", "FAILED")) == []

    assert state_of(lake, record).state == "failed"
    assert lake.ledger.lease(record.lane) is None
    assert len(lake.notices()) == 1


def test_a_run_of_which_emr_says_no_details_is_settled_like_any_other(
    lake: Lake, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = waiting_file(lake)
    wake(message(record))
    answer = {"jobRun": {"state": "CANCELLED"}}
    real = wire.emr.call
    monkeypatch.setattr(
        wire.emr, "call", lambda op, asked: answer if op == "GetJobRun" else real(op, asked)
    )

    assert wake(job_ended(APPLICATION, "run000", "CANCELLED")) == []

    now = state_of(lake, record)
    assert (now.attempts, now.reason) == (1, "the job run run000 ended CANCELLED:")


def test_fault_28_the_same_request_is_sent_again_even_by_newer_code(
    lake: Lake, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = waiting_file(lake)
    wire.lose_answer_of = "StartJobRun"
    wake(message(record))
    monkeypatch.setenv("CODE_VERSION", "newer")
    monkeypatch.setenv("JOB_TIMEOUT_MINUTES", "90")

    assert wake(message(record)) == []

    assert list(wire.emr.runs) == ["run000"]


def test_fault_28_another_attempt_has_another_token(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    wake(message(record))
    wire.emr.end("run000", "FAILED")

    wake(job_ended(APPLICATION, "run000", "FAILED"), job_ended(APPLICATION, "run000", "FAILED"))

    assert len(wire.emr.runs) == 2
    assert token_of(wire, "run000") != token_of(wire, "run001")
    assert state_of(lake, record).attempts == 1


def test_the_end_of_a_run_told_twice_is_settled_once(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    wake(message(record))
    write_result(lake, token_of(wire, "run000"), loaded(record))
    wire.emr.end("run000")

    wake(job_ended(APPLICATION, "run000"))
    before = lake.state()
    wake(job_ended(APPLICATION, "run000"))

    assert lake.state() == before


def test_a_late_message_about_a_file_that_is_loaded_starts_nothing(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    wake(message(record))
    write_result(lake, token_of(wire, "run000"), loaded(record))
    wire.emr.end("run000")
    wake(job_ended(APPLICATION, "run000"))

    assert wake(message(record)) == []

    assert list(wire.emr.runs) == ["run000"]
    assert state_of(lake, record).state == "loaded"


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
def test_a_request_that_is_refused_for_good_costs_no_attempt_and_frees_the_lane(
    lake: Lake, wire: Wire, code: str
) -> None:
    record = waiting_file(lake)
    wire.emr.refuse_with = code

    assert wake(message(record)) == ["m0"]

    now = state_of(lake, record)
    assert (now.state, now.attempts) == ("waiting", 0)
    assert code in now.reason
    assert lake.ledger.lease("emt-arrivals") is None
    wire.emr.refuse_with = None
    assert wake(SWEEP) == []
    assert state_of(lake, record).state == "loading"


FULL = "Job failed as application has exceeded maximumCapacity settings: [cpu: 8 vCPU]"
NO_ROOM = [
    FULL,
    "Worker could not be allocated as the application has exceeded maximumCapacity settings",
    "Job failed as account has reached the service limit on the maximum vCPU it can use",
    "ApplicationMaxCapacityExceededException: Worker could not be allocated",
    "Abandoning job due to no executor being launched within 1200000ms after driver starts.",
]


def seconds_to_wait(record: FileRecord) -> float:
    """From now until the file may go again."""
    return (datetime.fromisoformat(record.not_before) - datetime.now(UTC)).total_seconds()


def let_the_time_pass(lake: Lake, record: FileRecord) -> None:
    """Put the moment before which a file does not go into the past."""
    lake.table.update_item(
        Key={"pk": f"file#{record.source}", "sk": record.sha256},
        UpdateExpression="SET not_before = :past",
        ExpressionAttributeValues={":past": "2025-08-29T10:00:00.000Z"},
    )


@pytest.mark.parametrize(
    "code",
    [
        "ConflictException",
        "ServiceQuotaExceededException",
        "ThrottlingException",
        "ApplicationMaxCapacityExceededException",
        "TooManyRequestsException",
    ],
)
def test_a_job_that_emr_has_no_room_for_costs_no_attempt_and_waits_a_minute_or_two(
    lake: Lake, wire: Wire, code: str
) -> None:
    record = waiting_file(lake)
    wire.fail = lambda op, _: refused(op, code, 402) if op == "StartJobRun" else None

    assert wake(message(record)) == []

    now = state_of(lake, record)
    assert (now.state, now.attempts, now.waits, now.job_run_id) == ("waiting", 0, 0, "")
    assert code in now.reason
    assert 55 < seconds_to_wait(now) <= 120
    assert lake.ledger.lease(record.lane) is None
    # Nothing brings it back at once, whatever else happens.
    wire.fail = None
    assert wake(message(record), SWEEP, PUMP) == []
    assert wire.emr.runs == {}
    let_the_time_pass(lake, record)
    assert wake(SWEEP) == []
    assert state_of(lake, record).job_run_id == "run000"


@pytest.mark.parametrize("details", NO_ROOM)
def test_a_run_that_failed_for_want_of_room_costs_no_attempt_and_is_not_found_again(
    lake: Lake, wire: Wire, details: str
) -> None:
    record = waiting_file(lake)
    wake(message(record))
    wire.emr.end("run000", "FAILED", details)

    assert wake(job_ended(APPLICATION, "run000", "FAILED")) == []

    now = state_of(lake, record)
    assert (now.state, now.attempts, now.waits) == ("waiting", 0, 1)
    assert now.reason == f"no room for the job run run000: {details}"
    assert 55 < seconds_to_wait(now) <= 120
    assert len(wire.emr.runs) == 1
    let_the_time_pass(lake, record)
    assert wake(SWEEP) == []
    # The token of the run that had no room is used up.
    assert state_of(lake, record).job_run_id == "run001"
    assert token_of(wire, "run001") != token_of(wire, "run000")


def test_a_job_that_never_finds_room_becomes_an_attempt_at_last(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    for number in range(51):
        assert wake(SWEEP) == []
        assert state_of(lake, record).attempts == 0
        wire.emr.end(f"run{number:03}", "FAILED", FULL)
        wake(job_ended(APPLICATION, f"run{number:03}", "FAILED"))
        let_the_time_pass(lake, record)

    assert state_of(lake, record).attempts == 1


def test_a_failure_whose_cause_is_not_known_yet_is_judged_when_it_is(
    lake: Lake, wire: Wire
) -> None:
    record = waiting_file(lake)
    wake(message(record))

    wake(job_ended(APPLICATION, "run000", "FAILED"))  # GetJobRun still says RUNNING
    assert state_of(lake, record).state == "loading"
    wire.emr.end("run000", "FAILED", FULL)
    wake(SWEEP)

    assert (state_of(lake, record).state, state_of(lake, record).attempts) == ("waiting", 0)


def test_the_next_file_of_a_full_lane_does_not_overtake(lake: Lake, wire: Wire) -> None:
    first = waiting_file(lake, "a.xlsx", second=0)
    wake(message(first))
    wire.emr.end("run000", "FAILED", FULL)
    wake(job_ended(APPLICATION, "run000", "FAILED"))
    second = waiting_file(lake, "b.xlsx", second=1)

    assert wake(message(second)) == []

    assert len(wire.emr.runs) == 1
    assert state_of(lake, second).state == "waiting"


def test_a_file_that_is_replayed_waits_no_more(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    wake(message(record))
    wire.emr.end("run000", "FAILED", FULL)
    wake(job_ended(APPLICATION, "run000", "FAILED"))

    again = next_generation(state_of(lake, record), record.lane, record.job)

    assert (again.waits, again.not_before) == (0, "")


def test_an_error_of_aws_gives_the_message_back(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    wire.fail = lambda operation, _: refused(operation) if operation == "PutObject" else None

    assert wake(message(record)) == ["m0"]

    wire.fail = None
    assert wake(message(record)) == []
    assert len(wire.emr.runs) == 1


def test_a_start_that_is_killed_after_any_call_ends_like_an_undisturbed_one(
    lake: Lake, wire: Wire
) -> None:
    records = [waiting_file(lake, f"{n}.xlsx", second=n) for n in range(3)]
    initial = lake.items()
    told = [message(record) for record in records]
    wire.calls.clear()
    wake(*told)
    calls = len(wire.calls)
    undisturbed = lake.state()
    assert calls > 8

    for kill_after in range(1, calls + 1):
        reset(lake, wire, initial)
        wire.kill_after = kill_after
        with pytest.raises(Killed):
            wake(*told)
        wire.kill_after = None
        assert wake(*told) == []

        assert len(wire.emr.runs) == 1
        assert lake.state() == undisturbed, f"killed after call {kill_after}"


def test_a_settlement_that_is_killed_after_any_call_ends_like_an_undisturbed_one(
    lake: Lake, wire: Wire
) -> None:
    good, bad = waiting_file(lake, "good.xlsx", second=0), waiting_file(lake, "bad.xlsx", second=1)
    wake(message(good), message(bad))
    refusal = loaded(bad, status="refused", reason="too many bad rows")
    write_result(lake, token_of(wire, "run000"), loaded(good), refusal)
    wire.emr.end("run000")
    initial, runs = lake.items(), dict(wire.emr.runs)
    wire.calls.clear()
    wake(job_ended(APPLICATION, "run000"))
    calls = len(wire.calls)
    undisturbed = lake.state()
    assert calls > 8

    for kill_after in range(1, calls + 1):
        reset(lake, wire, initial, keep_jobs=True)
        wire.emr.runs.update(runs)
        wire.kill_after = kill_after
        with pytest.raises(Killed):
            wake(job_ended(APPLICATION, "run000"))
        wire.kill_after = None
        assert wake(job_ended(APPLICATION, "run000")) == []

        assert lake.state() == undisturbed, f"killed after call {kill_after}"


def reset(lake: Lake, wire: Wire, items: list[dict[str, Any]], *, keep_jobs: bool = False) -> None:
    """The ledger as it was; nothing started, nothing quarantined."""
    for item in lake.items():
        lake.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
    for item in items:
        lake.table.put_item(Item=item)
    for role in ("quarantine",) if keep_jobs else ("quarantine", "jobs"):
        for key, version in lake.versions(role):
            lake.s3.delete_object(Bucket=lake.bucket(role), Key=key, VersionId=version)
    wire.emr.runs.clear()
    wire.emr.by_token.clear()
    wire.calls.clear()
