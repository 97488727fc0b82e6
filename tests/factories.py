"""What tests are made of: workbooks good and bad, and the events that AWS would send."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote_plus

from aws_lambda_powertools.utilities.typing import LambdaContext as PowertoolsContext

from scripts.samples.workbook import Cell, xlsx

ARRIVALS_COLUMNS = (
    "timestamp",
    "Arrive",
    "StopInfo",
    "ExtraInfo",
    "Incident.ListaIncident.data",
    "stopId",
    "line",
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def workbook(
    header: Sequence[str], rows: Iterable[Sequence[Cell]] = (), sheet: str = "Sheet1"
) -> bytes:
    """A workbook as openpyxl writes it, of the same bytes each time."""
    return xlsx(sheet, header, rows)


def arrivals(polls: int = 2, stop: int = 70) -> bytes:
    """A good arrivals workbook; another stop makes other bytes."""
    rows = [
        (f"2025-08-29 08:00:{poll:02}", "[]", "[]", "[]", "[]", stop, 361) for poll in range(polls)
    ]
    return workbook(ARRIVALS_COLUMNS, rows)


def raw_workbook(
    sheet_xml: str | bytes,
    *,
    names: Sequence[str] = ("Sheet1",),
    shared: str | None = None,
    extra: Mapping[str, bytes | str] | None = None,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A workbook whose first sheet is exactly this XML: what no writer would write."""
    tabs = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, start=1)
    )
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet"'
        f' Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(names) + 1)
    )
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<sheets>{tabs}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f"{links}</Relationships>",
        "xl/worksheets/sheet1.xml": sheet_xml,
    }
    for number in range(2, len(names) + 1):
        parts[f"xl/worksheets/sheet{number}.xml"] = sheet("")
    if shared is not None:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_MAIN}">{shared}</sst>'
    return zipped({**parts, **(extra or {})}, method)


def write_large(path: Path, part: str, head: bytes, unit: bytes, count: int, tail: bytes) -> None:
    """A workbook with one part far larger than the memory that this test should take.

    Its header is text 2,999,999 when the large part is the shared texts.
    """
    texts = part == "xl/sharedStrings.xml"
    header = '<row r="1"><c r="A1" t="s"><v>2999999</v></c></row>' if texts else header_row("ab")
    small = raw_workbook(sheet(header))
    block = unit * 10_000
    with (
        zipfile.ZipFile(io.BytesIO(small)) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
        # Noise that does not shrink, so that the archive as a whole looks well proportioned.
        noise = Random(1).randbytes(3 << 20)  # noqa: S311
        new.writestr("xl/media/noise.bin", noise, zipfile.ZIP_STORED)
        with new.open(part, "w", force_zip64=True) as stream:
            stream.write(head)
            for _ in range(count // 10_000):
                stream.write(block)
            stream.write(tail)


def zipped(parts: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def sheet(rows: str, before: str = "", after: str = "") -> str:
    """A sheet's XML around its rows."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{_MAIN}">{before}'
        f"<sheetData>{rows}</sheetData>{after}</worksheet>"
    )


def header_row(names: Sequence[str] = ARRIVALS_COLUMNS, row: int = 1) -> str:
    """A header of inline texts."""
    cells = "".join(
        f'<c r="{chr(65 + index)}{row}" t="inlineStr"><is><t>{name}</t></is></c>'
        for index, name in enumerate(names)
    )
    return f'<row r="{row}">{cells}</row>'


def eventbridge(bucket: str, key: str, version: str | None = None) -> dict[str, Any]:
    """An object landed, as EventBridge tells it: the key is raw."""
    item: dict[str, Any] = {"key": key, "size": 1, "etag": "0", "sequencer": "0062E99A88DC407460"}
    if version is not None:
        item["version-id"] = version
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2025-08-29T10:00:00Z",
        "region": "eu-south-2",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": item,
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "123456789012",
            "reason": "PutObject",
        },
    }


def notification(bucket: str, key: str, version: str | None = None) -> dict[str, Any]:
    """An object landed, as S3's own notification tells it: the key is URL-encoded."""
    item: dict[str, Any] = {"key": quote_plus(key), "size": 1, "sequencer": "0062E99A88DC407460"}
    if version is not None:
        item["versionId"] = version
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": bucket}, "object": item},
            }
        ]
    }


def job_ended(application_id: str, run_id: str, state: str = "SUCCESS") -> dict[str, Any]:
    """A job run changed its state, as EventBridge tells it."""
    return {
        "version": "0",
        "detail-type": "EMR Serverless Job Run State Change",
        "source": "aws.emr-serverless",
        "detail": {
            "jobRunId": run_id,
            "applicationId": application_id,
            "state": state,
            "previousState": "RUNNING",
        },
    }


SWEEP = {"detail-type": "Lake Sweep"}


def sqs_event(*bodies: Mapping[str, Any], fifo: bool = False) -> dict[str, Any]:
    """The messages as Lambda gets them from a queue: ids m0, m1, ..."""
    queue = "jobs.fifo" if fifo else "uploads"
    records = []
    for number, body in enumerate(bodies):
        attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "1756461600000"}
        if fifo:
            attributes["MessageGroupId"] = str(body.get("lane", "settle"))
        records.append(
            {
                "messageId": f"m{number}",
                "receiptHandle": f"handle-{number}",
                "body": json.dumps(body),
                "attributes": attributes,
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:eu-south-2:123456789012:{queue}",
                "awsRegion": "eu-south-2",
            }
        )
    return {"Records": records}


def failed_ids(answer: Mapping[str, Any]) -> list[str]:
    """The messages that a function gave back."""
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


class LambdaContext(PowertoolsContext):
    """What Lambda hands to a handler, as far as anybody asks."""

    def __init__(self) -> None:
        self._function_name = "function"
        self._memory_limit_in_mb = 1024
        self._invoked_function_arn = "arn:aws:lambda:eu-south-2:123456789012:function:function"
        self._aws_request_id = "52fdfc07-2182-154f-163f-5f0f9a621d72"


def ledger_schema(name: str) -> dict[str, Any]:
    """The ledger's table as Terraform makes it."""

    def index(title: str, partition: str, order: str) -> dict[str, Any]:
        return {
            "IndexName": title,
            "KeySchema": [
                {"AttributeName": partition, "KeyType": "HASH"},
                {"AttributeName": order, "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }

    keys = ("pk", "sk", "waiting_lane", "received_at", "state", "last_seen")
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [
            index("waiting", "waiting_lane", "received_at"),
            index("by_state", "state", "last_seen"),
        ],
    }
