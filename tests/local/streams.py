"""A stream on a laptop cloud: Kinesis, the real transform, Firehose, an Iceberg table."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from lake import ddl
from lake.catalog import Catalog
from local.lifecycle import REGION, LaptopCloud
from tests.local.conftest import ROLE, client, make_role, until

ROOT = Path(__file__).parents[2]
PREFIX = "tfm_dgv_mbdde_"
ENVIRONMENT = {"DATABASE_PREFIX": PREFIX, "POWERTOOLS_METRICS_NAMESPACE": "Albufera"}
TABLE = Catalog.bundled().table("meteorology_silver.meteorology_current")
DATABASE = f"{PREFIX}{TABLE.database}"
STREAM, FUNCTION, BUCKET = "lake-weather", "transform-stream", "stream-lake"
ERRORS = "stream-errors/weather/"
ACCOUNT = "000000000000"
# The real handler behind a switch: with CRASH it raises before it has read a record.
SWITCH = """
import os
from functions.transform_stream.handler import handler as real

def handler(event, context):
    if os.environ.get("CRASH"):
        raise RuntimeError("the transform is broken")
    return real(event, context)
"""


def transform_zip() -> bytes:
    """The function as it is deployed, its layers beside it, and the switch."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("switch.py", SWITCH)
        for root, folder in (("functions", ROOT), ("lake", ROOT / "layers" / "lake")):
            for path in sorted((folder / root).rglob("*")):
                if path.suffix in (".py", ".json") and "__pycache__" not in path.parts:
                    archive.write(path, path.relative_to(folder))
        with zipfile.ZipFile(ROOT / "build" / "layers" / "vendor.zip") as vendor:
            for name in vendor.namelist():
                archive.writestr(name.removeprefix("python/"), vendor.read(name))
    return packed.getvalue()


