"""Cells become the declared values, or a rejection that says what is wrong."""

from __future__ import annotations

import pickle
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.catalog import Check, Column, Table
from lake.conform import (
    PARSERS,
    Conformer,
    Refused,
    Rejection,
    day,
    moment,
    number,
    text,
    wall_to_utc,
)

EXCEL_ERRORS = (
    *("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?"),
    *("#NULL!", "#NUM!", "#SPILL!", "#CALC!"),
)
WEST = timezone(timedelta(hours=-5))


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("string", "  Av. Ciudad   ", "Av. Ciudad"),
        ("string", "007", "007"),
        ("string", 361.0, "361"),
        ("string", 361, "361"),
        ("string", 0.5, "0.5"),
        ("string", "   ", None),
        ("string", "=1+1", "=1+1"),
        ("string", True, "True"),
        ("string", datetime(2025, 8, 29), "2025-08-29 00:00:00"),
        ("string", date(2025, 8, 29), "2025-08-29"),
        ("string", 999_999_999_999_999.0, "999999999999999"),
        ("string", 1e15, "1000000000000000.0"),
        ("string", -1e15, "-1000000000000000.0"),
        ("string", "#N/A now", "#N/A now"),
        ("int", 406.0, 406),
        ("int", "406", 406),
        ("int", "1.234.567", 1_234_567),
        ("int", "1,76E+09", 1_760_000_000),
        ("int", 2**31 - 1, 2**31 - 1),
        ("int", -(2**31), -(2**31)),
        ("int", "+7", 7),
        ("int", " 7.0 ", 7),
        ("int", "", None),
        ("long", 2**40, 2**40),
        ("long", 2**63 - 1, 2**63 - 1),
        ("long", -(2**63), -(2**63)),
        ("double", 2**1023, 2.0**1023),
        ("double", "1.234", 1.234),
        ("double", "1,234", 1.234),
        ("double", "-12.345.678", -12_345_678.0),
        ("double", "+1,234,567.5", 1_234_567.5),
        ("double", "-1.234.567,5", -1_234_567.5),
        ("double", "5.", 5.0),
        ("double", "1E-999", 0.0),
        ("double", f"0.{'0' * 61}1", 1e-62),
        ("double", "17,1", 17.1),
        ("double", "1.234,56", 1234.56),
        ("double", "1,234.56", 1234.56),
        ("double", "1,234,567", 1_234_567.0),
        ("double", "1.5", 1.5),
        ("double", "1,76E+09", 1.76e9),
        ("double", "-,5", -0.5),
        ("double", 3, 3.0),
        ("double", "", None),
        *(("boolean", word, True) for word in ("YES", "si", "Sí", " verdadero ", "1", "1.0")),
        *(("boolean", word, False) for word in ("no", "FALSO", "0", "0.")),
        ("boolean", False, False),
        ("boolean", " ", None),
        ("boolean", "True", True),
        ("boolean", "False", False),
        ("boolean", 1.0, True),
        ("boolean", "0,0", False),
        ("boolean", "1,0", True),
        ("timestamp", "2025-08-29 17:01:17", datetime(2025, 8, 29, 17, 1, 17)),
        ("timestamp", "2025-08-29T19:01:17+02:00", datetime(2025, 8, 29, 17, 1, 17)),
        ("timestamp", datetime(2025, 8, 29, 17, tzinfo=UTC), datetime(2025, 8, 29, 17)),
        ("timestamp", "9999-12-31T23:59:59+00:00", datetime(9999, 12, 31, 23, 59, 59)),
        ("timestamp", "2025-08-29", datetime(2025, 8, 29)),
        ("timestamp", date(2025, 8, 29), datetime(2025, 8, 29)),
        ("timestamp", " ", None),
        ("date", " 2025-08-29 ", date(2025, 8, 29)),
        ("date", date(2025, 8, 29), date(2025, 8, 29)),
        ("date", " ", None),
        ("date", "2025-08-29T02:00+02:00", date(2025, 8, 29)),
        ("date", "2025-08-29", date(2025, 8, 29)),
        ("date", datetime(2025, 8, 29), date(2025, 8, 29)),
        ("array<string>", "['161/1']", ["161/1"]),
        ("array<string>", ["361", 530, None, " "], ["361", "530"]),
        ("array<string>", ("361",), ["361"]),
        ("array<string>", " ", None),
        ("array<string>", "[]", []),
        ("array<string>", "None", None),
    ],
)
def test_a_cell_becomes_the_declared_value(kind: str, cell: object, value: object) -> None:
    read = PARSERS[kind](cell)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("kind", "cell", "rule"),
    [
        *(("string", f" {error} ", "excel_error") for error in EXCEL_ERRORS),
        ("string", ["a"], "type"),
        ("string", float("nan"), "type"),
        ("string", float("inf"), "type"),
        ("string", {}, "type"),
        ("int", "pronto", "type"),
        ("int", -(2**31) - 1, "type"),
        ("long", -(2**63) - 1, "type"),
        ("int", [], "type"),
        ("double", float("inf"), "type"),
        ("double", 2**1024, "type"),
        ("double", -(10**400), "type"),
        ("double", f"0.{'0' * 62}1", "type"),
        ("double", "1e1000", "type"),
        ("double", "1,5.6", "type"),
        ("double", "12.34.567,8", "type"),
        ("double", "1.2345.678", "type"),
        ("double", "1,234.567,8", "type"),
        ("double", "#DIV/0!", "excel_error"),
        ("int", 1.5, "type"),
        ("int", 2**31, "type"),
        ("int", True, "type"),
        ("long", 2**63, "type"),
        ("double", "1.2,3.4", "type"),
        ("double", "1,2,3", "type"),
        ("double", "nan", "type"),
        ("double", "1e999", "type"),
        ("double", "٣", "type"),
        ("double", "1_000", "type"),
        ("boolean", "perhaps", "type"),
        ("boolean", 2, "type"),
        ("timestamp", "2025-13-45 99:99:99", "type"),
        ("timestamp", 45_000.5, "type"),
        ("timestamp", "9999-12-31T23:59:59-05:00", "type"),
        ("timestamp", "0001-01-01T00:00:00+01:00", "type"),
        ("timestamp", datetime(9999, 12, 31, 23, tzinfo=WEST), "type"),
        ("date", datetime(2025, 8, 29, 1), "type"),
        ("date", datetime(2025, 8, 29, 0, 1), "type"),
        ("date", datetime(2025, 8, 29, 0, 0, 1), "type"),
        ("date", datetime(2025, 8, 29, 0, 0, 0, 1), "type"),
        ("date", "2025-13-29", "type"),
        ("date", datetime(9999, 12, 31, 19, tzinfo=WEST), "type"),
        ("date", "2025-08-29 10:00:00", "type"),
        ("array<string>", "['161/1'", "literal"),
        ("array<string>", "5", "type"),
        ("array<string>", {"a": 1}, "type"),
        ("array<string>", [["a"]], "type"),
    ],
)
def test_a_cell_of_another_kind_is_refused_by_rule(kind: str, cell: object, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        PARSERS[kind](cell)

    assert refused.value.rule == rule


CELLS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.text("0123456789.,+-eE", max_size=10)
    | st.datetimes()
    | st.lists(st.integers() | st.text(max_size=3), max_size=3)
)


