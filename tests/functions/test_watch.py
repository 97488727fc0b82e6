"""One look at the lake: its state where people read it, and the metrics that alarms read."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from functions.watch import handler as watch
from lake.catalog import Catalog
from lake.polls import FAILED, Polls, PollState
from lake.records import LOADED, QUARANTINED, Load, iso
from lake.state import compose
from lake.state.gathering import Look
from lake.state.holdings import Freshness
from lake.state.intake import LOADS, OPEN_FILES
from tests.factories import LambdaContext
from tests.functions.lake import ACCOUNT, REGION, Lake
from tests.functions.waiting import waiting_file
from tests.functions.wire import wired

CATALOG = Catalog.bundled()
PROMISED = [t for t in CATALOG.tables.values() if t.fresh_within_minutes is not None]
SERVED = "served-bucket"
MACHINES = {
    name: f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name.replace('/', '-')}"
    for name in CATALOG.pipelines
}
COUNTS = {"read": 10, "accepted": 6, "duplicate": 2, "rejected": 1, "empty": 1}
VERDICT = {
    "table_id": "emt_gold.arrivals_weather",
    "check_name": "unique",
    "column_name": "",
    "severity": "stop",
    "expected": "no key more than once",
    "actual": 0.0,
    "passed": True,
    "reason": None,
    "snapshot_id": 5,
}


@pytest.fixture
def watched(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Every table of the catalogue in Glue, each of another age, two pipelines, queues."""
    where = {"LocationConstraint": REGION}
    lake.s3.create_bucket(Bucket=SERVED, CreateBucketConfiguration=where)
    versioned = {"Status": "Enabled"}
    lake.s3.put_bucket_versioning(Bucket=SERVED, VersioningConfiguration=versioned)
    lake.s3.create_bucket(Bucket="warehouse", CreateBucketConfiguration=where)
    glue = boto3.client("glue")
    for name in CATALOG.databases:
        glue.create_database(DatabaseInput={"Name": f"tfm_dgv_mbdde_{name}"})
    for number, table in enumerate(CATALOG.tables.values()):
        key = f"{table.name}/metadata/1 á.metadata.json"
        body = metadata(age_minutes=10 + number, rows=100 + number)
        lake.s3.put_object(Bucket="warehouse", Key=key, Body=json.dumps(body))
        glue.create_table(
            DatabaseName=f"tfm_dgv_mbdde_{table.database}",
            TableInput={
                "Name": table.name,
                "Parameters": {"metadata_location": f"s3://warehouse/{key}"},
            },
        )
    for machine in MACHINES.values():
        boto3.client("stepfunctions").create_state_machine(
            name=machine.rpartition(":")[2],
            definition=json.dumps({"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/pipeline",
        )
    dead = lake.sqs.create_queue(QueueName="uploads-dlq")["QueueUrl"]
    monkeypatch.setenv("SERVED_BUCKET", SERVED)
    monkeypatch.setenv("PIPELINES", json.dumps(MACHINES))
    monkeypatch.setenv("QUEUES", json.dumps({"uploads": lake.uploads, "uploads, dead": dead}))
    monkeypatch.setattr(watch, "_last", watch.Last())
    return lake


def metadata(age_minutes: float, rows: int) -> dict[str, Any]:
    moment = datetime.now(UTC) - timedelta(minutes=age_minutes)
    snapshot = {
        "snapshot-id": 9007199254740993,
        "timestamp-ms": int(moment.timestamp() * 1000),
        "summary": {
            "operation": "append",
            "total-records": str(rows),
            "total-data-files": "2",
            "total-files-size": "4096",
            "added-records": "7",
        },
    }
    return {"current-snapshot-id": 9007199254740993, "snapshots": [snapshot]}


def look(lake: Lake, event: dict[str, Any] | None = None) -> dict[str, Any]:
    """The state after one look."""
    assert watch.handler(event or {}, LambdaContext()) == {"batchItemFailures": []}
    answer = lake.s3.get_object(Bucket=SERVED, Key="served/_lake/state.json")
    assert answer["ContentType"].startswith("application/json")
    document: dict[str, Any] = json.loads(answer["Body"].read())
    return document


def by(rows: list[dict[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    return {row[name]: row for row in rows}


def load(lake: Lake, name: str) -> None:
    """A file that goes all its way, as start_job writes it down."""
    from lake.lanes import lease_of

    file = waiting_file(lake, name)
    lease = lease_of(file.lane, file.job, name, [file], "r", datetime.now(UTC))
    assert lake.ledger.take_lane(lease)
    one = Load(file.source, file.sha256, file.load_id)
    assert lake.ledger.mark_loaded(one, name, COUNTS, 10, {})
    lake.ledger.release(file.lane, name)


def asked(sent: datetime) -> dict[str, Any]:
    """A message of the queue `looks`."""
    attributes = {"SentTimestamp": str(int(sent.timestamp() * 1000))}
    return {"Records": [{"messageId": "m0", "body": "{}", "attributes": attributes}]}


def sent(text: str) -> list[dict[str, Any]]:
    """The metrics that CloudWatch reads off the log."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


def test_the_state_balances_the_rows_of_every_load_of_a_source(watched: Lake) -> None:
    load(watched, "one.xlsx")
    load(watched, "two.xlsx")

    document = look(watched)

    own = by(document["sources"], "source")["emt/arrivals"]
    assert own["counts"] == {name: 2 * value for name, value in COUNTS.items()}
    assert (own["files"], own["status"], own["kind"]) == (2, "fresh", "upload")
    assert [row["state"] for row in document["loads"]] == ["loaded", "loaded"]
    assert document["loads"][0]["counts"] == COUNTS


def test_the_state_tells_tables_queues_and_pipelines(watched: Lake) -> None:
    boto3.client("stepfunctions").start_execution(stateMachineArn=MACHINES["emt/gold"], name="r1")
    watched.sqs.send_message(QueueUrl=watched.uploads, MessageBody="x")

    document = look(watched)

    tables = by(document["tables"], "table")
    first = tables[next(iter(CATALOG.tables))]
    assert list(tables) == list(CATALOG.tables)
    assert first["snapshot"] == first["snapshots"][0]["id"] == "9007199254740993"
    assert (first["rows"], first["files"], first["bytes"]) == (100, 2, 4096)
    assert first["age_minutes"] == pytest.approx(10, abs=0.2)
    pipelines = by(document["pipelines"], "pipeline")
    assert (pipelines["emt/gold"]["run"], pipelines["emt/gold"]["status"]) == ("r1", "running")
    assert pipelines["ops/upkeep"]["status"] == "never"
    assert by(document["queues"], "queue")["uploads"]["messages"] == 1
    assert document["errors"] == []


def test_the_latest_word_of_each_check_comes_from_the_newest_run_that_looked(
    watched: Lake,
) -> None:
    sfn = boto3.client("stepfunctions")
    for run, verdicts in (("r1", [{**VERDICT, "actual": 3.0}]), ("r2", [VERDICT]), ("r3", [])):
        sfn.start_execution(stateMachineArn=MACHINES["emt/gold"], name=run)
        watched.s3.put_object(
            Bucket=watched.bucket("jobs"),
            Key=f"runs/pipelines/{run}/emt_gold.json",
            Body=json.dumps({"job": "emt_gold", "quality": verdicts}),
        )

    (verdict,) = look(watched)["quality"]

    assert (verdict["run"], verdict["actual"], verdict["passed"]) == ("r2", 0.0, True)
    assert (verdict["table"], verdict["column"]) == ("emt_gold.arrivals_weather", None)


def test_what_waits_for_a_person_comes_with_the_command_to_type(watched: Lake) -> None:
    file = waiting_file(watched, "b.xlsx")
    watched.table.put_item(
        Item={
            "pk": "file#emt/stops",
            "sk": "c" * 64,
            **replace(
                file, source="emt/stops", sha256="c" * 64, state=QUARANTINED, reason="no sheet"
            ).attributes(),
        }
    )
    now = iso(datetime.now(UTC))
    Polls(watched.table).keep(
        PollState("emt/lines", FAILED, now, "EMT is away", failures=2, failing_since=now)
    )

    document = look(watched)

    advice = {row["command"]: row for row in document["advice"]}
    assert advice["lake quarantine --source emt/stops"]["kind"] == "person"
    assert "b.xlsx (no sheet)" in advice["lake quarantine --source emt/stops"]["text"]
    assert advice["lake poll emt/lines"]["kind"] == "failing"
    assert "EMT is away" in advice["lake poll emt/lines"]["text"]
    assert by(document["sources"], "source")["emt/lines"]["status"] == "failing"
    assert [row["sha256"] for row in document["quarantine"]] == ["c" * 64]


def test_parts_that_are_broken_say_so_and_hide_no_other(
    watched: Lake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, unread = PROMISED[0], PROMISED[1]
    boto3.client("glue").delete_table(DatabaseName=f"tfm_dgv_mbdde_{lost.database}", Name=lost.name)
    key = f"{unread.name}/metadata/1 á.metadata.json"
    watched.s3.put_object(Bucket="warehouse", Key=key, Body=b"{cut off")
    monkeypatch.setenv(
        "PIPELINES", json.dumps({**MACHINES, "ops/upkeep": MACHINES["emt/gold"][:-4]})
    )

    document = look(watched)

    broken = {f"table {lost.id}", f"table {unread.id}", "pipeline ops/upkeep"}
    assert {row["part"] for row in document["errors"]} == broken
    assert {row["kind"] for row in document["advice"][:3]} == {"failing"}
    tables = by(document["tables"], "table")
    assert tables[lost.id]["rows"] is None
    assert "not found" in tables[lost.id]["error"]
    assert "JSONDecodeError" in tables[unread.id]["error"]
    assert by(document["pipelines"], "pipeline")["ops/upkeep"]["status"] == "unknown"
    assert sum(row["rows"] is None for row in document["tables"]) == 2
    measured = {metric["table"] for metric in sent(capsys.readouterr().out)}
    assert measured == {table.id for table in PROMISED} - {lost.id, unread.id}


def test_without_its_ledger_the_lake_still_shows_its_tables(
    watched: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER_TABLE", "nobody")

    document = look(watched)

    (error,) = document["errors"]
    assert error["part"] == "ledger"
    assert all(row["rows"] is not None for row in document["tables"])


def test_a_part_that_does_not_answer_in_time_is_said_and_the_rest_is_shown(watched: Lake) -> None:
    over = threading.Event()

    class Silent:
        def get_queue_attributes(self, **_: Any) -> Any:
            over.wait(30)
            raise TimeoutError

    settings = watch.WatchSettings.from_env()
    glue, s3, sfn = (boto3.client(name) for name in ("glue", "s3", "stepfunctions"))
    look = Look(CATALOG, settings.places, watched.table, glue, s3, sfn, Silent())

    seen = look.gather(patience_s=8)
    over.set()

    assert set(seen.errors) == {"queue uploads", "queue uploads, dead"}
    assert "no answer within 8 s" in seen.errors["queue uploads"]
    assert set(seen.metadata) == set(CATALOG.tables)


def test_each_table_with_a_promise_sends_its_age_and_its_rows(
    watched: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    look(watched)

    metrics = sent(capsys.readouterr().out)
    ages = {m["table"]: m["FreshnessMinutes"] for m in metrics if "FreshnessMinutes" in m}
    rows = {m["table"]: m["TableRows"] for m in metrics if "TableRows" in m}
    order = {name: number for number, name in enumerate(CATALOG.tables)}
    expected = {table.id: order[table.id] for table in PROMISED}
    assert len(expected) >= 4
    assert {name: value[0] - 10 for name, value in ages.items()} == pytest.approx(expected, abs=0.2)
    assert {name: value[0] - 100 for name, value in rows.items()} == expected
    for metric in metrics:
        (directive,) = metric["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Albufera"
        assert [sorted(names) for names in directive["Dimensions"]] == [["service", "table"]]
        assert metric["service"] == "watch"


def test_a_table_that_nobody_wrote_to_sends_its_rows_and_no_age(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An age that is missing is alarming; one of nothing would say that all is well."""
    watch.send("emt_silver.stops", Freshness(None, 0))

    (metric,) = sent(capsys.readouterr().out)
    assert (metric["TableRows"], "FreshnessMinutes" in metric) == ([0.0], False)


def test_a_service_that_keeps_silent_does_not_take_the_whole_look(
    watched: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Any] = {}
    real, real_resource = boto3.client, boto3.resource

    def client(service: str, **said: Any) -> Any:
        return made.setdefault(service, real(service, **said))

    def resource(service: str, **said: Any) -> Any:
        found = real_resource(service, **said)
        made[service] = found.meta.client
        return found

    monkeypatch.setattr(boto3, "client", client)
    monkeypatch.setattr(boto3, "resource", resource)
    watch.looked(watch.WatchSettings.from_env(), CATALOG)

    assert set(made) == {"dynamodb", "glue", "s3", "sqs", "stepfunctions"}
    for one in made.values():
        assert (one.meta.config.connect_timeout, one.meta.config.read_timeout) == (3, 8)
        assert one.meta.config.retries == {"mode": "standard", "total_max_attempts": 2}


def test_messages_that_a_look_has_covered_ask_for_no_other(watched: Lake) -> None:
    first = look(watched)
    load(watched, "late.xlsx")
    ago = datetime.now(UTC) - timedelta(seconds=watch.SETTLES_S + 60)

    covered = look(watched, asked(ago))
    anew = look(watched, asked(datetime.now(UTC)))

    assert covered == first
    assert [row["file_name"] for row in anew["loads"]] == ["late.xlsx"]


@pytest.mark.parametrize(
    ("before", "is_covered"),
    [((0,), True), ((-0.001,), False), ((60, 0), True), ((60, -1), False), ((-1, 60), False)],
)
def test_a_look_covers_messages_once_the_newest_of_them_had_settled(
    before: tuple[float, ...], is_covered: bool
) -> None:
    """By how many seconds before the look each message had settled, which takes 15."""
    began = 1_756_461_600.0
    moments = [datetime.fromtimestamp(began - 15 - ago, UTC) for ago in before]
    event = {"Records": [record for at in moments for record in asked(at)["Records"]]}

    assert watch.covered(event, began) is is_covered
    assert not watch.covered({"Records": []}, began), "the clock asks without a message"


def test_the_state_is_written_under_the_lakes_key_and_its_forerunner_removed_for_good(
    watched: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(watched)
    (first,) = watched.s3.list_object_versions(Bucket=SERVED)["Versions"]
    with wired(monkeypatch) as wire:
        look(watched)

    (put,) = wire.named("PutObject")
    assert json.loads(put.pop("Body"))["errors"] == []
    place = {"Bucket": SERVED, "Key": "served/_lake/state.json"}
    assert put == {
        **place,
        "ContentType": "application/json; charset=utf-8",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": watched.environment["KMS_KEY_ARN"],
        "BucketKeyEnabled": True,
    }
    assert wire.named("DeleteObject") == [{**place, "VersionId": first["VersionId"]}]


def test_the_state_of_a_minute_ago_is_not_kept(watched: Lake) -> None:
    for _ in range(3):
        look(watched)

    found = watched.s3.list_object_versions(Bucket=SERVED)
    assert len(found["Versions"]) == 1
    assert "DeleteMarkers" not in found


def test_of_many_files_only_the_newest_are_read(watched: Lake) -> None:
    """What a look costs must not grow with the lake: items read, not items there."""
    file = waiting_file(watched)
    with watched.table.batch_writer() as batch:
        for number in range(OPEN_FILES + LOADS + 300):
            state = LOADED if number < LOADS + 100 else QUARANTINED
            seen = iso(datetime(2025, 8, 1, tzinfo=UTC) + timedelta(minutes=number))
            record = replace(file, sha256=f"{number:064}", state=state, last_seen=seen)
            item = {"pk": "file#emt/stops", "sk": record.sha256, **record.attributes()}
            batch.put_item(Item=item)
    items: list[int] = []
    events = watched.table.meta.client.meta.events
    events.register("after-call.dynamodb.Query", lambda parsed, **_: items.append(parsed["Count"]))
    settings = watch.WatchSettings.from_env()
    glue, s3, sfn, sqs = map(boto3.client, ("glue", "s3", "stepfunctions", "sqs"))

    patient = Look(CATALOG, settings.places, watched.table, glue, s3, sfn, sqs)
    seen_all = patient.gather(patience_s=600)  # it is not time that is measured here
    document = compose(CATALOG, seen_all)

    assert sum(items) == LOADS + OPEN_FILES + 1  # and the file that waits
    newest = iso(datetime(2025, 8, 1, tzinfo=UTC) + timedelta(minutes=OPEN_FILES + LOADS + 299))
    assert document["quarantine"][0]["at"] == newest
    assert (len(document["quarantine"]), document["limits"]["cut"]) == (LOADS, [QUARANTINED])


def test_a_state_that_cannot_be_written_fails_and_is_tried_again(
    watched: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = asked(datetime.now(UTC))
    monkeypatch.setenv("SERVED_BUCKET", "nobody-made-it")
    with pytest.raises(Exception, match="NoSuchBucket"):
        watch.handler(event, LambdaContext())

    monkeypatch.setenv("SERVED_BUCKET", SERVED)
    assert look(watched, event)["errors"] == []