class StreamLake:
    """Makes what Terraform would make, and looks at what became of records."""

    def __init__(self, cloud: LaptopCloud) -> None:
        self.cloud = cloud
        self.s3, self.glue = client(cloud, "s3"), client(cloud, "glue")
        self.kinesis, self.firehose = client(cloud, "kinesis"), client(cloud, "firehose")
        self.functions, self.athena = client(cloud, "lambda"), client(cloud, "athena")

    def make(self, seconds: int = 1, megabytes: int = 5, **more: Any) -> None:
        """Bucket, table, function, stream, delivery stream."""
        make_role(self.cloud)
        where = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        self.make_table()
        self.functions.create_function(
            FunctionName=FUNCTION,
            Runtime="python3.11",
            Role=ROLE,
            Handler="switch.handler",
            Timeout=60,
            Environment={"Variables": ENVIRONMENT},
            Code={"ZipFile": transform_zip()},
        )
        self.kinesis.create_stream(StreamName=STREAM, StreamModeDetails={"StreamMode": "ON_DEMAND"})
        self.make_delivery(seconds, megabytes, **more)

    def make_table(self) -> None:
        self.glue.create_database(DatabaseInput={"Name": DATABASE})
        location = f"s3://{BUCKET}/{DATABASE}.db/{TABLE.name}"
        self.ask(ddl.athena_create(TABLE, DATABASE, location))

    def make_delivery(self, seconds: int, megabytes: int, **more: Any) -> None:
        self.firehose.create_delivery_stream(
            DeliveryStreamName=STREAM,
            DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration={
                "KinesisStreamARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STREAM}",
                "RoleARN": ROLE,
            },
            IcebergDestinationConfiguration=self.destination(seconds, megabytes) | more,
        )

    def buffer(self, seconds: int, megabytes: int) -> None:
        """Change how long, and how much, the delivery stream waits for."""
        asked = self.firehose.describe_delivery_stream(DeliveryStreamName=STREAM)
        described = asked["DeliveryStreamDescription"]
        hints = {"SizeInMBs": megabytes, "IntervalInSeconds": seconds}
        self.firehose.update_destination(
            DeliveryStreamName=STREAM,
            CurrentDeliveryStreamVersionId=described["VersionId"],
            DestinationId=described["Destinations"][0]["DestinationId"],
            IcebergDestinationUpdate={"BufferingHints": hints},
        )

    def destination(self, seconds: int, megabytes: int) -> dict[str, Any]:
        function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}:$LATEST"
        parameter = {"ParameterName": "LambdaArn", "ParameterValue": function}
        return {
            "RoleARN": ROLE,
            "CatalogConfiguration": {"CatalogARN": f"arn:aws:glue:{REGION}:{ACCOUNT}:catalog"},
            "BufferingHints": {"SizeInMBs": megabytes, "IntervalInSeconds": seconds},
            "DestinationTableConfigurationList": [
                {"DestinationDatabaseName": DATABASE, "DestinationTableName": TABLE.name}
            ],
            "ProcessingConfiguration": {
                "Enabled": True,
                "Processors": [{"Type": "Lambda", "Parameters": [parameter]}],
            },
            "S3BackupMode": "FailedDataOnly",
            "S3Configuration": {
                "RoleARN": ROLE,
                "BucketARN": f"arn:aws:s3:::{BUCKET}",
                "ErrorOutputPrefix": f"{ERRORS}!{{firehose:error-output-type}}/",
            },
        }

    def crash(self, *, broken: bool) -> None:
        """Break the transform, or mend it."""
        variables = ENVIRONMENT | ({"CRASH": "1"} if broken else {})
        self.functions.update_function_configuration(
            FunctionName=FUNCTION, Environment={"Variables": variables}
        )

    def put(self, records: Iterable[bytes], key: str = "Madrid") -> int:
        """Put records, 500 a call; gives how many Kinesis has taken."""
        batch = [{"Data": data, "PartitionKey": key} for data in records]
        for start in range(0, len(batch), 500):
            answer = self.kinesis.put_records(StreamName=STREAM, Records=batch[start : start + 500])
            assert answer["FailedRecordCount"] == 0
        return len(batch)

    def ask(self, sql: str) -> list[list[str | None]]:
        """The rows of a query of Athena, without the header."""
        started = self.athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": DATABASE},
            ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/athena/"},
        )["QueryExecutionId"]

        def ended() -> dict[str, Any] | None:
            found = self.athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            return found if found["Status"]["State"] not in ("QUEUED", "RUNNING") else None

        found = until(ended, 60)
        assert found is not None
        assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
        if found["StatementType"] != "DML":
            return []
        pages = self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=started)
        rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
        return [[cell.get("VarCharValue") for cell in row] for row in rows][1:]

    def saved(self, service: str, holds: Callable[[str], bool]) -> None:
        """Wait until what the cloud has on disk of a service is as it should be."""
        (state,) = until(lambda: list(self.cloud.state_dir.rglob(f"{service}.json")))
        until(lambda: holds(state.read_text()))

    def count(self) -> int:
        ((rows,),) = self.ask(f"select count(*) from {TABLE.name}")
        return int(rows or 0)

    def keys(self) -> list[tuple[str | None, ...]]:
        """The key of every row, doubles included."""
        return [tuple(row) for row in self.ask(f"select {', '.join(TABLE.key)} from {TABLE.name}")]

    def error_objects(self, kind: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, Prefix=f"{ERRORS}{kind}"
        )
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def errors(self, kind: str = "") -> Iterator[dict[str, Any]]:
        """Every line of the error prefix."""
        for key in self.error_objects(kind):
            body = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            for line in body.decode().splitlines():
                yield json.loads(line)

    def settled(self, delivered: int, failed: int, timeout: float = 60) -> None:
        """Wait until so many rows and so many failures are there."""
        deadline = time.monotonic() + timeout
        while True:
            seen = (self.count(), sum(1 for _ in self.errors()))
            if seen == (delivered, failed):
                return
            assert time.monotonic() < deadline, f"{seen}, not {(delivered, failed)}"
            time.sleep(0.2)


def raw(line: dict[str, Any]) -> bytes:
    """The record that a line of the error prefix keeps."""
    return base64.b64decode(line["rawData"])
