"""Who may do what: no wildcard, no bare resource without a reason, nothing beyond the lake."""

from __future__ import annotations

import json
from collections import Counter

from tests.terraform.mocked_lake import ACCOUNT, Lake, statements

ROLE_POLICIES = ("aws_iam_role_policy", "aws_iam_policy")
RESOURCE_POLICIES = (
    *("aws_s3_bucket_policy", "aws_sqs_queue", "aws_sns_topic_policy", "aws_kms_key"),
)
# Where AWS takes nothing but *, and why.
BARE_RESOURCES = {
    "Trace": "X-Ray knows no resources",
    "LogInToTheRegistry": "a login to ECR knows no resources",
    "DeliverLogs": "the delivery of logs knows no resources",
    "LookAtTheNetwork": "EC2's describes know no resources",
    "MakeWorkspaces": "what is to be made has no ARN yet",
    "SeeWhatThereIs": "lists know no resources",
    "LeaveItToIam": "in a key's policy * is the key itself",
    "LogGroupsOfTheLake": "in a key's policy * is the key itself",
    "AlarmsAndBudgetToTheTopic": "in a key's policy * is the key itself",
    "RulesToQueuesAndTopic": "in a key's policy * is the key itself",
}
INLINE_LIMIT = 10_240  # characters of all inline policies of a role, without white space
WILD_ACTIONS = {"LeaveItToIam": "AWS's own default: without it the key's policy could never change"}


def test_no_policy_allows_an_action_by_wildcard(lake: Lake) -> None:
    wild = {
        statement.sid
        for statement in lake.policies(*ROLE_POLICIES, *RESOURCE_POLICIES)
        if statement.effect == "Allow" and any("*" in action for action in statement.actions)
    }
    assert wild == set(WILD_ACTIONS)


def test_a_bare_resource_stands_only_where_aws_demands_it(lake: Lake, prod: Lake) -> None:
    def bare(made: Lake) -> set[str]:
        return {
            statement.sid
            for statement in made.policies(*ROLE_POLICIES, *RESOURCE_POLICIES)
            if statement.effect == "Allow" and "*" in statement.resources
        }

    assert bare(lake) <= set(BARE_RESOURCES)
    assert bare(prod) == set(BARE_RESOURCES), "a reason for something that is gone"


def test_rights_on_storage_and_tables_name_the_lakes_own(lake: Lake) -> None:
    databases = {database["name"] for database in lake.all("aws_glue_catalog_database")}
    glue = f"arn:aws:glue:eu-west-1:{ACCOUNT}:"
    tables = {f"{glue}catalog", f"{glue}database/default"}
    tables |= {f"{glue}database/{name}" for name in databases}
    tables |= {f"{glue}table/{name}/*" for name in databases}
    tables |= {f"{glue}table/{name}/served_*" for name in databases if name.endswith("_gold")}
    streamed = f"{lake.databases}meteorology_silver/meteorology_current"
    tables.add(f"{glue}table/{streamed}")

    for statement in lake.policies(*ROLE_POLICIES):
        for resource in statement.resources:
            if resource.startswith("arn:aws:s3:::"):
                assert resource.startswith(f"arn:aws:s3:::{lake.prefix}-"), statement
                assert f"-{ACCOUNT}" in resource, statement
            if resource.startswith("arn:aws:glue"):
                assert resource in tables, statement
            if resource.endswith("database/default"):
                assert statement.actions == ("glue:GetDatabase",), statement


def test_whoever_runs_a_statement_may_look_at_the_default_database(lake: Lake) -> None:
    # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
    default = f"arn:aws:glue:eu-west-1:{ACCOUNT}:database/default"
    asking = {
        found.address: statements(found.address, found["policy"])
        for kind in ROLE_POLICIES
        for found in lake.all(kind)
        if "athena:StartQueryExecution" in found["policy"]
    }

    assert asking
    for address, allowed in asking.items():
        assert any(
            default in statement.resources and "glue:GetDatabase" in statement.actions
            for statement in allowed
        ), address


