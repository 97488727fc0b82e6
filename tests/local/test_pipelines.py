"""EMT-40 and faults 28, 29, 31: a pipeline's definition, walked to each of its ends."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from local.installed import cloud_python
from tests.local.state_machine import definition, variables

ROOT = Path(__file__).parents[2]
Walk = Mapping[str, Any]
RUN_FAILED = ["States.TaskFailed", json.dumps({"State": "FAILED", "StateDetails": "boom"})]
FULL = "Job failed as application has exceeded maximumCapacity settings: [cpu: 8 vCPU]"
NO_ROOM = ["States.TaskFailed", json.dumps({"State": "FAILED", "StateDetails": FULL})]
QUOTA = ["EMRServerless.ServiceQuotaExceededException", "the account's vCPU"]
CONFLICT = ["EmrServerless.ConflictException", "the application is stopping"]
# The simulator's clock: a minute is 1.2 seconds.
MINUTE_S = 60 * 0.02
CANCELLED = ["States.TaskFailed", json.dumps({"State": "CANCELLED", "StateDetails": "by hand"})]
VERDICT = ["States.TaskFailed", json.dumps({"StateDetails": "nothing is published: rows"})]
THROTTLED = ["EmrServerless.ThrottlingException", "Rate exceeded"]
DENIED = ["EmrServerless.AccessDeniedException", "no right to start a job"]
DAY = {"date": "2025-08-30T10:00:00Z", "full": False, "from": None, "to": None}
WEEK = {"date": "2025-08-07", "full": False, "from": "2025-08-01", "to": "2025-08-07"}
WALKS: list[dict[str, Any]] = [
    {"name": "well", "inputs": [DAY]},
    {"name": "undated", "inputs": [{}]},
    {"name": "full", "inputs": [{"date": "2025-08-30", "full": True}]},
    {"name": "week", "inputs": [WEEK]},
    {"name": "half", "inputs": [{"from": "2025-08-01"}]},
    {"name": "inverted", "inputs": [{"from": "2025-08-02", "to": "2025-08-01"}]},
    {"name": "wordy", "inputs": [{"date": "yesterday"}]},
    {"name": "throttled", "inputs": [DAY], "script": {"a": [THROTTLED, THROTTLED]}},
    {"name": "flood", "inputs": [DAY], "script": {"a": [THROTTLED] * 8}},
    {"name": "crowded", "inputs": [DAY], "script": {"a": [NO_ROOM, NO_ROOM, RUN_FAILED]}},
    {"name": "crowded-again", "inputs": [DAY], "script": {"a": [RUN_FAILED, NO_ROOM]}},
    {"name": "quota", "inputs": [DAY], "script": {"a": [QUOTA], "b": [CONFLICT]}},
    {"name": "mended", "inputs": [DAY], "script": {"a": [RUN_FAILED]}},
    {"name": "failed", "inputs": [DAY], "script": {"a": [RUN_FAILED, RUN_FAILED]}},
    {"name": "verdict", "inputs": [DAY], "script": {"a": [VERDICT]}},
    {"name": "cancelled", "inputs": [DAY], "script": {"a": [CANCELLED]}},
    {"name": "denied", "inputs": [DAY], "script": {"a": [DENIED]}},
    {"name": "late", "inputs": [DAY], "script": {"c": [["States.Timeout", "too long"]]}},
    {"name": "both", "inputs": [DAY, WEEK], "script": {"a": [1.5]}},
    {"name": "dead", "inputs": [DAY, DAY], "script": {"a": [20]}, "stop": 0},
]


def walked(text: str, walks: list[dict[str, Any]]) -> dict[str, Walk]:
    """What became of each walk."""
    done = subprocess.run(
        [str(cloud_python()), "-m", "tests.local.pipeline_simulator"],
        input=json.dumps({"definition": text, "walks": walks}),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Walk] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def asl(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two jobs side by side, then a third."""
    told = variables(stages=[["a", "b"], ["c"]], arguments=["--warehouse", "s3://gold"])
    return definition(tmp_path_factory.mktemp("asl") / "terraform", told)


