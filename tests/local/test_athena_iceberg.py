"""The Athena of a running laptop cloud: Iceberg tables made, filled, asked, tidied."""

import csv
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import Table

from local.lifecycle import LaptopCloud
from tests.local.conftest import Clients, client, until

# Tables keep UTC without saying so.
FIRST_DAY = datetime.fromisoformat("2025-08-01")
RESULTS = "s3://athena-results/r/"
Rows = list[list[str | None]]
ICEBERG = "LOCATION 's3://b/t/' TBLPROPERTIES ('table_type'='ICEBERG')"


class Failed(Exception):
    """A query that ended otherwise than SUCCEEDED: `STATE reason`."""


@dataclass
class Lake:
    """A database of this test's own and the calls that a user of Athena makes."""

    athena: Any
    s3: Any
    catalog: GlueCatalog
    database: str
    statistics: dict[str, Any] = field(default_factory=dict)

    def start(self, sql: str, **more: Any) -> str:
        place = {"ResultConfiguration": {"OutputLocation": RESULTS}} | more
        context = {"Database": self.database}
        started = self.athena.start_query_execution(
            QueryString=sql, QueryExecutionContext=context, **place
        )
        return str(started["QueryExecutionId"])

    def wait(self, query: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = self.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return dict(found)
            time.sleep(0.02)
        raise AssertionError(f"query {query} did not end")

    def ask(self, sql: str, **more: Any) -> Rows:
        """The rows of a query without the header, or Failed."""
        query = self.start(sql, **more)
        found = self.wait(query)
        self.statistics = found.get("Statistics", {})
        if found["Status"]["State"] != "SUCCEEDED":
            raise Failed(f"{found['Status']['State']} {found['Status']['StateChangeReason']}")
        pages = self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        rows = [r["Data"] for p in pages for r in p["ResultSet"]["Rows"]]
        texts = [[cell.get("VarCharValue") for cell in row] for row in rows]
        return texts[1:] if found["StatementType"] == "DML" else texts

    def make_polls(self, name: str = "polls", **properties: str) -> Table:
        """An Iceberg table made by Athena's DDL; PyIceberg writes into it as Spark would."""
        extra = "".join(f", '{key}'='{value}'" for key, value in properties.items())
        self.ask(
            f"CREATE TABLE {name} (line string COMMENT 'the line', stop int, bus bigint, "
            "at timestamp, delay double, day date, tags array<string>) "
            "PARTITIONED BY (day(at), truncate(1, line)) "
            f"LOCATION 's3://{self.database}/{name}/' TBLPROPERTIES ('table_type'='ICEBERG'{extra})"
        )
        return self.catalog.load_table((self.database, name))

    def objects(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.database, Prefix=prefix
        )
        return [found["Key"] for page in pages for found in page.get("Contents", [])]


@pytest.fixture
def lake(cloud: LaptopCloud, clients: Clients, request: pytest.FixtureRequest) -> Lake:
    glue, s3 = clients("glue"), clients("s3")
    database = f"d{abs(hash(request.node.name)) % 10**9}"
    glue.create_database(DatabaseInput={"Name": database})
    region = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=database, CreateBucketConfiguration=region)
    if "athena-results" not in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="athena-results", CreateBucketConfiguration=region)
    catalog = GlueCatalog(
        "test",
        client=glue,
        **{
            "s3.endpoint": cloud.endpoint,
            "s3.access-key-id": "laptop",
            "s3.secret-access-key": "laptop",
            "s3.region": "eu-west-1",
        },
    )
    return Lake(clients("athena"), s3, catalog, database)


def polls(table: Table, first: int, count: int, day: int = 0) -> pa.Table:
    """Polls numbered by `bus`, one a minute; every second one has tags."""
    numbers = range(first, first + count)
    times = [FIRST_DAY + timedelta(days=day, minutes=n % 1440) for n in numbers]
    return pa.table(
        {
            "line": [str(1 + n % 9) for n in numbers],
            "stop": [n % 100 for n in numbers],
            "bus": list(numbers),
            "at": times,
            "delay": [n / 4 for n in numbers],
            "day": [moment.date() for moment in times],
            "tags": [["a", f"t{n % 3}"] if n % 2 else None for n in numbers],
        }
    ).cast(table.schema().as_arrow())


