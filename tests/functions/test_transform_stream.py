"""transform_stream: a row for each good record, a refusal for each bad one, an answer for each."""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.transform_stream import handler as transform
from functions.transform_stream.answers import ANSWER_BYTES, Batch
from lake.catalog import Catalog, Column
from lake.conform import Rejection
from lake.errors import CatalogError
from lake.streams import INGESTED, WRITERS, Row, Streams, check_shape, sent_again
from lake.types import TYPES
from tests.factories import LambdaContext
from tests.weather import EPOCH, envelope, observation, record

CATALOG = Catalog.bundled()
STREAMS = Streams(CATALOG)
TABLE = CATALOG.table("meteorology_silver.meteorology_current")
# JSON's types, and what a table's type takes of them.
JSON_TYPES = {
    "string": str,
    "int": int,
    "long": int,
    "double": float,
    "boolean": bool,
    "timestamp": int,
    "date": str,
    "array<string>": list,
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PREFIX", "tfm_dgv_mbdde_")


def event(*data: bytes | str) -> dict[str, Any]:
    """What Firehose sends; text is put in as it is, base64 or not."""
    return {
        "invocationId": "00000000-0000-4000-8000-000000000000",
        "deliveryStreamArn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/stream",
        "region": "eu-west-1",
        "records": [
            {
                "recordId": f"4964{number:08}",
                "approximateArrivalTimestamp": 1_756_454_587_000,
                "data": each if isinstance(each, str) else base64.b64encode(each).decode(),
            }
            for number, each in enumerate(data)
        ],
    }


def answered(*data: bytes | str) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = transform.handler(event(*data), LambdaContext())["records"]
    return answers


def row_of(answer: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(base64.b64decode(answer["data"]))
    return row


def reason(data: bytes) -> Rejection:
    made = STREAMS.row(data)
    assert isinstance(made, Rejection)
    return made


def changed(path: str, value: Any) -> bytes:
    """A record with one value of the observation set, or taken out."""
    body = observation()
    *way, last = path.split(".")
    place = body
    for step in way:
        place = place[step]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return json.dumps(envelope(body)).encode()


def test_a_record_becomes_the_row_that_the_table_declares() -> None:
    (answer,) = answered(record())

    assert answer["result"] == "Ok"
    assert row_of(answer) == {
        "location_name": "Madrid",
        "obs_ts": EPOCH * 1_000_000,
        "lat": 40.4086,
        "lon": -3.6922,
        "tz_id": "Europe/Madrid",
        "is_day": True,
        "temp_c": 20.0,
        "feelslike_c": 24.6,
        "condition_text": "Sunny",
        "condition_code": 1000,
        "wind_kph": 6.8,
        "wind_degree": 215,
        "wind_dir": "SW",
        "gust_kph": 12.4,
        "pressure_mb": 1017.0,
        "precip_mm": 0.0,
        "humidity": 33,
        "cloud": 0,
        "vis_km": 10.0,
        "uv": 3.1,
        "air_co": 231.25,
        "air_no2": 11.285,
        "air_o3": 82.0,
        "air_so2": 2.775,
        "air_pm2_5": 8.695,
        "air_pm10": 13.135,
        "air_us_epa_index": 1,
        "air_gb_defra_index": 1,
        "source": "stream",
        # 2025-08-29T08:03:07.250Z: three minutes, seven and a quarter seconds after the observation
        "ingest_ts": (EPOCH + 187) * 1_000_000 + 250_000,
    }


def test_the_answer_says_which_table_the_row_is_for() -> None:
    (answer,) = answered(record())

    assert answer["metadata"] == {
        "otfMetadata": {
            "destinationDatabaseName": "tfm_dgv_mbdde_meteorology_silver",
            "destinationTableName": "meteorology_current",
            "operation": "insert",
        }
    }


@pytest.mark.parametrize("source", CATALOG.streams, ids=lambda source: source.id)
def test_every_stream_writes_exactly_what_its_table_declares(source: Any) -> None:
    table = CATALOG.table(source.feeds[0])

    check_shape(source, table)

    assert {*source.columns, INGESTED} == {column.name for column in table.columns}
    made = STREAMS.row(record())
    assert isinstance(made, Row)
    assert list(made.values) == [column.name for column in table.columns]
    for column in table.columns:
        value = made.values[column.name]
        assert value is None or type(value) is JSON_TYPES[column.type], column


def test_every_type_of_the_catalogue_can_be_written() -> None:
    assert set(WRITERS) == set(TYPES) == set(JSON_TYPES)


@pytest.mark.parametrize("less", [True, False], ids=["a column too few", "a column too many"])
def test_a_stream_that_does_not_fit_its_table_stops_a_cold_start(less: bool) -> None:
    more = Column("visitors", "long", "People who were there")
    columns = TABLE.columns[1:] if less else (*TABLE.columns, more)
    tables = {**CATALOG.tables, TABLE.id: replace(TABLE, columns=columns)}

    with pytest.raises(CatalogError, match="location_name" if less else "visitors"):
        Streams(replace(CATALOG, tables=tables))


def test_a_bad_record_fails_alone_and_in_its_place() -> None:
    answers = answered(record(0), b"{half a rec", record(1), changed("current.temp_c", 400.0))

    assert [answer["result"] for answer in answers] == [
        *("Ok", "ProcessingFailed", "Ok", "ProcessingFailed"),
    ]
    assert [answer["recordId"] for answer in answers] == [
        record["recordId"] for record in event(b"", b"", b"", b"")["records"]
    ]
    assert answers[1] == {"recordId": "496400000001", "result": "ProcessingFailed"}


POISON = {
    "no JSON": (b"not json", "json"),
    "half a record": (record()[:200], "json"),
    "HTML": (b"<html><body>502</body></html>", "json"),
    "no UTF-8": (b"\xff\xfe\x00", "json"),
    "nothing": (b"", "json"),
    "not a number": (b'{"source": NaN}', "json"),
    "nested without end": (b"[" * 100_000, "json"),
    "a list": (b"[]", "envelope"),
    "another source": (json.dumps(envelope(source="emt/arrivals")).encode(), "envelope"),
    "no source": (b"{}", "envelope"),
    "an error inside": (json.dumps(envelope({"error": {"code": 1006}})).encode(), "required"),
    "no observation": (json.dumps(envelope(observation=None)).encode(), "envelope"),
    "no place": (changed("location.name", KeyError), "required"),
    "no moment": (changed("current.last_updated_epoch", KeyError), "required"),
    "no temperature": (changed("current.temp_c", None), "required"),
    "a temperature in words": (changed("current.temp_c", "warm"), "type"),
    "a temperature of hell": (changed("current.temp_c", 999.9), "between"),
    "a moment beyond time": (changed("current.last_updated_epoch", 10**30), "type"),
    "a number of thousands of digits": (
        record().replace(b"20.0", b"9" * 5_000),
        "type",
    ),
    "a number beyond numbers": (record().replace(b"20.0", b"1e999"), "type"),
    "a wind in pieces": (changed("current.wind_degree", 1.5), "type"),
    "no time of arrival": (json.dumps(envelope(received_at=None)).encode(), "required"),
}


@pytest.mark.parametrize("name", POISON)
def test_a_poisoned_record_is_refused_with_its_reason(name: str) -> None:
    data, rule = POISON[name]

    (poisoned, good) = answered(data, record())

    assert (poisoned["result"], good["result"]) == ("ProcessingFailed", "Ok")
    assert reason(data).rule == rule
    assert reason(data).reason


def test_half_a_character_is_refused_because_no_table_can_keep_it() -> None:
    data = changed("current.condition.text", "Sun\ud83d")
    batch = Batch(STREAMS, lambda name: name)

    (answer,) = batch.answer(event(data)["records"])

    assert answer["result"] == "ProcessingFailed"
    assert [refusal.rejection.rule for refusal in batch.refusals] == ["text"]


def test_data_that_is_no_base64_is_refused() -> None:
    text = base64.b64encode(record()).decode()

    (bad, nearly, good) = answered("%%% no base64 %%%", f"{text[:9]}!{text[9:]}", text)

    assert [one["result"] for one in (bad, nearly, good)] == [
        *("ProcessingFailed", "ProcessingFailed", "Ok"),
    ]


def test_a_record_without_data_fails_alone() -> None:
    asked = event(b"", record())
    del asked["records"][0]["data"]
    asked["records"].append({"recordId": "none", "data": None})

    answers = transform.handler(asked, LambdaContext())["records"]

    assert [one["result"] for one in answers] == ["ProcessingFailed", "Ok", "ProcessingFailed"]


def test_what_was_refused_is_counted_and_its_reason_stands_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logged = io.StringIO()
    monkeypatch.setattr(transform.logger.registered_handler, "stream", logged)

    answered(record(), changed("current.temp_c", "w" * 300), "%%%", record(1))

    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    warm, garbled = (line for line in lines if line["message"] == "record refused")
    assert (warm["record_id"], warm["column"], warm["rule"]) == ("496400000001", "temp_c", "type")
    assert warm["value"] == "w" * 100
    assert warm["reason"]
    assert (garbled["record_id"], garbled["rule"]) == ("496400000002", "base64")
    assert garbled["reason"] == "carries no base64 data"
    (metrics,) = (
        json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line
    )
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Albufera", [["service"]])
    assert metrics["service"] == "transform_stream"
    assert (metrics["RecordsTransformed"], metrics["RecordsRefused"]) == ([2.0], [2.0])


def test_what_the_service_leaves_out_is_null() -> None:
    body = observation()
    del body["current"]["air_quality"]

    (answer,) = answered(json.dumps(envelope(body)).encode())

    assert answer["result"] == "Ok"
    row = row_of(answer)
    assert [name for name, value in row.items() if value is None] == [
        column.name for column in TABLE.columns if column.name.startswith("air_")
    ]


def size(answers: list[dict[str, Any]]) -> int:
    """Bytes of the response as the runtime sends it."""
    return len(json.dumps({"records": answers}).encode())


def test_an_answer_stays_under_six_megabytes_and_no_record_is_dropped() -> None:
    # A megabyte of text in each: ten of them would answer with more than Lambda may.
    long = [changed("current.condition.text", "rain " * 100_000) for _ in range(14)]

    answers = answered(*long, record())

    results = Counter(answer["result"] for answer in answers)
    assert size(answers) < 6_291_556
    assert results["ProcessingFailed"] > 0
    assert results["Ok"] > 5, "what fits is not refused"
    assert answers[-1]["result"] == "Ok", "a small one still fits"
    assert len(answers) == 15


def test_what_fits_to_the_last_byte_is_answered_and_a_byte_less_refuses_the_last() -> None:
    records = event(record(0), record(1))["records"]
    exact = len(json.dumps(Batch(STREAMS, lambda name: name).answer(records)))

    fits, tight = (Batch(STREAMS, lambda name: name, exact - less) for less in (0, 1))

    assert [one["result"] for one in fits.answer(records)] == ["Ok", "Ok"]
    assert [one["result"] for one in tight.answer(records)] == ["Ok", "ProcessingFailed"]
    (refusal,) = tight.refusals
    assert (refusal.record_id, refusal.rejection.rule) == ("496400000001", "size")


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 40), st.integers(200, 60_000))
def test_the_limit_is_counted_as_the_runtime_writes(count: int, limit: int) -> None:
    batch = Batch(STREAMS, lambda name: name, limit)
    records = event(*[record(number) for number in range(count)])["records"]

    answers = batch.answer(records)

    least = size([{"recordId": each["recordId"], "result": "ProcessingFailed"} for each in records])
    assert len(json.dumps(answers)) <= max(limit, least)
    assert len(batch.refusals) == sum(answer["result"] != "Ok" for answer in answers)