@pytest.fixture(scope="module")
def walks(asl: str) -> dict[str, Walk]:
    return walked(asl, WALKS)


def names(walk: Walk) -> list[str]:
    """The jobs that were started; those of one stage in no order."""
    return sorted(job["job"] for job in walk["jobs"])


def argument(job: Mapping[str, Any], name: str) -> str | None:
    words = job["arguments"]
    return words[words.index(name) + 1] if name in words else None


def states(machine: Mapping[str, Any]) -> dict[str, Any]:
    """Every state, those of branches too."""
    found: dict[str, Any] = {}
    for name, state in machine["States"].items():
        found[name] = state
        for branch in state.get("Branches", []):
            found |= states(branch)
    return found


def test_each_task_has_a_retry_a_catch_and_a_limit(asl: str) -> None:
    tasks = {n: s for n, s in states(json.loads(asl)).items() if s["Type"] == "Task"}

    assert len(tasks) == 13
    for name, task in tasks.items():
        assert task["TimeoutSeconds"] > 0, name
        assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        for retry in task["Retry"]:
            assert (retry["MaxDelaySeconds"], retry["JitterStrategy"]) == (60, "FULL"), name
            # Only what passes by itself, and never everything.
            assert all("." in error for error in retry["ErrorEquals"]), name
            assert not any(error.startswith("States.") for error in retry["ErrorEquals"]), name


def test_every_state_leads_to_one_that_is_there_and_the_whole_has_a_limit(asl: str) -> None:
    machine = json.loads(asl)
    known = states(machine)

    assert machine["TimeoutSeconds"] == (2 * 30 + 10) * 60
    for name, state in known.items():
        nexts = [state.get("Next"), state.get("Default")]
        nexts += [one["Next"] for one in state.get("Catch", []) + state.get("Choices", [])]
        assert {one for one in nexts if one} <= set(known), name
        ends = state.get("End") or state["Type"] in ("Choice", "Fail", "Succeed")
        assert ends or state.get("Next"), name


def test_a_run_goes_stage_by_stage_and_names_where_its_results_are(walks: dict[str, Walk]) -> None:
    walk = walks["well"]
    (end,) = walk["ends"]
    last = walk["jobs"][-1]

    assert end["status"] == "SUCCEEDED"
    assert names(walk) == ["a", "b", "c"]
    assert last["job"] == "c"
    assert all(job["ended"] <= last["began"] for job in walk["jobs"][:-1])
    assert {job["resource"].rsplit(":", 1)[-1] for job in walk["jobs"]} == {"startJobRun.sync"}
    assert json.loads(end["output"]) == {
        "pipeline": "emt/tiny",
        "run": "well-0",
        "date": "2025-08-30",
        "jobs": [
            {
                "job": job,
                "state": "SUCCESS",
                "result": f"s3://pipe-jobs/runs/pipelines/well-0/{job}.json",
            }
            for job in ("a", "b", "c")
        ],
    }
    assert (walk["told"], walk["lease"]) == ([], None)


def test_a_job_is_told_its_arguments_the_day_the_run_and_where_to_answer(
    walks: dict[str, Walk],
) -> None:
    job = walks["well"]["jobs"][-1]

    assert job["arguments"] == [
        *("--warehouse", "s3://gold", "--served", "s3://pipe-served"),
        *("--date", "2025-08-30", "--run", "well-0"),
        *("--result", "s3://pipe-jobs/runs/pipelines/well-0/c.json"),
    ]
    assert argument(walks["full"]["jobs"][0], "--full") == "true"
    week = walks["week"]["jobs"][0]
    assert (argument(week, "--from"), argument(week, "--to")) == ("2025-08-01", "2025-08-07")
    assert argument(week, "--full") is None


def test_a_run_without_a_day_is_of_the_day_on_which_it_starts(walks: dict[str, Walk]) -> None:
    (end,) = walks["undated"]["ends"]
    started = end["history"][0]["timestamp"][:10]

    assert argument(walks["undated"]["jobs"][0], "--date") == started


