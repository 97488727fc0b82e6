"""The small words that every part of the lake shares."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake import events, keys, names
from lake.accounting import Counts
from lake.catalog import Catalog
from lake.errors import AccountingError, CatalogError, FileRefused, KeyRefused, SettingsError
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


def test_database_names_have_a_logical_and_a_physical_form() -> None:
    assert names.logical_database("emt", "silver") == "emt_silver"
    assert names.logical_database("ops", "ops") == "ops"
    assert names.physical_database("tfm_dgv_mbdde_", "emt_silver") == "tfm_dgv_mbdde_emt_silver"
    assert names.database_prefix("tfm_dgv_mbdde_emt_silver", "emt_silver") == "tfm_dgv_mbdde_"


def test_an_unknown_source_is_answered_with_the_nearest() -> None:
    with pytest.raises(CatalogError, match="did you mean 'emt/lines'"):
        CATALOG.source("emt/line")
