"""start_job: from files that wait to job runs, and from runs that ended to the ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.start_job.handler import StartJobSettings, connect, handler
from functions.start_job.pump import _not_before
from lake.ledger import Ledger
from tests.factories import SWEEP, LambdaContext, failed_ids, job_ended, sqs_event
from tests.functions.lake import APPLICATION, Lake
from tests.functions.waiting import loaded, message, state_of, waiting_file, write_result
from tests.functions.wire import Wire


def wake(*messages: dict[str, Any]) -> list[str]:
    return failed_ids(handler(sqs_event(*messages, fifo=True), LambdaContext()))


def token_of(wire: Wire, run_id: str) -> str:
    token: str = wire.emr.runs[run_id]["request"]["clientToken"]
    return token


def test_a_waiting_file_becomes_a_job_that_is_told_everything(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)

    assert wake(message(record)) == []

    request = wire.emr.runs["run000"]["request"]
    token = request["clientToken"]
    jobs = lake.bucket("jobs")
    submit = request["jobDriver"]["sparkSubmit"]
    assert submit["entryPoint"] == f"s3://{jobs}/spark/emt_arrivals.py"
    assert submit["entryPointArguments"] == [
        "--batch",
        f"s3://{jobs}/batches/{token}.json",
        "--result",
        f"s3://{jobs}/runs/{token}.json",
        "--warehouse",
        f"s3://{lake.bucket('silver')}",
        "--db",
        "tfm_dgv_mbdde_emt_silver",
    ]
    assert submit["sparkSubmitParameters"].startswith(f"--py-files s3://{jobs}/spark/lake.zip ")
    assert request["executionTimeoutMinutes"] == 60
    assert json.loads(lake.objects("jobs")[f"batches/{token}.json"]) == {
        "token": token,
        "job": "emt_arrivals",
        "files": [
            {
                "uri": f"s3://{lake.bucket('bronze')}/emt/arrivals/a.xlsx",
                "source": "emt/arrivals",
                "sha256": record.sha256,
                "load_id": record.load_id,
                "received_at": record.received_at,
                "file_name": "a.xlsx",
            }
        ],
    }
    now = state_of(lake, record)
    assert (now.state, now.job_run_id, now.token) == ("loading", "run000", token)
    assert lake.ledger.waiting("emt-arrivals", 10) == []


def test_ten_files_make_one_job_and_the_eleventh_waits_for_its_end(lake: Lake, wire: Wire) -> None:
    records = [waiting_file(lake, f"{n}.xlsx", second=n) for n in range(11)]

    wake(*[message(record) for record in reversed(records)])

    assert len(wire.emr.runs) == 1
    states = [state_of(lake, record).state for record in records]
    assert states == ["loading"] * 10 + ["waiting"]

    write_result(lake, token_of(wire, "run000"), *[loaded(record) for record in records[:10]])
    wire.emr.end("run000")
    wake(job_ended(APPLICATION, "run000"))

    states = [state_of(lake, record).state for record in records]
    assert states == ["loaded"] * 10 + ["loading"]
    assert len(wire.emr.runs) == 2


def test_files_of_two_sources_of_one_lane_go_one_after_the_other(lake: Lake, wire: Wire) -> None:
    first = waiting_file(lake, "a.xlsx", second=1)
    other = waiting_file(lake, "stops.xlsx", source="emt/stops", second=0)
    elsewhere = waiting_file(lake, "lines.xlsx", source="emt/lines")

    wake(message(first), message(other), message(elsewhere))

    names = [run["request"]["name"] for run in wire.emr.runs.values()]
    assert names == ["emt_stops", "emt_lines"]
    assert state_of(lake, other).state == "loading"
    assert state_of(lake, first).state == "waiting"


def test_a_run_that_ended_well_writes_its_counts_into_the_ledger(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    wake(message(record))
    write_result(lake, token_of(wire, "run000"), loaded(record))
    wire.emr.end("run000")

    assert wake(job_ended(APPLICATION, "run000")) == []

    now = state_of(lake, record)
    assert (now.state, now.sheet_rows) == ("loaded", 5)
    assert now.totals.accepted == 7
    assert now.tables is not None
    assert now.tables["emt_silver.arrivals_predictions"]["derived"] is False
    assert lake.ledger.lease("emt-arrivals") is None


def test_a_file_that_the_job_refused_is_quarantined_and_stays_in_bronze(
    lake: Lake, wire: Wire
) -> None:
    record = waiting_file(lake)
    wake(message(record))
    reason = "31 of 100 rows are bad (31.0 %); at most 5.0 % are taken"
    counts = {"read": 100, "accepted": 0, "duplicate": 0, "rejected": 100, "empty": 0}
    write_result(
        lake,
        token_of(wire, "run000"),
        loaded(record, status="refused", reason=reason, counts=counts),
    )
    wire.emr.end("run000")

    wake(job_ended(APPLICATION, "run000"))

    now = state_of(lake, record)
    assert (now.state, now.reason) == ("quarantined", reason)
    assert now.totals.rejected == 100
    assert lake.objects("quarantine")[now.quarantine_key] == b"data"
    place = f"emt/arrivals/{record.sha256[:16]}"
    said = json.loads(lake.objects("quarantine")[f"{place}/reason.json"])
    assert (said["code"], said["reason"]) == ("too_many_bad_rows", reason)
    assert (said["sha256"], said["size"]) == (record.sha256, 4)
    assert lake.objects("bronze")[record.bronze_key] == b"data"


def test_a_failing_run_is_tried_three_times_and_then_a_person_is_told(
    lake: Lake, wire: Wire
) -> None:
    record = waiting_file(lake)
    wake(message(record))

    for attempt in range(3):
        assert state_of(lake, record).attempts == attempt
        wire.emr.end(f"run{attempt:03}", "FAILED", "ExitCode: 1. Last exception: boom")
        wake(job_ended(APPLICATION, f"run{attempt:03}", "FAILED"))

    now = state_of(lake, record)
    assert (now.state, now.attempts, len(wire.emr.runs)) == ("failed", 3, 3)
    assert now.reason.endswith("ExitCode: 1. Last exception: boom")
    (notice,) = lake.notices()
    assert "a.xlsx" in notice["Message"]
    assert "boom" in notice["Message"]
    assert lake.ledger.lease("emt-arrivals") is None


def test_a_file_whose_run_failed_goes_alone_so_that_it_takes_no_other_down(
    lake: Lake, wire: Wire
) -> None:
    bad = waiting_file(lake, "bad.xlsx", second=0)
    good = waiting_file(lake, "good.xlsx", second=1)
    wake(message(bad))
    assert batch(lake, token_of(wire, "run000")) == [bad.load_id, good.load_id]

    for run_id in ("run000", "run001", "run002"):
        wire.emr.end(run_id, "FAILED")
        wake(job_ended(APPLICATION, run_id, "FAILED"))
    write_result(lake, token_of(wire, "run003"), loaded(good))
    wire.emr.end("run003")
    wake(job_ended(APPLICATION, "run003"))

    batches = [batch(lake, token_of(wire, f"run{number:03}")) for number in (1, 2, 3)]
    assert batches == [[bad.load_id], [bad.load_id], [good.load_id]]
    assert state_of(lake, bad).state == "failed"
    assert state_of(lake, good).state == "loaded"


@pytest.mark.parametrize("place", [1, 2])
def test_files_that_have_not_failed_go_together_past_one_that_has(
    lake: Lake, wire: Wire, place: int
) -> None:
    files = [waiting_file(lake, f"{n}.xlsx", second=n) for n in range(3)]
    failed = files.pop(place)
    lake.table.update_item(
        Key={"pk": f"file#{failed.source}", "sk": failed.sha256},
        UpdateExpression="SET attempts = :one",
        ExpressionAttributeValues={":one": 1},
    )

    wake(message(files[0]))

    assert batch(lake, token_of(wire, "run000")) == [file.load_id for file in files]
    assert state_of(lake, failed).state == "waiting"


@pytest.mark.parametrize(
    ("token", "seconds"), [("0" * 32, 60), (f"{60:032x}", 120), (f"{61:032x}", 60), ("f", 75)]
)
def test_what_finds_no_room_waits_from_one_minute_to_two_by_its_token(
    token: str, seconds: int
) -> None:
    before = datetime.now(UTC)

    until = datetime.fromisoformat(_not_before(token))

    wait = timedelta(seconds=seconds, milliseconds=-1)  # a moment is written in milliseconds
    assert before + wait <= until <= datetime.now(UTC) + timedelta(seconds=seconds)


def batch(lake: Lake, token: str) -> list[str]:
    manifest = json.loads(lake.objects("jobs")[f"batches/{token}.json"])
    return [file["load_id"] for file in manifest["files"]]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (None, "without saying what it loaded"),
        (b"{not json", "without saying what it loaded"),
        (b"[]", "without saying what it loaded"),
        (b'{"loads": []}', "no readable result"),
        (b'{"loads": [{"load_id": "LOAD"}]}', "no readable result"),
    ],
)
def test_a_run_without_a_readable_result_counts_as_failed(
    lake: Lake, wire: Wire, result: bytes | None, reason: str
) -> None:
    record = waiting_file(lake)
    wake(message(record))
    if result is not None:
        lake.s3.put_object(
            Bucket=lake.bucket("jobs"),
            Key=f"runs/{token_of(wire, 'run000')}.json",
            Body=result.replace(b"LOAD", record.load_id.encode()),
        )
    wire.emr.end("run000")

    assert wake(job_ended(APPLICATION, "run000")) == []

    now = state_of(lake, record)
    assert now.attempts == 1
    assert reason in now.reason


def test_counts_that_do_not_balance_are_never_written(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    wake(message(record))
    counts = {"read": 10, "accepted": 8, "duplicate": 0, "rejected": 1, "empty": 0}
    write_result(lake, token_of(wire, "run000"), loaded(record, counts=counts))
    wire.emr.end("run000")

    wake(job_ended(APPLICATION, "run000"))

    now = state_of(lake, record)
    assert (now.state, now.attempts, now.counts) == ("loading", 1, None)
    assert "lost rows" in now.reason


def test_a_replay_loads_a_file_again_under_a_new_load_id(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)
    wake(message(record))
    write_result(lake, token_of(wire, "run000"), loaded(record))
    wire.emr.end("run000")
    wake(job_ended(APPLICATION, "run000"))

    again = lake.ledger.requeue(state_of(lake, record), "emt-arrivals", "emt_arrivals")
    wake({"kind": "pump", "lane": "emt-arrivals"})

    assert again.load_id == f"{record.sha256[:16]}-1"
    assert batch(lake, token_of(wire, "run001")) == [again.load_id]


def test_states_that_are_no_end_and_runs_of_others_do_nothing(lake: Lake, wire: Wire) -> None:
    waiting_file(lake)

    assert wake(job_ended(APPLICATION, "run000", "RUNNING"), job_ended("other", "run000")) == []

    assert wire.emr.runs == {}


def test_a_message_that_nobody_knows_comes_back_and_holds_its_group(lake: Lake) -> None:
    assert wake({"kind": "joke", "lane": "emt-arrivals"}) == ["m0"]


def test_a_sweep_moves_every_lane_even_when_one_is_in_trouble(lake: Lake, wire: Wire) -> None:
    records = [waiting_file(lake), waiting_file(lake, "l.xlsx", source="emt/lines")]
    wire.fail = lambda operation, request: (
        RuntimeError("no answer")
        if operation == "StartJobRun" and request["name"] == "emt_arrivals"
        else None
    )

    assert wake(SWEEP) == ["m0"]

    assert state_of(lake, records[1]).job_run_id == "run000"
    wire.fail = None
    assert wake(SWEEP) == []
    assert state_of(lake, records[0]).job_run_id == "run001"


def test_a_message_that_fails_holds_its_own_lane_and_no_other(lake: Lake, wire: Wire) -> None:
    held, other = waiting_file(lake), waiting_file(lake, "l.xlsx", source="emt/lines")
    wire.fail = lambda operation, request: (
        RuntimeError("no answer")
        if operation == "StartJobRun" and request["name"] == "emt_arrivals"
        else None
    )

    given_back = wake(message(held), message(other), {"kind": "pump", "lane": "emt-arrivals"})

    assert given_back == ["m0", "m2"]
    assert state_of(lake, other).job_run_id == "run000"


def counted(out: str) -> dict[str, float]:
    """The metrics that CloudWatch reads off the log of one batch of messages."""
    (metrics,) = (json.loads(line) for line in out.splitlines() if '"_aws"' in line)
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Albufera", [["service"]])
    assert metrics["service"] == "start_job"
    return {metric["Name"]: sum(metrics[metric["Name"]]) for metric in directive["Metrics"]}


def test_what_happened_to_jobs_and_rows_is_counted(
    lake: Lake, wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = waiting_file(lake), waiting_file(lake, "l.xlsx", source="emt/lines")
    nothing = {"JobsStarted": 0, "JobsFailed": 0, "RowsAccepted": 0, "RowsRejected": 0}

    wake(message(good), message(bad))
    assert counted(capsys.readouterr().out) == {**nothing, "JobsStarted": 2}

    counts = {"read": 10, "accepted": 6, "duplicate": 1, "rejected": 2, "empty": 1}
    write_result(lake, token_of(wire, "run000"), loaded(good, counts=counts))
    wire.emr.end("run000")
    wire.emr.end("run001", "FAILED", "boom")
    wake(job_ended(APPLICATION, "run000"), job_ended(APPLICATION, "run001", "FAILED"))
    assert counted(capsys.readouterr().out) == {
        "JobsStarted": 1,  # the one that failed, once more
        "JobsFailed": 1,
        "RowsAccepted": 6,
        "RowsRejected": 2,
    }

    wire.emr.end("run002", "FAILED", "the application has exceeded maximumCapacity settings")
    wake(job_ended(APPLICATION, "run002", "FAILED"))
    assert counted(capsys.readouterr().out) == nothing, "to find no room is no failure"


def test_a_file_goes_by_its_message_though_the_index_does_not_show_it_yet(
    lake: Lake, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = waiting_file(lake)
    monkeypatch.setattr(Ledger, "waiting", lambda *_: [])

    assert wake(message(record)) == []

    assert state_of(lake, record).job_run_id == "run000"


def test_a_message_with_another_lane_than_its_files_moves_no_file(lake: Lake, wire: Wire) -> None:
    record = waiting_file(lake)

    assert wake({**message(record), "lane": "emt-lines"}) == []

    assert wire.emr.runs == {}


def test_a_sweep_finds_a_file_whose_lane_is_not_declared_any_more(lake: Lake, wire: Wire) -> None:
    record = replace(waiting_file(lake), sha256="0" * 64, lane="emt-of-old")
    assert lake.ledger.admit(record)

    assert wake(SWEEP) == []

    assert state_of(lake, record).state == "loading"


def test_a_subject_is_cut_to_the_hundred_characters_that_sns_takes(lake: Lake, wire: Wire) -> None:
    record = replace(waiting_file(lake), source=f"emt/{'x' * 100}")

    connect(StartJobSettings.from_env())._notify(record, "boom")

    (notice,) = wire.named("Publish")
    assert notice["Subject"] == f"Albufera: a file of emt/{'x' * 76}"