def test_the_inline_policies_of_a_role_are_short_enough_for_aws(lake: Lake) -> None:
    sizes: Counter[str] = Counter()
    for policy in lake.all("aws_iam_role_policy"):
        sizes[policy["role"]] += len("".join(policy["policy"].split()))

    assert len(sizes) >= 14  # without the stream, the studio and readers
    assert {role: size for role, size in sizes.items() if size > INLINE_LIMIT} == {}


def test_nobody_may_delete_from_bronze(lake: Lake) -> None:
    bronze = f"arn:aws:s3:::{lake.outputs['buckets']['bronze']}"
    deleting = [
        str(statement)
        for statement in lake.policies(*ROLE_POLICIES)
        if any(resource.startswith(bronze) for resource in statement.resources)
        and any("Delete" in action for action in statement.actions)
    ]
    assert deleting == []


def test_spark_writes_tables_results_and_logs_and_nothing_else(lake: Lake) -> None:
    buckets = lake.outputs["buckets"]
    (policy,) = (
        found for found in lake.all("aws_iam_role_policy") if found.address.endswith("policy.spark")
    )
    written = {
        resource.removeprefix("arn:aws:s3:::")
        for statement in statements(policy.address, policy["policy"])
        if "s3:PutObject" in statement.actions
        for resource in statement.resources
    }
    assert written == {
        *(
            f"{buckets[database['description'].split()[1]]}/{database['name']}.db/*"
            for database in lake.all("aws_glue_catalog_database")
        ),
        f"{buckets['jobs']}/runs/*",
        f"{buckets['logs']}/spark/*",
        f"{buckets['served']}/served/*",
    }


def test_spark_drops_no_table_but_those_that_results_are_written_through(lake: Lake) -> None:
    dropping = [
        statement
        for statement in lake.policies(*ROLE_POLICIES)
        if "glue:DeleteTable" in statement.actions
    ]

    (one,) = dropping
    tables = [resource for resource in one.resources if ":table/" in resource]
    assert tables
    assert all(resource.endswith("_gold/served_*") for resource in tables)


def test_a_role_is_handed_over_to_spark_only(lake: Lake) -> None:
    passing = [
        statement
        for statement in lake.policies(*ROLE_POLICIES)
        if "iam:PassRole" in statement.actions
    ]
    assert passing
    for statement in passing:
        assert statement.actions == ("iam:PassRole",)
        assert statement.condition == {
            "StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}
        }


def test_a_service_that_acts_for_others_must_act_for_this_account(lake: Lake) -> None:
    for role in lake.all("aws_iam_role"):
        (trust,) = statements(
            role.address,
            role["assume_role_policy"].replace(
                '"sts:AssumeRole"', '"sts:AssumeRole","Resource":"self"'
            ),
        )
        if trust.principal == {"Service": "lambda.amazonaws.com"}:
            continue  # a function's role can only be taken by functions of its own account
        if role.address.startswith(("aws_iam_role.operator", "aws_iam_role.reader")):
            continue  # people take them, who are named one by one
        assert trust.condition["StringEquals"] == {"aws:SourceAccount": ACCOUNT}, role


def test_the_clocks_roles_trust_the_group_of_this_lakes_schedules(lake: Lake) -> None:
    # AWS refuses a trust that names a schedule: nothing but a group's ARN is compared.
    group = lake.one("aws_scheduler_schedule_group")
    trusts = [
        role["assume_role_policy"]
        for role in lake.all("aws_iam_role")
        if "scheduler.amazonaws.com" in role["assume_role_policy"]
    ]

    assert group["name"] == lake.prefix
    assert len(trusts) == 2
    for trust in trusts:
        condition = json.loads(trust)["Statement"][0]["Condition"]
        assert condition["ArnEquals"] == {
            "aws:SourceArn": f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule-group/{lake.prefix}"
        }
    schedules = lake.all("aws_scheduler_schedule")
    assert {schedule["group_name"] for schedule in schedules} == {lake.prefix}