@given(st.sampled_from(sorted(PARSERS)), CELLS.filter(lambda cell: cell is not None))
def test_no_cell_of_any_kind_breaks_a_parser(kind: str, cell: object) -> None:
    with suppress(Refused):
        PARSERS[kind](cell)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_the_same_in_both_countries(value: float) -> None:
    assert number(repr(value)) == value
    assert number(repr(value).replace(".", ",")) == value


@given(st.integers(0, 10**15), st.integers(0, 99))
def test_grouped_numbers_read_as_their_plain_ones(whole: int, cents: int) -> None:
    plain = float(f"{whole}.{cents:02d}")
    english = f"{whole:,}.{cents:02d}"
    spanish = english.translate(str.maketrans(",.", ".,"))
    assert number(english) == number(spanish) == plain


@given(st.integers(0, 10**9))
def test_an_id_never_grows_a_decimal_point(value: int) -> None:
    assert text(float(value)) == text(value) == str(value)


MADRID = "Europe/Madrid"


def test_a_clock_in_madrid_tells_the_instant() -> None:
    assert wall_to_utc(datetime(2025, 8, 26, 9, 19, 23), MADRID) == datetime(2025, 8, 26, 7, 19, 23)
    assert wall_to_utc(datetime(2025, 1, 26, 9, 19, 23), MADRID) == datetime(2025, 1, 26, 8, 19, 23)


def test_the_hour_that_comes_twice_is_its_first() -> None:
    assert wall_to_utc(datetime(2026, 10, 25, 2, 30), MADRID) == datetime(2026, 10, 25, 0, 30)


def test_the_hour_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refused, match="skipped") as refused:
        wall_to_utc(datetime(2026, 3, 29, 2, 30), MADRID)
    assert refused.value.rule == "nonexistent_time"


@pytest.mark.parametrize(
    ("wall", "zone"),
    [
        (datetime(9999, 12, 31, 19), "America/Bogota"),
        (datetime(9999, 12, 31, 23, 59, 59), "America/Bogota"),
        (datetime(1, 1, 1), "Asia/Tokyo"),
    ],
)
def test_a_wall_time_at_the_end_of_the_calendar_is_refused_where_utc_lies_beyond(
    wall: datetime, zone: str
) -> None:
    """Who means `for ever` writes the year 9999."""
    with pytest.raises(Refused, match="beyond every calendar") as refused:
        wall_to_utc(wall, zone)
    assert refused.value.rule == "type"


