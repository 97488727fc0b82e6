"""Nothing is lost on the way: dead letters, retries, sweeps, hidden messages."""

from __future__ import annotations

import json

import pytest

from tests.terraform.mocked_lake import ACCOUNT, Lake, Resource, statements


def dead_letter_arns(lake: Lake) -> set[str]:
    """Every queue that something points at for what it gives up."""
    return {
        *(
            json.loads(redrive["redrive_policy"])["deadLetterTargetArn"]
            for redrive in lake.all("aws_sqs_queue_redrive_policy")
        ),
        *(
            target["dead_letter_config"][0]["arn"]
            for target in lake.all("aws_cloudwatch_event_target")
        ),
        *(
            function["dead_letter_config"][0]["target_arn"]
            for function in lake.all("aws_lambda_function")
        ),
    }


def test_every_queue_gives_up_to_dead_letters_or_is_one(lake: Lake) -> None:
    queues = {queue["arn"]: queue for queue in lake.all("aws_sqs_queue")}
    redrives = {
        redrive["queue_url"]: json.loads(redrive["redrive_policy"])
        for redrive in lake.all("aws_sqs_queue_redrive_policy")
    }
    assert len(queues) == 7
    for arn, queue in queues.items():
        if arn in dead_letter_arns(lake):
            assert queue["message_retention_seconds"] == 14 * 24 * 3600, queue
            continue
        redrive = redrives[queue["id"]]
        assert redrive["maxReceiveCount"] == 5
        assert queues[redrive["deadLetterTargetArn"]]["fifo_queue"] == queue["fifo_queue"]


def test_dead_letters_raise_an_alarm_at_the_first_message(lake: Lake) -> None:
    watched = {
        alarm["dimensions"]["QueueName"]
        for alarm in lake.all("aws_cloudwatch_metric_alarm")
        if alarm["metric_name"] == "ApproximateNumberOfMessagesVisible"
        and alarm["comparison_operator"] == "GreaterThanThreshold"
        and alarm["threshold"] == 0
    }
    dead = dead_letter_arns(lake)
    assert watched == {queue["name"] for queue in lake.all("aws_sqs_queue") if queue["arn"] in dead}


def test_every_working_queue_has_an_alarm_on_its_oldest_message(lake: Lake) -> None:
    watched = {
        alarm["dimensions"]["QueueName"]
        for alarm in lake.all("aws_cloudwatch_metric_alarm")
        if alarm["metric_name"] == "ApproximateAgeOfOldestMessage"
    }
    working = {"uploads", "jobs.fifo", "looks.fifo"}
    assert watched == {f"{lake.prefix}-{name}" for name in working}


def test_a_function_that_reads_a_queue_reports_each_failed_message(lake: Lake) -> None:
    mappings = lake.all("aws_lambda_event_source_mapping")

    assert len(mappings) == 3
    for mapping in mappings:
        assert mapping["function_response_types"] == ["ReportBatchItemFailures"], mapping


def test_a_message_is_hidden_for_six_times_what_its_function_may_take(lake: Lake) -> None:
    queues = {queue["arn"]: queue for queue in lake.all("aws_sqs_queue")}
    functions = {function["arn"]: function for function in lake.all("aws_lambda_function")}

    for mapping in lake.all("aws_lambda_event_source_mapping"):
        queue, function = queues[mapping["event_source_arn"]], functions[mapping["function_name"]]
        assert queue["visibility_timeout_seconds"] >= 6 * function["timeout"], mapping


@pytest.mark.parametrize("name", ["jobs", "looks"])
def test_jobs_and_looks_keep_order_and_take_events_as_they_are(lake: Lake, name: str) -> None:
    queue = lake.one("aws_sqs_queue", f"module.{name}")

    assert (queue["fifo_queue"], queue["content_based_deduplication"]) == (True, True)


