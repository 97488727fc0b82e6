"""People are no administrators: what each of their roles may do, and what it is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lake_cli.deployment import Deployment
from local.iam import journal
from scripts import deploy
from scripts.console import Console
from scripts.deployment import deployer
from scripts.deployment.deployer import Place
from scripts.deployment.runs import DeployError
from tests.laptop.journey import Lake, eventually

pytestmark = [pytest.mark.laptop, pytest.mark.timeout(300)]

Act = Callable[[Deployment], object]
GOLD, SILVER = "emt_gold.delay_weather_hourly", "emt_silver.stops"


def person(lake: Lake, kind: str) -> Deployment:
    """The lake as an operator or a reader has it."""
    return replace(lake.deployment, role=lake.deployment[f"{kind}_role_arn"])


def ask(deployment: Deployment, sql: str) -> dict[str, Any]:
    """A query by Athena's own API, as a reader's tool sends it; how it ended."""
    athena = deployment.client("athena")
    started = athena.start_query_execution(
        QueryString=sql, WorkGroup=deployment["athena_workgroup"]
    )["QueryExecutionId"]

    def ended() -> Any:
        found = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        return found if found["Status"]["State"] in ("SUCCEEDED", "FAILED") else None

    return dict(eventually(ended, seconds=60), rows=lambda: rows(athena, started))


def rows(athena: Any, query: str) -> list[list[str]]:
    answer = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in answer]


def physical(deployment: Deployment, table: str) -> str:
    return f"{deployment['database_prefix']}{table}"


def test_a_reader_asks_gold_and_reads_its_files(lake: Lake) -> None:
    reader = person(lake, "reader")

    found = ask(reader, f"select count(*) from {physical(reader, GOLD)}")

    assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
    counted = int(found["rows"]()[1][0])
    assert counted == lake.count(GOLD)
    bucket = reader.bucket("gold")
    prefix = f"{reader['database_prefix']}{GOLD.replace('.', '.db/')}/"
    listed = reader.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    body = reader.client("s3").get_object(Bucket=bucket, Key=listed[0]["Key"])["Body"].read()
    assert len(body) == listed[0]["Size"]


def test_a_reader_is_refused_silver(lake: Lake, judged: list[int]) -> None:
    reader = person(lake, "reader")

    found = ask(reader, f"select count(*) from {physical(reader, SILVER)}")

    assert found["Status"]["State"] == "FAILED"
    assert "not authorized to perform: glue:GetTable" in found["Status"]["StateChangeReason"]
    judged[0] = len(journal.read(lake.state_dir))


# Each is harmless where it is let through: nobody's test may cost somebody's data.
def _sent(service: str, call: str, **asked: Any) -> Act:
    return lambda deployment: getattr(deployment.client(service), call)(
        **{name: value(deployment) if callable(value) else value for name, value in asked.items()}
    )


def _bucket(role: str) -> Callable[[Deployment], str]:
    return lambda deployment: deployment.bucket(role)


def _function(name: str) -> Callable[[Deployment], str]:
    return lambda deployment: str(deployment["functions"][name])


LEDGER: dict[str, Any] = {"TableName": lambda deployment: deployment["ledger_table"]}
NOTHING: dict[str, Any] = {"Key": "nothing/of/that/name"}
REFUSED: list[tuple[str, str, Act]] = [
    (
        "reader",
        "s3:PutObject",
        _sent("s3", "put_object", Bucket=_bucket("gold"), Body=b"", Key="x"),
    ),
    ("reader", "s3:GetObject", _sent("s3", "get_object", Bucket=_bucket("silver"), **NOTHING)),
    ("reader", "s3:ListBucket", _sent("s3", "list_objects_v2", Bucket=_bucket("bronze"))),
    ("reader", "dynamodb:Scan", _sent("dynamodb", "scan", Limit=1, **LEDGER)),
    (
        *("reader", "lambda:InvokeFunction"),
        _sent("lambda", "invoke", FunctionName=_function("watch"), InvocationType="DryRun"),
    ),
    (
        *("reader", "states:ListExecutions"),
        _sent(
            *("stepfunctions", "list_executions"),
            stateMachineArn=lambda deployment: deployment["pipelines"]["emt/gold"],
        ),
    ),
    ("operator", "s3:DeleteObject", _sent("s3", "delete_object", Bucket=_bucket("raw"), **NOTHING)),
    ("operator", "s3:GetObject", _sent("s3", "get_object", Bucket=_bucket("bronze"), **NOTHING)),
    (
        *("operator", "s3:PutObject"),
        _sent("s3", "put_object", Bucket=_bucket("served"), Body=b"", Key="served/x/manifest.json"),
    ),
    (
        *("operator", "dynamodb:PutItem"),
        _sent(
            *("dynamodb", "put_item"),
            Item={"pk": {"S": "lane#nobody"}, "sk": {"S": "lease"}},
            **LEDGER,
        ),
    ),
    (
        *("operator", "glue:DeleteTable"),
        _sent(
            *("glue", "delete_table"),
            DatabaseName=lambda deployment: physical(deployment, "emt_gold"),
            Name="nothing_of_that_name",
        ),
    ),
    (
        *("operator", "lambda:UpdateFunctionConfiguration"),
        _sent("lambda", "update_function_configuration", FunctionName=_function("watch")),
    ),
    (
        *("operator", "iam:CreateRole"),
        _sent("iam", "create_role", RoleName="x", AssumeRolePolicyDocument=json.dumps({})),
    ),
]


@pytest.mark.parametrize(
    ("kind", "action", "act"),
    [pytest.param(*refused, id=f"{refused[0]}-{refused[1]}") for refused in REFUSED],
)
def test_what_is_not_theirs_is_refused(
    lake: Lake, judged: list[int], kind: str, action: str, act: Act
) -> None:
    someone, seen = person(lake, kind), len(journal.read(lake.state_dir))

    with pytest.raises(ClientError) as refusal:
        act(someone)

    denied = [each for each in journal.read(lake.state_dir, since=seen) if each.verdict == "deny"]
    assert [each.action for each in denied] == [action], refusal.value
    assert denied[0].role == someone[f"{kind}_role_arn"].rpartition("/")[2]
    judged[0] = len(journal.read(lake.state_dir))


def test_a_query_of_an_operator_drops_no_table(lake: Lake, judged: list[int]) -> None:
    rows_before = lake.count(GOLD)

    lake.run("query", f"drop table {GOLD}", code=1)

    assert lake.count(GOLD) == rows_before
    judged[0] = len(journal.read(lake.state_dir))


def test_a_deployer_with_a_statement_less_does_not_get_far(
    lake: Lake,
    judged: list[int],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    shutil.copytree(deployer.FOLDER, tmp_path / "deployer")
    policy = tmp_path / "deployer" / "messages.json"
    document = json.loads(policy.read_text())
    kept = [each for each in document["Statement"] if each["Sid"] != "Queues"]
    policy.write_text(json.dumps({**document, "Statement": kept}))
    less = deployer.documents(Place.of("laptop", deploy.LAPTOP_ACCOUNT), tmp_path / "deployer")
    words = ["plan", "--state-dir", str(lake.state_dir), "--port", str(lake.port)]
    plan = deploy.Deployment(deploy.read_arguments(words), Console(live=False))

    monkeypatch.setattr(deployer, "documents", lambda _: less)
    plan.prepare()
    with pytest.raises(DeployError, match="the plan failed"):
        plan.plan()

    judged[0] = len(journal.read(lake.state_dir))
    told = capfd.readouterr().err
    assert "sqs:GetQueueAttributes" in told
    assert "not authorized to perform" in " ".join(told.replace("│", " ").split())