def test_the_last_moment_of_the_calendar_is_one() -> None:
    last = datetime(9999, 12, 31, 18, 59, 59)

    assert wall_to_utc(last, "America/Bogota") == datetime(9999, 12, 31, 23, 59, 59)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(fold=0)))
def test_every_instant_that_is_found_shows_the_wall_time_that_was_asked(wall: datetime) -> None:
    try:
        instant = wall_to_utc(wall, MADRID)
    except Refused:
        return
    there = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(MADRID))
    assert there.replace(tzinfo=None, fold=0) == wall
    earlier = (instant - timedelta(hours=1)).replace(tzinfo=UTC).astimezone(ZoneInfo(MADRID))
    assert earlier.replace(tzinfo=None, fold=0) != wall  # no earlier instant shows it


TABLE = Table(
    id="toy_silver.things",
    domain="toy",
    layer="silver",
    database="toy_silver",
    name="things",
    about="Things.",
    columns=(
        Column("id", "string", "Number of the thing"),
        Column("lat", "double", "Where"),
        Column("kind", "string", "Which", required=True),
        Column("start", "string", "When"),
    ),
    key=("id",),
    checks=(
        Check("lat", between=(-90, 90)),
        Check("kind", one_of=("a", "b")),
        Check("start", matches="[0-2][0-9]:[0-5][0-9]"),
    ),
)


def test_a_good_row_comes_back_typed_and_in_the_tables_order() -> None:
    row = Conformer(TABLE).row({"kind": "a", "id": 7.0, "lat": "40,4", "more": "ignored"})

    assert row == ("7", 40.4, "a", None)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"kind": "a"}, Rejection("id", None, "required", "id must have a value")),
        ({"id": 1, "kind": " "}, Rejection("kind", " ", "required", "kind must have a value")),
        (
            {"id": 1, "kind": "a", "lat": 140.4},
            Rejection("lat", "140.4", "between", "lat must lie between -90 and 90"),
        ),
        (
            {"id": 1, "kind": "c"},
            Rejection("kind", "c", "one_of", "kind must be one of a, b"),
        ),
        (
            {"id": 1, "kind": "a", "start": "7:00"},
            Rejection("start", "7:00", "matches", "start must look like [0-2][0-9]:[0-5][0-9]"),
        ),
        (
            {"id": 1, "kind": "a", "lat": -90.5},
            Rejection("lat", "-90.5", "between", "lat must lie between -90 and 90"),
        ),
        ({"id": 1, "kind": "a", "start": "07:000"}, "matches"),
        ({"id": "#REF!", "kind": "a"}, "excel_error"),
        ({"id": 1, "kind": "a", "lat": "north"}, "type"),
    ],
)
def test_a_bad_row_says_column_value_rule_and_reason(
    cells: dict[str, object], expected: Rejection | str
) -> None:
    row = Conformer(TABLE).row(cells)

    assert isinstance(row, Rejection)
    assert row == expected or row.rule == expected


@pytest.mark.parametrize("lat", [-90, 90, None])
def test_a_value_at_its_bound_is_good_and_so_is_none_at_all(lat: int | None) -> None:
    row = Conformer(TABLE).row({"id": 1, "kind": "b", "lat": lat, "start": "07:00"})

    assert row == ("1", lat, "b", "07:00")


def test_a_check_of_a_column_that_the_table_does_not_have_is_an_error() -> None:
    lost = replace(TABLE, checks=(*TABLE.checks, Check("lon", between=(0, 1))))

    with pytest.raises(KeyError, match=r"toy_silver.things checks \['lon'\]"):
        Conformer(lost)


def test_a_refusal_survives_the_way_home_from_an_executor() -> None:
    refused = pickle.loads(pickle.dumps(Refused("type", "is no number")))  # noqa: S301 (our own)

    assert (refused.rule, refused.reason, str(refused)) == ("type", "is no number", "is no number")


def test_a_rejected_value_is_shown_to_its_thousandth_character() -> None:
    row = Conformer(TABLE).row({"id": 1, "kind": "x" * 5000})

    assert isinstance(row, Rejection)
    assert row.value == "x" * 1000


def test_midnight_is_a_day_and_noon_is_none() -> None:
    assert day("2025-08-29 00:00:00") == date(2025, 8, 29)
    assert moment(date(2025, 8, 29)) == datetime(2025, 8, 29)
    with pytest.raises(Refused):
        day(datetime(2025, 8, 29, 12))