def test_every_target_tries_for_a_day_and_sets_aside_what_failed(lake: Lake) -> None:
    targets = lake.all("aws_cloudwatch_event_target")
    undelivered = lake.one("aws_sqs_queue", "module.undelivered")

    assert len(targets) == 10
    for target in targets:
        assert target["dead_letter_config"][0]["arn"] == undelivered["arn"]
        assert target["retry_policy"][0]["maximum_event_age_in_seconds"] == 86400
        assert target["retry_policy"][0]["maximum_retry_attempts"] == 185


def test_a_rule_is_let_in_where_it_sends(lake: Lake) -> None:
    queues = {queue["arn"]: queue for queue in lake.all("aws_sqs_queue")}

    def senders(queue: Resource) -> set[str]:
        (statement,) = statements(queue.address, queue["policy"])
        assert statement.principal == {"Service": "events.amazonaws.com"}
        assert statement.resources[0].endswith(f":{queue['name']}")
        return set(statement.condition["ArnEquals"]["aws:SourceArn"])

    undelivered = senders(lake.one("aws_sqs_queue", "module.undelivered"))
    sent: dict[str, set[str]] = {}
    for target in lake.all("aws_cloudwatch_event_target"):
        rule = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/{target['rule']}"
        assert rule in undelivered, target
        if target["arn"] in queues:
            sent.setdefault(target["arn"], set()).add(rule)
            fifo = queues[target["arn"]]["fifo_queue"]
            groups = [group["message_group_id"] for group in target["sqs_target"]]
            group = "look" if target["target_id"] == "look" else "settle"
            assert groups == ([group] if fifo else []), target
    assert {arn: senders(queues[arn]) for arn in sent} == sent


def test_rules_hear_of_this_lake_only(lake: Lake) -> None:
    application = lake.one("aws_emrserverless_application")["id"]
    heard = {
        rule["name"].removeprefix(f"{lake.prefix}-"): json.loads(rule["event_pattern"])["detail"]
        for rule in lake.all("aws_cloudwatch_event_rule")
        if str(rule["event_pattern"]).startswith("{")
    }
    assert heard == {
        "raw-object-created": {"bucket": {"name": [lake.outputs["buckets"]["raw"]]}},
        "job-ended": {
            "applicationId": [application],
            "state": ["SUCCESS", "FAILED", "CANCELLED"],
        },
        "job-failed": {"applicationId": [application], "state": ["FAILED", "CANCELLED"]},
        "job-started": {"applicationId": [application], "state": ["RUNNING"]},
        "pipeline-moved": {"stateMachineArn": list(lake.outputs["pipelines"].values())},
    }


def test_people_hear_of_a_failed_run_in_a_sentence(lake: Lake) -> None:
    (target,) = (
        found
        for found in lake.all("aws_cloudwatch_event_target")
        if found["arn"] == lake.one("aws_sns_topic")["arn"]
    )
    (said,) = target["input_transformer"]

    assert said["input_paths"] == {"run": "$.detail.jobRunId", "state": "$.detail.state"}
    assert json.loads(said["input_template"]) == (
        f"The Spark run <run> of {lake.prefix} ended as <state>. "
        "Runbook: docs/operations.md#a-spark-job-failed"
    )


def test_a_sweep_is_no_repetition_of_the_one_before(lake: Lake) -> None:
    # Sweeps are alike, and a FIFO queue drops what it had within five minutes.
    minutes = {
        int(rule["schedule_expression"].removeprefix("rate(").split()[0])
        for rule in lake.all("aws_cloudwatch_event_rule")
        if "-sweep-" in rule["name"]
    }
    assert min(minutes) > 5


def test_two_sweeps_look_for_what_events_lost(lake: Lake) -> None:
    sweeps = {
        target["rule"].removeprefix(f"{lake.prefix}-"): json.loads(target["input"])
        for target in lake.all("aws_cloudwatch_event_target")
        if target["input"] is not None
    }
    assert sweeps == {
        "sweep-uploads": {"detail-type": "Lake Sweep"},
        "sweep-jobs": {"detail-type": "Lake Sweep"},
    }
