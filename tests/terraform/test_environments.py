"""What differs between environments, and what each may cost."""

from __future__ import annotations

import json

from lake.catalog import Catalog
from tests.terraform.mocked_lake import Lake, Workbench

# The arguments that AWS tells things of one kind apart by.
NAMES = (
    *("name", "bucket", "function_name", "layer_name", "alarm_name", "dashboard_name", "family"),
)
# Named within something that has the environment in its name.
INSIDE_SOMETHING = {
    *("aws_iam_role_policy", "aws_athena_named_query", "aws_cloudwatch_log_stream"),
    *("aws_apigatewayv2_stage", "aws_lambda_event_source_mapping"),
}


def test_spark_has_a_ceiling_and_stops_by_itself(lake: Lake) -> None:
    spark = lake.one("aws_emrserverless_application")

    (ceiling,) = spark["maximum_capacity"]
    assert int(ceiling["cpu"].removesuffix(" vCPU")) <= (40 if lake.env == "laptop" else 16)
    assert int(ceiling["memory"].removesuffix(" GB")) <= (160 if lake.env == "laptop" else 64)
    assert spark["auto_stop_configuration"][0] == {"enabled": True, "idle_timeout_minutes": 5}
    assert spark["initial_capacity"] == [], "kept workers are paid for while nobody works"
    assert spark["release_label"] == "emr-7.13.0"
    (function,) = lake.all("aws_lambda_function", "module.start_job")
    minutes = int(function["environment"][0]["variables"]["JOB_TIMEOUT_MINUTES"])
    assert 1 <= minutes <= 60


def test_a_new_account_has_the_concurrency_that_functions_ask_for(lake: Lake) -> None:
    reserved = {
        function["reserved_concurrent_executions"] for function in lake.all("aws_lambda_function")
    }
    assert reserved == {-1}, "ten in all, of which none may be kept for one function"


def test_no_query_goes_round_the_workgroups_limits(lake: Lake) -> None:
    (settings,) = lake.one("aws_athena_workgroup")["configuration"]

    assert settings["enforce_workgroup_configuration"] is True
    assert 0 < settings["bytes_scanned_cutoff_per_query"] <= 100 * 1024**3


def test_development_can_be_thrown_away_and_production_cannot(dev: Lake, prod: Lake) -> None:
    assert {bucket["force_destroy"] for bucket in dev.all("aws_s3_bucket")} == {True}
    assert {bucket["force_destroy"] for bucket in prod.all("aws_s3_bucket")} == {False}
    for lake, kept in ((dev, False), (prod, True)):
        tables = lake.all("aws_dynamodb_table")
        assert {table["deletion_protection_enabled"] for table in tables} == {kept}
    assert dev.one("aws_kms_key")["deletion_window_in_days"] == 7
    assert prod.one("aws_kms_key")["deletion_window_in_days"] == 30
    assert {group["retention_in_days"] for group in dev.all("aws_cloudwatch_log_group")} == {30}
    assert {group["retention_in_days"] for group in prod.all("aws_cloudwatch_log_group")} == {365}


def named(lake: Lake) -> set[tuple[str, str]]:
    """What AWS knows by a name: of which kind, and by which name."""
    return {
        (resource.kind, str(resource.values[word]))
        for resource in lake.resources
        if resource.kind not in INSIDE_SOMETHING
        for word in NAMES
        if resource.values.get(word)
    }


def test_two_environments_share_an_account_without_meeting(dev: Lake, prod: Lake) -> None:
    assert len(named(dev)) > 150
    assert named(dev) & named(prod) == set()

    def namespaces(lake: Lake) -> set[str]:
        sending = {
            function["environment"][0]["variables"]["POWERTOOLS_METRICS_NAMESPACE"]
            for function in lake.all("aws_lambda_function")
        }
        shown = {
            metric[0]
            for widget in json.loads(lake.one("aws_cloudwatch_dashboard")["dashboard_body"])[
                "widgets"
            ]
            for metric in widget["properties"]["metrics"]
        }
        watched = {alarm["namespace"] for alarm in lake.all("aws_cloudwatch_metric_alarm")}
        own = {name for name in shown | watched if not name.startswith("AWS/")}
        assert own == sending, "what is shown and watched is what is sent"
        return sending

    assert (namespaces(dev), namespaces(prod)) == ({"Albufera"}, {"Albufera/prod"})


def test_the_default_environment_has_the_published_names(
    dev: Lake, prod: Lake, laptop: Lake, workbench: Workbench
) -> None:
    alone = workbench.lake("prod", "-var=default_env=prod")

    for lake in (dev, laptop, alone):
        assert lake.outputs["database_prefix"] == "tfm_dgv_mbdde_"
    assert prod.outputs["database_prefix"] == "tfm_dgv_mbdde_prod_"
    (function,) = alone.all("aws_lambda_function", "module.watch")
    told = function["environment"][0]["variables"]
    assert told["POWERTOOLS_METRICS_NAMESPACE"] == "Albufera"
    assert told["DATABASE_PREFIX"] == "tfm_dgv_mbdde_"


def test_a_budget_watches_what_costs_money(dev: Lake, prod: Lake, laptop: Lake) -> None:
    for made, limit in ((dev, "30"), (prod, "300")):
        budget = made.one("aws_budgets_budget")
        assert budget["limit_amount"] == limit
        topic = [made.one("aws_sns_topic")["arn"]]
        assert {
            (notice["notification_type"], notice["threshold"]): notice["subscriber_sns_topic_arns"]
            for notice in budget["notification"]
        } == {("ACTUAL", 100): topic, ("FORECASTED", 80): topic}
    assert laptop.all("aws_budgets_budget") == []


def test_nothing_but_values_differs_on_the_laptop(workbench: Workbench, laptop: Lake) -> None:
    readers = '-var=reader_principals=["arn:aws:iam::123456789012:role/analysts"]'
    dev = workbench.lake("dev", "-var=stream_enabled=true", readers)

    def addresses(made: Lake) -> set[str]:
        return {resource.address for resource in made.resources}

    # Nothing runs by the clock there, so nothing is late.
    unwatched = {address for address in addresses(dev) if "metric_alarm.stale[" in address}
    promises = [one for one in Catalog.bundled().tables.values() if one.fresh_within_minutes]
    assert len(unwatched) == len(promises)
    assert addresses(dev) - addresses(laptop) == {"aws_budgets_budget.monthly[0]"} | unwatched
    assert addresses(laptop) <= addresses(dev)


def test_optional_parts_come_with_their_values_only(dev: Lake, prod: Lake) -> None:
    spark = prod.one("aws_emrserverless_application")["network_configuration"][0]
    assert set(spark["subnet_ids"]) == {"subnet-a", "subnet-b", "subnet-c"}
    assert spark["security_group_ids"] == ["sg-spark"]
    assert prod.one("aws_emr_studio_session_mapping")["identity_name"] == "ana"
    assert prod.one("aws_sns_topic_subscription")["endpoint"] == "lake@example.org"

    assert dev.one("aws_emrserverless_application")["network_configuration"] == []
    for kind in ("aws_emr_studio", "aws_sns_topic_subscription"):
        assert dev.all(kind) == []
    assert dev.all("aws_security_group") == []