@pytest.mark.parametrize("name", ["half", "inverted", "wordy"])
def test_an_input_that_means_nothing_starts_nothing_and_is_told(
    walks: dict[str, Walk], name: str
) -> None:
    walk = walks[name]

    assert [end["error"] for end in walk["ends"]] == ["InvalidInput"]
    assert (walk["jobs"], walk["lease"], len(walk["told"])) == ([], None, 1)


def test_fault_31_a_throttled_start_is_repeated_with_its_own_token(walks: dict[str, Walk]) -> None:
    walk = walks["throttled"]
    tokens = [job["token"] for job in walk["jobs"] if job["job"] == "a"]

    assert walk["ends"][0]["status"] == "SUCCEEDED"
    assert len(tokens) == 3
    assert len(set(tokens)) == 1


def test_fault_31_a_flood_of_refusals_is_waited_out_and_costs_no_attempt(
    walks: dict[str, Walk],
) -> None:
    walk = walks["flood"]
    calls = [job for job in walk["jobs"] if job["job"] == "a"]

    assert walk["ends"][0]["status"] == "SUCCEEDED"
    # Seven calls in a row, then a pause, and as one that was never heard of.
    assert len(calls) == 9
    tokens = [call["token"] for call in calls]
    assert (len(set(tokens[:7])), len(set(tokens[7:]))) == (1, 1)
    assert tokens[0] != tokens[7]
    assert calls[7]["began"] - calls[6]["ended"] >= MINUTE_S
    assert walk["told"] == []


@pytest.mark.parametrize(("name", "starts"), [("crowded", 4), ("crowded-again", 3)])
def test_a_run_without_room_is_no_attempt_and_comes_back_after_a_minute_as_a_new_one(
    walks: dict[str, Walk], name: str, starts: int
) -> None:
    walk = walks[name]
    runs = [job for job in walk["jobs"] if job["job"] == "a"]

    assert walk["ends"][0]["status"] == "SUCCEEDED"
    assert len({run["token"] for run in runs}) == len(runs) == starts
    pauses = [later["began"] - earlier["ended"] for earlier, later in pairwise(runs)]
    assert min(pauses) >= MINUTE_S
    assert walk["told"] == []


def test_a_call_that_emr_has_no_room_for_is_no_attempt(walks: dict[str, Walk]) -> None:
    walk = walks["quota"]

    assert walk["ends"][0]["status"] == "SUCCEEDED"
    assert names(walk) == ["a", "a", "b", "b", "c"]


def test_room_is_waited_for_as_long_as_a_run_may_take_and_no_longer(asl: str) -> None:
    # Terraform writes < as an escape of JSON; thirty minutes, for each of three jobs' two attempts.
    bound = r"$toMillis($states.context.Execution.StartTime) \u003c 1800000 %}"
    assert asl.count(bound) == 6
    late = asl.replace(bound, bound.replace("1800000", "0"))

    walk = walked(late, [{"name": "late", "inputs": [DAY], "script": {"a": [QUOTA]}}])["late"]

    assert walk["ends"][0]["error"] == "JobFailed"
    assert "the account's vCPU" in walk["ends"][0]["cause"]
    assert names(walk) == ["a", "b"]


def test_every_pause_before_a_job_is_a_minute_to_two_as_aws_reads_it(asl: str) -> None:
    known = states(json.loads(asl))
    pauses = {n: s for n, s in known.items() if s["Type"] == "Wait" and n != "Wait for its turn"}

    assert set(pauses) == {
        f"{step}: {pause}" for step in ("1 a", "1 b", "2 c") for pause in ("pause", "wait for room")
    }
    assert {pause["Seconds"] for pause in pauses.values()} == {"{% 60 + $floor($random() * 61) %}"}
    for step in ("1 a", "1 b", "2 c"):
        assert pauses[f"{step}: pause"]["Next"] == f"{step}: again"
        assert pauses[f"{step}: wait for room"]["Next"] == step