FACTS = "SELECT count(*), sum(bus), sum(delay), count(distinct line), max(at) FROM polls"


def test_the_ddl_makes_a_v2_table_that_other_engines_can_write(lake: Lake) -> None:
    table = lake.make_polls(format="parquet", write_compression="zstd")

    assert table.format_version == 2
    assert [str(f.transform) for f in table.spec().fields] == ["day", "truncate[1]"]
    assert [f.name for f in table.spec().fields] == ["at_day", "line_trunc"]
    assert table.schema().find_field("line").doc == "the line"
    assert table.properties["write.parquet.compression-codec"] == "zstd"
    table.append(polls(table, 0, 10))
    assert lake.ask("SELECT count(*) FROM polls") == [["10"]]


def test_create_if_not_exists_leaves_the_table_and_its_rows(lake: Lake) -> None:
    table = lake.make_polls()
    table.append(polls(table, 0, 3))
    again = f"(a int) LOCATION 's3://{lake.database}/x/' TBLPROPERTIES ('table_type'='ICEBERG')"

    lake.ask(f"CREATE TABLE IF NOT EXISTS polls {again}")

    assert lake.ask("SELECT count(*) FROM polls") == [["3"]]
    with pytest.raises(Failed, match="TABLE_ALREADY_EXISTS"):
        lake.ask(f"CREATE TABLE polls {again}")


def test_two_that_create_one_table_at_once_make_one(lake: Lake) -> None:
    sql = (
        f"CREATE TABLE IF NOT EXISTS twins (a int) LOCATION 's3://{lake.database}/twins/' "
        "TBLPROPERTIES ('table_type'='ICEBERG')"
    )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lake.ask, [sql] * 8))

    assert lake.ask("SHOW TABLES") == [["twins"]]


def test_show_create_table_gives_a_statement_that_makes_the_same_table(lake: Lake) -> None:
    table = lake.make_polls(vacuum_min_snapshots_to_keep="3", write_data_path_enabled="true")
    shown = "\n".join(str(row[0]) for row in lake.ask("SHOW CREATE TABLE polls"))

    lake.ask("DROP TABLE polls")
    lake.ask(shown)

    again = lake.catalog.load_table((lake.database, "polls"))
    assert again.schema() == table.schema()
    assert again.spec() == table.spec()
    assert again.properties == table.properties


def test_added_columns_are_null_in_old_rows(lake: Lake) -> None:
    table = lake.make_polls()
    table.append(polls(table, 0, 2))

    lake.ask("ALTER TABLE polls ADD COLUMNS (`Source` string COMMENT 'who says so')")

    assert lake.ask("SELECT bus, source FROM polls ORDER BY bus") == [["0", None], ["1", None]]
    assert ["source", "string", "who says so"] in lake.ask("DESCRIBE polls")


def test_dropping_a_table_deletes_its_files(lake: Lake) -> None:
    table = lake.make_polls()
    table.append(polls(table, 0, 2))
    assert lake.objects("polls/")

    lake.ask("DROP TABLE polls")

    assert lake.objects("polls/") == []
    lake.ask("DROP TABLE IF EXISTS polls")
    with pytest.raises(Failed, match=r"SemanticException \[Error 10001\]: Table not found polls"):
        lake.ask("DROP TABLE polls")