def test_a_reader_reads_gold_and_writes_its_own_answers_only(prod: Lake, dev: Lake) -> None:
    buckets = prod.outputs["buckets"]
    (role,) = (one for one in prod.all("aws_iam_role") if one["name"].endswith("-reader"))
    (policy,) = (
        found for found in prod.all("aws_iam_role_policy") if "policy.reader" in found.address
    )
    told = list(statements(policy.address, policy["policy"]))

    assert "arn:aws:iam::123456789012:role/analysts" in role["assume_role_policy"]
    assert role["max_session_duration"] == 3600
    writing = [one for one in told if any("Put" in action for action in one.actions)]
    assert [one.resources for one in writing] == [(f"arn:aws:s3:::{buckets['athena']}/results/*",)]
    read = {
        resource
        for one in told
        if "s3:GetObject" in one.actions and "s3:PutObject" not in one.actions
        for resource in one.resources
    }
    gold = [
        db["name"] for db in prod.all("aws_glue_catalog_database") if db["name"].endswith("_gold")
    ]
    assert len(gold) == 2
    assert read == {f"arn:aws:s3:::{buckets['gold']}/{name}.db/*" for name in gold}
    verbs = {action for one in told for action in one.actions}
    assert not {one for one in verbs if one.startswith("glue:") and ":Get" not in one}
    assert not [one for one in dev.all("aws_iam_role") if one["name"].endswith("-reader")]


def test_a_pipeline_traces_by_the_rules_of_sampling(lake: Lake) -> None:
    tracing = [
        set(statement.actions)
        for statement in lake.policies("aws_iam_role_policy")
        if statement.sid == "Trace" and "module.pipeline" in statement.address
    ]
    assert tracing == 3 * [
        {
            *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
            *("xray:GetSamplingRules", "xray:GetSamplingTargets"),
        }
    ]


def test_promote_takes_nothing_out_of_the_ledger(lake: Lake) -> None:
    (policy,) = lake.all("aws_iam_role_policy", "module.promote")

    assert "dynamodb:DeleteItem" not in policy["policy"]


def test_rights_are_iams_alone(lake: Lake) -> None:
    # Half of Lake Formation (grants without a registered place or GetDataAccess) would take
    # rights away where it is in force, and give none.
    assert not [one for one in lake.resources if one.kind.startswith("aws_lakeformation_")]


def test_an_operator_is_trusted_by_name_or_by_the_account(prod: Lake, dev: Lake) -> None:
    def trusted(lake: Lake) -> object:
        (role,) = (one for one in lake.all("aws_iam_role") if one["name"].endswith("-operator"))
        assert lake.outputs["operator_role_arn"] == role["arn"]
        (statement,) = json.loads(role["assume_role_policy"])["Statement"]
        assert statement["Action"] == "sts:AssumeRole"
        return statement["Principal"]

    assert trusted(prod) == {"AWS": ["arn:aws:iam::123456789012:role/engineers"]}
    assert trusted(dev) == {"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}


def test_an_operator_deletes_keys_of_the_api_and_nothing_else(lake: Lake) -> None:
    (policy,) = (
        p for p in lake.all("aws_iam_role_policy") if p.address.endswith("policy.operator")
    )
    told = list(statements(policy.address, policy["policy"]))

    verbs = {action for one in told for action in one.actions}
    changing = ("Create", "Delete", "Update", "PutBucket", "PutRole", "Pass", "Tag")
    assert {one for one in verbs if one.split(":")[1].startswith(changing)} == {
        "dynamodb:DeleteItem"
    }
    (deleting,) = (one for one in told if "dynamodb:DeleteItem" in one.actions)
    assert deleting.resources == (f"{_table(lake, 'api-keys')}",)
    written = {
        resource.removeprefix("arn:aws:s3:::")
        for one in told
        if "s3:PutObject" in one.actions
        for resource in one.resources
    }
    buckets = lake.outputs["buckets"]
    assert {place.partition("/")[0] for place in written} == {
        buckets[role] for role in ("athena", "ops", "raw", "served")
    }
    assert f"{buckets['served']}/served/*/current.json" in written
    assert f"{buckets['raw']}/emt/arrivals/*" in written


def _table(lake: Lake, name: str) -> str:
    (table,) = (t for t in lake.all("aws_dynamodb_table") if t["name"].endswith(f"-{name}"))
    return str(table["arn"])