def test_fault_31_what_states_hand_on_stays_small(walks: dict[str, Walk]) -> None:
    assert max(end["input_bytes"] for walk in walks.values() for end in walk["ends"]) < 4096


def test_fault_28_a_job_that_died_is_tried_once_more_as_a_new_run(walks: dict[str, Walk]) -> None:
    walk = walks["mended"]
    tokens = [job["token"] for job in walk["jobs"] if job["job"] == "a"]

    assert walk["ends"][0]["status"] == "SUCCEEDED"
    assert len(set(tokens)) == len(tokens) == 2
    assert all(len(token) == 64 for token in tokens)  # the most that EMR takes


def test_a_job_that_fails_twice_fails_the_run_which_says_why(walks: dict[str, Walk]) -> None:
    walk = walks["failed"]
    (end,) = walk["ends"]

    assert (end["status"], end["error"]) == ("FAILED", "JobFailed")
    assert "a: " in end["cause"]
    assert "boom" in end["cause"]
    assert names(walk) == ["a", "a", "b"]  # its sibling went on to its end; no later stage began
    assert len(walk["told"]) == 1
    assert "2025-08-30" in walk["told"][0]
    assert "#pipeline-failed" in walk["told"][0]
    assert walk["lease"] is None


@pytest.mark.parametrize("name", ["verdict", "cancelled", "denied"])
def test_what_a_repetition_cannot_change_is_not_repeated(walks: dict[str, Walk], name: str) -> None:
    walk = walks[name]

    assert walk["ends"][0]["error"] == "JobFailed"
    assert names(walk) == ["a", "b"]
    assert walk["lease"] is None


def test_a_job_that_takes_too_long_fails_the_run(walks: dict[str, Walk]) -> None:
    walk = walks["late"]

    assert walk["ends"][0]["error"] == "JobFailed"
    assert names(walk) == ["a", "b", "c"]


def test_fault_29_a_backfill_and_the_daily_run_wait_for_each_other(walks: dict[str, Walk]) -> None:
    walk = walks["both"]
    daily = [job for job in walk["jobs"] if argument(job, "--run") == "both-0"]
    week = [job for job in walk["jobs"] if argument(job, "--run") == "both-1"]

    assert [end["status"] for end in walk["ends"]] == ["SUCCEEDED", "SUCCEEDED"]
    assert (len(daily), len(week)) == (3, 3)
    assert max(job["ended"] for job in daily) <= min(job["began"] for job in week)
    assert walk["lease"] is None


def test_a_run_that_was_stopped_gives_up_its_job_and_holds_nobody_up(
    walks: dict[str, Walk],
) -> None:
    walk = walks["dead"]
    (held,) = (
        job
        for job in walk["jobs"]
        if (job["job"], argument(job, "--run")) == ("a", "dead-0")  # "b" ran beside it
    )

    assert [end["status"] for end in walk["ends"]] == ["ABORTED", "SUCCEEDED"]
    assert held["given_up"]
    assert held["ended"] - held["began"] < 5
    assert walk["lease"] is None


@pytest.mark.parametrize(("walk", "end"), [("well", "SUCCEEDED"), ("failed", "FAILED")])
def test_eventbridge_hears_of_a_run_s_begin_and_end(
    walks: dict[str, Walk], walk: str, end: str
) -> None:
    assert walks[walk]["heard"] == ["RUNNING", end]


def test_a_run_ends_when_its_machine_s_time_is_up(asl: str) -> None:
    hasty = json.dumps({**json.loads(asl), "TimeoutSeconds": 1})

    walk = walked(hasty, [{"name": "slow", "inputs": [DAY], "script": {"a": [15]}}])["slow"]

    assert walk["ends"][0]["status"] == "TIMED_OUT"
    assert walk["heard"] == ["RUNNING", "TIMED_OUT"]
    assert walk["lease"] is not None  # the next run sees that its holder is dead