def test_a_query_joins_groups_ranks_and_unnests(lake: Lake) -> None:
    table = lake.make_polls()
    table.append(polls(table, 0, 18))

    rows = lake.ask(
        f"""
        WITH hourly AS (
          SELECT p.line, date_trunc('hour', at) AS hour, count(*) AS n, avg(delay) AS late
          FROM "awsdatacatalog"."{lake.database}"."polls" p
          WHERE p.day = date '2025-08-01' AND p.line IN ('2', '3')
          GROUP BY 1, 2)
        SELECT h.line, h.hour, h.n, h.late, rank() OVER (ORDER BY h.late DESC) AS place, t.tag
        FROM hourly h
        JOIN polls q ON q.line = h.line AND q.bus < 9
        CROSS JOIN UNNEST(coalesce(q.tags, ARRAY['none'])) AS t(tag)
        ORDER BY place, tag
        """
    )

    # line 2: buses 1 and 10 (0.25, 2.5); line 3: buses 2 and 11 (0.5, 2.75)
    hour = "2025-08-01 00:00:00.000000"
    assert rows == [
        ["3", hour, "2", "1.625", "1", "none"],
        ["2", hour, "2", "1.375", "2", "a"],
        ["2", hour, "2", "1.375", "2", "t1"],
    ]


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("bus = 7", 1),
        ("7 <= bus", 193),
        ("bus BETWEEN 10 AND 19 AND delay > 2.75", 8),
        ("line = '3' AND tags IS NULL", 11),
        ("line IN ('3', '4') OR bus = 0", 45),
        ("at >= timestamp '2025-08-02 00:00:00'", 100),
        ("at >= date '2025-08-02' AND NOT at IS NULL", 100),
        ("day = date '2025-08-01' + interval '1' day", 100),
        ("at < from_unixtime(1754006400)", 0),  # 2025-08-01 00:00 UTC
        ("lower(line) = '3'", 22),
        ("bus = NULL", 0),
    ],
)
def test_a_condition_finds_the_same_rows_whether_the_scan_uses_it_or_not(
    lake: Lake, where: str, count: int
) -> None:
    table = lake.make_polls()
    table.append(pa.concat_tables([polls(table, 0, 100), polls(table, 100, 100, day=1)]))

    assert lake.ask(f"SELECT count(*) FROM polls WHERE {where}") == [[str(count)]]
    assert lake.ask(f"SELECT count_if({where}) FROM polls") == [[str(count)]]


def test_an_outer_join_keeps_the_rows_that_its_where_does_not_touch(lake: Lake) -> None:
    table = lake.make_polls()
    table.append(polls(table, 0, 4))

    rows = lake.ask(
        "SELECT a.bus, b.bus FROM polls a LEFT JOIN polls b ON b.bus = a.bus + 2 "
        "WHERE b.bus IS NULL ORDER BY 1"
    )

    assert rows == [["2", None], ["3", None]]