anything = st.one_of(
    st.binary(max_size=300),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=12,
    ).map(lambda tree: json.dumps(tree).encode("utf-8", "surrogatepass")),
    st.tuples(
        st.sampled_from(
            [
                *("location.name", "location", "current", "current.last_updated_epoch"),
                *("current.condition", "current.temp_c", "current.is_day", "current.humidity"),
                *("current.air_quality", "location.tz_id", "current.uv"),
            ]
        ),
        st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.lists(st.text()),
    ).map(lambda change: changed(*change)),
    st.integers(0, 3).map(record),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(anything, max_size=12))
def test_every_record_is_answered_once_in_order_whatever_it_holds(data: list[bytes]) -> None:
    asked = event(*data)["records"]

    answers = Batch(STREAMS, lambda name: name).answer(asked)

    assert [answer["recordId"] for answer in answers] == [each["recordId"] for each in asked]
    for answer in answers:
        assert answer["result"] in ("Ok", "ProcessingFailed")
        if answer["result"] == "Ok":
            row = row_of(answer)
            for column in TABLE.columns:
                value = row[column.name]
                if value is None:
                    assert not column.required
                else:
                    assert type(value) is JSON_TYPES[column.type]


def test_a_full_batch_of_firehose_fits_into_one_answer() -> None:
    # Three megabytes of records are the most that Firehose is ever told to send.
    count = 3_000_000 // len(record())

    answers = Batch(STREAMS, lambda name: name).answer(event(*[record()] * count)["records"])

    assert all(answer["result"] == "Ok" for answer in answers)
    assert size(answers) < ANSWER_BYTES


def test_a_row_that_only_its_table_refused_can_be_sent_again() -> None:
    (source,) = CATALOG.streams
    made = STREAMS.row(record())
    assert isinstance(made, Row)
    left = json.dumps(made.values).encode()

    again = STREAMS.row(sent_again(left, source, TABLE))

    assert again == made
    assert sent_again(record(), source, TABLE) == record()
    assert sent_again(b"{half", source, TABLE) == b"{half"
