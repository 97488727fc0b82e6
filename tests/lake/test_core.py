"""The small words that every part of the lake shares."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake import events, keys, names
from lake.accounting import Counts
from lake.catalog import Catalog
from lake.errors import (
    AccountingError,
    CatalogError,
    FileRefused,
    KeyRefused,
    LakeError,
    SettingsError,
)
from lake.records import iso
from lake.settings import Settings

CATALOG = Catalog.bundled()
ARRIVALS = CATALOG.source("emt/arrivals")
SHA = "ab" * 32


def test_counts_that_do_not_add_up_are_an_error_that_names_them() -> None:
    Counts(read=7899, accepted=7754, duplicate=136, empty=9).balanced("the day")

    with pytest.raises(AccountingError, match="the day: read 10 rows but accounted for 9"):
        Counts(read=10, accepted=9).balanced("the day")


def test_counts_sum_and_travel() -> None:
    total = Counts.total([Counts(3, 1, 1, 1, 0), Counts(2, 1, 0, 0, 1)])

    assert total == Counts(5, 2, 1, 1, 1)
    assert Counts.of({**total.as_dict(), "derived": False}) == total


@dataclass(frozen=True)
class _Example(Settings):
    bucket: str
    limit: int
    label: str = "none"


def test_settings_are_typed_and_name_everything_that_is_missing() -> None:
    example = _Example.from_env({"BUCKET": "raw", "LIMIT": "10"})

    assert (example.bucket, example.limit, example.label) == ("raw", 10, "none")
    with pytest.raises(SettingsError, match="BUCKET, LIMIT"):
        _Example.from_env({})
    with pytest.raises(SettingsError, match=r"environment: BUCKET$"):
        _Example.from_env({"BUCKET": "", "LIMIT": "1"})
    assert _Example.from_env({"BUCKET": "b", "LIMIT": "1", "LABEL": ""}).label == "none"


def test_settings_are_those_of_the_process_unless_others_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BUCKET", "mine")
    monkeypatch.setenv("LIMIT", "3")

    assert _Example.from_env() == _Example("mine", 3)


def test_a_refusal_can_be_sent_from_one_process_to_another() -> None:
    error = copy.copy(FileRefused("empty", "The file is empty."))

    assert (error.code, str(error)) == ("empty", "The file is empty.")


def test_a_raw_key_names_its_source_and_keeps_the_name() -> None:
    landed = keys.parse_raw("emt/arrivals/a b+c%20ñ..xlsx", CATALOG)

    assert (landed.source.id, landed.file_name) == ("emt/arrivals", "a b+c%20ñ..xlsx")


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        ("emt/arrival/x.xlsx", "did you mean 'emt/arrivals'"),
        ("emt/arrivals", "names no file"),
        ("emt/arrivals/", "names no file"),
        ("x.xlsx", "names no file"),
        ("../emt/arrivals/x", "no source is called '../emt'"),
    ],
)
def test_a_key_of_nobody_is_refused(key: str, complaint: str) -> None:
    with pytest.raises(KeyRefused, match=complaint):
        keys.parse_raw(key, CATALOG)


@pytest.mark.parametrize("paths", [("manual", "manual/city"), ("manual/city", "manual")])
def test_the_longest_path_owns_a_key_in_whatever_order_sources_stand(
    paths: tuple[str, str],
) -> None:
    declared = {path: replace(ARRIVALS, id=path, path=path) for path in paths}
    catalog = replace(CATALOG, sources=declared)

    def owner(key: str) -> tuple[str, str]:
        landed = keys.parse_raw(key, catalog)
        return landed.source.id, landed.file_name

    assert owner("manual/city/a.xlsx") == ("manual/city", "a.xlsx")
    assert owner("manual/city-hall/a.xlsx") == ("manual", "city-hall/a.xlsx")
    assert owner("manual/a.xlsx") == ("manual", "a.xlsx")


def test_a_key_that_fits_s3_by_one_byte_keeps_its_name_and_a_longer_one_has_its_hash() -> None:
    room = keys.MAX_KEY_BYTES - len("emt/arrivals/~abababab.xlsx")
    fits, longer = f"{'n' * room}.xlsx", f"{'n' * (room + 1)}.xlsx"

    assert keys.bronze(ARRIVALS, fits, SHA) == f"emt/arrivals/{'n' * room}~abababab.xlsx"
    assert keys.bronze(ARRIVALS, longer, SHA) == f"emt/arrivals/{SHA}.xlsx"
    place = f"emt/arrivals/{SHA[:16]}/"
    name = "n" * (keys.MAX_KEY_BYTES - len(place))
    assert keys.quarantine("emt/arrivals", SHA, name) == place + name
    assert keys.quarantine("emt/arrivals", SHA, f"{name}n") == place + SHA
    assert keys.quarantine(None, SHA, "a") == f"_unrouted/{SHA[:16]}/a"


@given(st.text(min_size=1, max_size=300).filter(lambda name: not name.endswith("/")))
def test_whatever_the_name_a_path_stays_in_its_source_and_fits(name: str) -> None:
    for key in (
        keys.bronze(ARRIVALS, name, SHA),
        keys.quarantine("emt/arrivals", SHA, name),
    ):
        assert key.startswith("emt/arrivals/")
        assert len(key.encode("utf-8", "surrogatepass")) <= keys.MAX_KEY_BYTES


def test_other_bytes_under_a_taken_name_get_a_name_of_their_own() -> None:
    assert keys.bronze(ARRIVALS, "day.xlsx") == "emt/arrivals/day.xlsx"
    assert keys.bronze(ARRIVALS, "day.xlsx", SHA) == "emt/arrivals/day~abababab.xlsx"
    assert keys.bronze(ARRIVALS, "a/b.c/day", SHA) == "emt/arrivals/a/b.c/day~abababab"


def test_both_shapes_of_an_s3_event_give_the_key_as_it_was_written() -> None:
    by_bridge = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": "raw"}, "object": {"key": "a+b c%.xlsx", "version-id": "v"}},
    }
    by_notification = {
        "Records": [
            {
                "eventSource": "aws:s3",
                "s3": {"bucket": {"name": "raw"}, "object": {"key": "a%2Bb+c%25.xlsx"}},
            }
        ]
    }

    assert [landed.key for landed in events.landed_objects(by_bridge)] == ["a+b c%.xlsx"]
    assert [landed.key for landed in events.landed_objects(by_notification)] == ["a+b c%.xlsx"]
    assert list(events.landed_objects({"Event": "s3:TestEvent"})) == []


def test_the_version_and_the_order_of_an_object_are_told_where_they_are_known() -> None:
    def landed(item: dict[str, str], *, bridge: bool) -> list[events.LandedObject]:
        s3 = {"bucket": {"name": "raw"}, "object": {"key": "a", **item}}
        if bridge:
            told: dict[str, object] = {"source": "aws.s3", "detail-type": "Object Created"}
            return list(events.landed_objects({**told, "detail": s3}))
        return list(events.landed_objects({"Records": [{"eventSource": "aws:s3", "s3": s3}]}))

    whole = [events.LandedObject("raw", "a", "v1", "0A")]
    bare = [events.LandedObject("raw", "a", None, "0")]
    assert landed({"version-id": "v1", "sequencer": "0A"}, bridge=True) == whole
    assert landed({"versionId": "v1", "sequencer": "0A"}, bridge=False) == whole
    assert landed({}, bridge=True) == landed({}, bridge=False) == bare


@pytest.mark.parametrize(
    "message",
    [
        {"source": "aws.s3", "detail-type": "Object Deleted", "detail": {}},
        {"Records": [{"eventSource": "aws:sns", "s3": {}}, {"eventSource": "aws:s3"}, {"s3": {}}]},
        {"Records": []},
        {"source": "lake.clock", "detail-type": "Lake Sweep"},
    ],
)
def test_what_tells_of_no_new_object_tells_of_none(message: dict[str, object]) -> None:
    assert list(events.landed_objects(message)) == []


@pytest.mark.parametrize("body", ["[]", "1", "null", '"text"'])
def test_a_message_that_is_no_object_is_an_error(body: str) -> None:
    assert events.body_of({"body": '{"a": 1}'}) == {"a": 1}
    with pytest.raises(ValueError, match="the message is no JSON object"):
        events.body_of({"body": body})


def test_only_the_clocks_message_is_a_sweep() -> None:
    assert events.is_sweep({"detail-type": "Lake Sweep"})
    assert not events.is_sweep({"detail-type": "Object Created"})
    assert not events.is_sweep({})
    assert events.JOB_STATE == "EMR Serverless Job Run State Change"  # as AWS spells it


def test_what_the_catalogue_declares_of_a_table_is_what_is_read() -> None:
    checks = {check.column: check.between for check in CATALOG.table("emt_silver.stops").checks}
    (within,) = {
        rule.within for rule in CATALOG.table("emt_gold.arrivals_weather").quality if rule.within
    }

    assert (checks["lat"], checks["lon"]) == ((-90, 90), (-180, 180))
    assert within == (0.2, 5)


def test_a_moment_is_written_in_utc_to_the_millisecond() -> None:
    west = timezone(timedelta(hours=-5))

    assert iso(datetime(2025, 8, 29, 5, 0, 0, 123_999, tzinfo=west)) == "2025-08-29T10:00:00.123Z"
    assert iso(datetime(2025, 8, 29, 10, tzinfo=UTC)) == "2025-08-29T10:00:00.000Z"


def test_a_file_that_comes_now_lands_in_the_folder_of_its_day_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    at = datetime(2025, 9, 1, 1, 30, tzinfo=east)
    by_day = replace(ARRIVALS, path="emt/x", folder="year={year}/month={month}/day={day}")

    assert keys.landing(by_day, "a.json", at) == "emt/x/year=2025/month=08/day=31/a.json"
    assert keys.landing(replace(by_day, folder="{date}"), "a", at) == "emt/x/2025-08-31/a"
    assert keys.landing(replace(by_day, folder=""), "a", at) == "emt/x/a"


def test_a_name_of_its_own_has_its_suffix_where_that_is_short() -> None:
    def named(name: str) -> str:
        return keys.bronze(ARRIVALS, name, SHA).removeprefix("emt/arrivals/")

    assert named(".xlsx") == ".xlsx~abababab"
    assert named("a/.hidden") == "a/.hidden~abababab"
    assert named("a.tar.gz") == "a.tar~abababab.gz"
    long = "n" * 1100
    assert named(f"{long}.{'x' * 14}") == f"{SHA}.{'x' * 14}"
    assert named(f"{long}.{'x' * 15}") == SHA


def test_where_a_reason_lies_and_what_a_load_is_called() -> None:
    assert keys.quarantine_reason("emt/stops", SHA) == "emt/stops/abababababababab/reason.json"
    assert keys.quarantine_reason(None, SHA) == "_unrouted/abababababababab/reason.json"
    assert keys.load_id(SHA) == "abababababababab-0"
    assert keys.load_id(SHA, 3) == "abababababababab-3"


def test_a_database_of_another_name_has_no_prefix() -> None:
    with pytest.raises(LakeError, match="database 'p_emt_gold' does not end in 'emt_silver'"):
        names.database_prefix("p_emt_gold", "emt_silver")
    assert names.table_location("b", "p_emt_gold", "t") == "s3://b/p_emt_gold.db/t"


def test_the_nearest_name_is_offered_and_none_where_none_is_near() -> None:
    assert names.nearest("linse", iter(["stops", "linden", "lines"])) == " (did you mean 'lines'?)"
    assert names.nearest("weather", ["stops", "lines"]) == ""
    assert names.nearest("weather", []) == ""


def test_database_names_have_a_logical_and_a_physical_form() -> None:
    assert names.logical_database("emt", "silver") == "emt_silver"
    assert names.logical_database("ops", "ops") == "ops"
    assert names.physical_database("tfm_dgv_mbdde_", "emt_silver") == "tfm_dgv_mbdde_emt_silver"
    assert names.database_prefix("tfm_dgv_mbdde_emt_silver", "emt_silver") == "tfm_dgv_mbdde_"


def test_an_unknown_source_is_answered_with_the_nearest() -> None:
    with pytest.raises(CatalogError, match="did you mean 'emt/lines'"):
        CATALOG.source("emt/line")