def test_only_the_columns_and_files_that_a_query_needs_are_read(lake: Lake) -> None:
    table = lake.make_polls()
    table.append(pa.concat_tables([polls(table, 0, 500), polls(table, 500, 500, day=1)]))
    scanned = {}
    for sql in ("*", "bus", "count(*)"):
        lake.ask(f"SELECT {sql} FROM polls")
        scanned[sql] = lake.statistics["DataScannedInBytes"]
    lake.ask("SELECT bus FROM polls WHERE at < timestamp '2025-08-02 00:00:00'")

    assert scanned["*"] > 3 * scanned["bus"] > 0
    assert scanned["count(*)"] == 0
    # half of the files, of which the column `at` is read too
    assert lake.statistics["DataScannedInBytes"] < 1.6 * scanned["bus"]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "SELECT * FROM nowhere",
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{db}.nowhere'",
        ),
        ("SELECT * FROM nope.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nope' does not exist"),
        ("SELECT nope FROM polls", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        (
            "SELECT 1 FROM polls WHERE day > '2025-08-01'",
            "TYPE_MISMATCH: line 1:27: Cannot apply operator: date > varchar(10)",
        ),
        ("SELECT 1 FROM polls WHERE line = 5", "TYPE_MISMATCH: line 1:27: Cannot apply operator"),
        ("INSERT INTO polls SELECT * FROM polls", "NOT_SUPPORTED: INSERT is not supported by the"),
        ("DELETE FROM polls", "NOT_SUPPORTED: DELETE"),
        ("CREATE EXTERNAL TABLE x (a int) LOCATION 's3://b/x/'", "NOT_SUPPORTED: CREATE EXTERNAL"),
        ("OPTIMIZE polls REWRITE DATA USING BIN_PACK WHERE lower(line) = 'a'", "NOT_SUPPORTED"),
        (
            "OPTIMIZE polls REWRITE DATA USING BIN_PACK WHERE line = '1' AND bus = 1",
            "NOT_SUPPORTED: Unexpected FilterNode found in plan",
        ),
        ("SELECT * FROM polls FOR VERSION AS OF 17", "INVALID_ARGUMENTS: No version history"),
        (
            "DESCRIBE nope.t",
            "FAILED: SemanticException [Error 10072]: Database does not exist: nope",
        ),
        (
            f"CREATE TABLE nope.t (a int) {ICEBERG}",
            "FAILED: SemanticException [Error 10072]: Database does not exist: nope",
        ),
        *(
            (f"CREATE TABLE t ({columns}) {clause} {ICEBERG}", reason)
            for columns, clause, reason in [
                (
                    "a timestamptz",
                    "",
                    "NOT_SUPPORTED: Unsupported Iceberg column type: timestamptz",
                ),
                ("a smallint", "", "NOT_SUPPORTED: Unsupported Iceberg column type: smallint"),
                ("a varchar(9)", "", "NOT_SUPPORTED: Unsupported Iceberg column type: varchar(9)"),
                ("a decimal(39,2)", "", "NOT_SUPPORTED: Unsupported Iceberg column type: decimal"),
                ("a decimal(4,5)", "", "NOT_SUPPORTED: Unsupported Iceberg column type: decimal"),
                ("a int, A string", "", "DUPLICATE_COLUMN_NAME: Column name 'a' specified twice"),
                ("a int", "PARTITIONED BY (b)", "COLUMN_NOT_FOUND: Partition column 'b'"),
                (
                    "a int",
                    "PARTITIONED BY (day(a))",
                    "NOT_SUPPORTED: Unable to partition by day(a)",
                ),
                (
                    "a date",
                    "PARTITIONED BY (hour(a))",
                    "NOT_SUPPORTED: Unable to partition by hour",
                ),
                ("a double", "PARTITIONED BY (bucket(4, a))", "NOT_SUPPORTED: Unable to partition"),
                ("a binary", "PARTITIONED BY (truncate(4, a))", "NOT_SUPPORTED: Unable to partiti"),
                (
                    "a array<int>",
                    "PARTITIONED BY (a)",
                    "NOT_SUPPORTED: Unable to partition by ident",
                ),
            ]
        ),
    ],
)
def test_a_failed_query_says_why_in_athenas_words(lake: Lake, sql: str, reason: str) -> None:
    lake.make_polls()

    with pytest.raises(Failed) as failed:
        lake.ask(sql)

    assert str(failed.value).startswith("FAILED " + reason.format(db=lake.database))


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM polls", "SCHEMA_NOT_FOUND: line 1:15: Schema 'default' does not exist"),
        (
            "DESCRIBE polls",
            "FAILED: SemanticException [Error 10072]: Database does not exist: default",
        ),
        (
            f"CREATE TABLE t (a int) {ICEBERG}",
            "FAILED: SemanticException [Error 10072]: Database does not exist: default",
        ),
    ],
)
def test_without_a_database_a_name_resolves_in_default(lake: Lake, sql: str, reason: str) -> None:
    lake.make_polls()

    started = lake.athena.start_query_execution(
        QueryString=sql, ResultConfiguration={"OutputLocation": RESULTS}
    )

    status = lake.wait(started["QueryExecutionId"])["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("FAILED", reason)


def test_reals_and_maps_print_alike_in_pages_and_in_the_file(lake: Lake) -> None:
    query = lake.start(
        "SELECT CAST(1.1 AS real) AS r, ARRAY[CAST(1e10 AS real), null] AS l,"
        " MAP(ARRAY['key'], ARRAY[MAP(ARRAY['subkey'], ARRAY[2])]) AS m"
    )
    found = lake.wait(query)

    answer = lake.athena.get_query_results(QueryExecutionId=query)["ResultSet"]
    bucket, key = found["ResultConfiguration"]["OutputLocation"][5:].split("/", 1)
    text = lake.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()

    cells = ["1.1", "[1.0E10, null]", "{key={subkey=2}}"]
    assert [cell["VarCharValue"] for cell in answer["Rows"][1]["Data"]] == cells
    kinds = [column["Type"] for column in answer["ResultSetMetadata"]["ColumnInfo"]]
    assert kinds == ["float", "array", "map"]
    assert text == '"r","l","m"\n' + ",".join(f'"{cell}"' for cell in cells) + "\n"


def test_a_table_is_renamed_as_clients_of_glue_do_it(lake: Lake) -> None:
    table = lake.make_polls()
    table.append(polls(table, 0, 3))

    lake.catalog.rename_table((lake.database, "polls"), (lake.database, "votes"))

    assert lake.ask("SELECT count(*) FROM votes") == [["3"]]
    assert lake.ask("SHOW TABLES") == [["votes"]]


@pytest.mark.parametrize(
    "sql", ["SELEC 1", "SELECT 1 FROM", "CREATE TABLE t (a int)", "SELECT 1; SELECT 2", "SELECT ?"]
)
def test_a_malformed_statement_is_refused_when_it_is_submitted(lake: Lake, sql: str) -> None:
    with pytest.raises(ClientError) as refused:
        lake.start(sql)

    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    assert refused.value.response["AthenaErrorCode"] == "MALFORMED_QUERY"


def test_results_are_paged_and_lie_on_s3_as_csv(lake: Lake) -> None:
    query = lake.start(
        "SELECT n, if(n % 2 = 0, null, 'say \"x\", ' || chr(10) || 'y') AS text "
        "FROM UNNEST(sequence(1, 1500)) AS t(n) ORDER BY n"
    )
    found = lake.wait(query)

    first = lake.athena.get_query_results(QueryExecutionId=query)["ResultSet"]
    pages = lake.athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
    bucket, key = found["ResultConfiguration"]["OutputLocation"][5:].split("/", 1)
    text = lake.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()

    assert [c["VarCharValue"] for c in first["Rows"][0]["Data"]] == ["n", "text"]
    assert [c["Type"] for c in first["ResultSetMetadata"]["ColumnInfo"]] == ["bigint", "varchar"]
    assert first["Rows"][2]["Data"] == [{"VarCharValue": "2"}, {}]
    assert [len(p["ResultSet"]["Rows"]) for p in pages] == [1000, 501]
    assert key == f"r/{query}.csv"
    assert text.startswith('"n","text"\n"1","say ""x"", \ny"\n"2",\n')
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == 1501


def test_an_enforced_work_group_decides_the_place_and_the_limit(lake: Lake) -> None:
    lake.ask(
        f"CREATE TABLE wide (n bigint) LOCATION 's3://{lake.database}/wide/' "
        "TBLPROPERTIES ('table_type'='ICEBERG')"
    )
    count = 2_000_000
    scattered = [n * 7_046_029_254_386_353 % 2**63 for n in range(count)]
    lake.catalog.load_table((lake.database, "wide")).append(pa.table({"n": scattered}))
    group = f"wg-{lake.database}"
    lake.athena.create_work_group(
        Name=group,
        Configuration={
            "ResultConfiguration": {"OutputLocation": "s3://athena-results/group"},
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )

    query = lake.start("SELECT count(*) FROM wide", WorkGroup=group)
    place = lake.wait(query)["ResultConfiguration"]["OutputLocation"]

    assert place == f"s3://athena-results/group/{query}.csv"
    with pytest.raises(Failed, match=r"^CANCELLED Bytes scanned limit was exceeded"):
        lake.ask("SELECT max(n) FROM wide", WorkGroup=group)
    assert lake.ask("SELECT max(n) FROM wide") == [[str(max(scattered))]]


def test_a_stopped_query_is_cancelled_at_once(lake: Lake) -> None:
    query = lake.start(
        "SELECT count(*) FROM UNNEST(sequence(1, 9000000)) AS a(x) "
        "CROSS JOIN UNNEST(sequence(1, 9000000)) AS b(y) WHERE x * y % 7 = 3"
    )
    execution = {"QueryExecutionId": query}

    def state() -> str:
        found = lake.athena.get_query_execution(**execution)["QueryExecution"]
        return str(found["Status"]["State"])

    until(lambda: state() == "RUNNING")

    lake.athena.stop_query_execution(QueryExecutionId=query)

    assert lake.wait(query)["Status"]["State"] == "CANCELLED"
    assert lake.ask("SELECT 1") == [["1"]]
    with pytest.raises(ClientError, match="Final query state: CANCELLED"):
        lake.athena.get_query_results(QueryExecutionId=query)


def test_parameters_are_filled_in(lake: Lake) -> None:
    table = lake.make_polls()
    table.append(polls(table, 0, 20))

    rows = lake.ask(
        "SELECT count(*) FROM polls WHERE line = ? AND bus > ?", ExecutionParameters=["'3'", "5"]
    )

    assert rows == [["1"]]


def test_the_same_token_starts_one_query(lake: Lake) -> None:
    token = "one-and-the-same-token-of-32-chars"

    first = lake.start("SELECT 1", ClientRequestToken=token)

    assert lake.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        lake.start("SELECT 2", ClientRequestToken=token)


def test_optimize_makes_few_files_of_many_and_keeps_every_row(lake: Lake) -> None:
    table = lake.make_polls()
    for part in range(6):
        table.append(polls(table, part * 20, 20, day=part % 2))
    before = lake.ask(FACTS)
    files = int(str(lake.ask('SELECT count(*) FROM "polls$files"')[0][0]))

    lake.ask(
        "OPTIMIZE polls REWRITE DATA USING BIN_PACK WHERE at < timestamp '2025-08-02 00:00:00'"
    )
    half = int(str(lake.ask('SELECT count(*) FROM "polls$files"')[0][0]))
    lake.ask("ALTER TABLE polls SET TBLPROPERTIES ('optimize_rewrite_data_file_threshold'='2')")
    lake.ask("OPTIMIZE polls REWRITE DATA USING BIN_PACK")

    assert files == 54
    assert half == 54  # three files a partition: under the threshold of five
    assert lake.ask('SELECT count(*) FROM "polls$files"') == [["18"]]
    assert lake.ask(FACTS) == before
    table.refresh()
    assert table.scan().to_arrow().num_rows == 120


def test_optimize_beside_a_writer_loses_no_row(lake: Lake) -> None:
    table = lake.make_polls(optimize_rewrite_data_file_threshold="2")
    stop, written = threading.Event(), [0]

    def write() -> None:
        while not stop.is_set() and written[0] < 12:
            table.append(polls(table, written[0] * 9, 9))
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    outcomes = []
    while writer.is_alive():
        try:
            lake.ask("OPTIMIZE polls REWRITE DATA USING BIN_PACK")
            outcomes.append("done")
        except Failed as error:
            outcomes.append(str(error)[:28])
    stop.set()
    writer.join()

    rows = written[0] * 9
    assert set(outcomes) <= {"done", "FAILED ICEBERG_COMMIT_ERROR:"}
    assert lake.ask("SELECT count(*), count(distinct bus) FROM polls") == [[str(rows)] * 2]


def newest(table: Table) -> float:
    """When the table's newest snapshot was made."""
    return max(one.timestamp_ms for one in table.refresh().metadata.snapshots) / 1000


def test_vacuum_forgets_the_past_and_deletes_its_files_only(lake: Lake) -> None:
    table = lake.make_polls(
        vacuum_max_snapshot_age_seconds="1",
        vacuum_max_metadata_files_to_keep="2",
        optimize_rewrite_data_file_threshold="2",
    )
    for part in range(3):
        table.append(polls(table, part * 9, 9))
    first = table.metadata.snapshots[0].snapshot_id
    lake.ask("OPTIMIZE polls REWRITE DATA USING BIN_PACK")
    before, many = lake.ask(FACTS), lake.objects("polls/")
    assert lake.ask(f"SELECT count(*) FROM polls FOR VERSION AS OF {first}") == [["9"]]
    # Not a minute old and in no snapshot: perhaps a commit is on its way.
    lake.s3.put_object(Bucket=lake.database, Key="polls/data/in-flight.parquet", Body=b"x")
    until(lambda: time.time() > newest(table) + 1)

    lake.ask("VACUUM polls")

    left = lake.objects("polls/")
    assert lake.ask(FACTS) == before
    assert lake.ask('SELECT count(*) FROM "polls$snapshots"') == [["1"]]
    assert len([key for key in left if key.endswith(".parquet")]) == 9 + 1
    assert len([key for key in left if key.endswith(".metadata.json")]) == 2
    assert len(left) < len(many) / 2
    with pytest.raises(Failed, match="INVALID_ARGUMENTS"):
        lake.ask(f"SELECT count(*) FROM polls FOR VERSION AS OF {first}")


def test_vacuum_keeps_what_is_younger_than_the_limit(lake: Lake) -> None:
    table = lake.make_polls()
    for part in range(3):
        table.append(polls(table, part * 9, 9))
    many = set(lake.objects("polls/"))

    lake.ask("VACUUM polls")

    assert lake.ask('SELECT count(*) FROM "polls$snapshots"') == [["3"]]
    assert many <= set(lake.objects("polls/"))


def test_the_past_can_be_asked_by_version_and_by_time(lake: Lake) -> None:
    table = lake.make_polls()
    table.append(polls(table, 0, 4))
    # Milliseconds apart, which is as fine as snapshots and questions tell time.
    until(lambda: time.time() > newest(table) + 0.002, every_s=0.001)
    asked = time.time()
    between = datetime.fromtimestamp(asked).astimezone().isoformat(timespec="milliseconds")
    until(lambda: time.time() > asked + 0.002, every_s=0.001)
    table.append(polls(table, 4, 4))
    versions = lake.ask('SELECT snapshot_id FROM "polls$snapshots" ORDER BY committed_at')

    assert lake.ask(f"SELECT count(*) FROM polls FOR VERSION AS OF {versions[0][0]}") == [["4"]]
    moment = f"from_iso8601_timestamp('{between}')"
    assert lake.ask(f"SELECT max(bus) FROM polls FOR TIMESTAMP AS OF {moment}") == [["3"]]
    assert lake.ask("SELECT max(bus) FROM polls") == [["7"]]


def test_many_queries_at_once_each_get_their_own_answer(lake: Lake) -> None:
    table = lake.make_polls()
    table.append(polls(table, 0, 100))

    with ThreadPoolExecutor(8) as pool:
        asked = [f"SELECT count(*), {n} FROM polls WHERE bus >= {n}" for n in range(24)]
        answers = list(pool.map(lake.ask, asked))

    assert answers == [[[str(100 - n), str(n)]] for n in range(24)]


def test_results_can_be_read_after_the_cloud_was_stopped(make_cloud: Any) -> None:
    cloud = make_cloud()
    cloud.up()
    athena, s3 = client(cloud, "athena"), client(cloud, "s3")
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    query = athena.start_query_execution(
        QueryString="SELECT 1 AS one, null AS none, '' AS empty",
        ResultConfiguration={"OutputLocation": "s3://kept/"},
    )["QueryExecutionId"]

    def state() -> str:
        found = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        return str(found["Status"]["State"])

    until(lambda: state() == "SUCCEEDED")

    cloud.down()
    cloud.up()

    rows = client(cloud, "athena").get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    assert rows[1]["Data"] == [{"VarCharValue": "1"}, {}, {"VarCharValue": ""}]


def test_a_count_over_a_hundred_small_files_takes_under_two_seconds(lake: Lake) -> None:
    table = lake.make_polls()
    with table.transaction() as change:
        for part in range(12):
            change.append(polls(table, part * 900, 900))
    assert int(str(lake.ask('SELECT count(*) FROM "polls$files"')[0][0])) >= 100

    began = time.monotonic()
    assert lake.ask("SELECT count(*) FROM polls") == [["10800"]]
    assert lake.ask("SELECT count(*), sum(bus) FROM polls")[0][0] == "10800"

    assert time.monotonic() - began < 4
