"""Cells as their mapping spells them: Excel's day numbers, epochs, formats, items of lists."""

from __future__ import annotations

from datetime import datetime

import pytest

from lake import mapping
from lake.catalog import Mapped
from lake.conform import Refused

EXCEL = Mapped(format="excel")


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        (0, "1899-12-30T00:00:00"),
        (45_899.75, "2025-08-30T18:00:00"),
        ("45899", "2025-08-30T00:00:00"),
        (2_958_465, "9999-12-31T00:00:00"),
        (datetime(2025, 8, 30), "2025-08-30T00:00:00"),
    ],
)
def test_a_day_number_of_excel_is_a_moment(cell: object, moment: str) -> None:
    assert mapping.read(cell, EXCEL) == datetime.fromisoformat(moment)


@pytest.mark.parametrize("cell", [-0.5, 2_958_466, 1e300])
def test_a_number_beyond_excels_calendar_is_refused(cell: float) -> None:
    with pytest.raises(Refused, match="is no day number of Excel"):
        mapping.read(cell, EXCEL)


@pytest.mark.parametrize(
    ("cell", "unit", "moment"),
    [
        (1_756_533_600, "s", "2025-08-30T06:00:00"),
        (1_756_533_600_500, "ms", "2025-08-30T06:00:00.500"),
        ("-1", "s", "1969-12-31T23:59:59"),
    ],
)
def test_an_epoch_counts_in_its_unit(cell: object, unit: str, moment: str) -> None:
    assert mapping.read(cell, Mapped(epoch=unit)) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("cell", "rule"), [("1,76E+09", "rounded"), ("1.756533600E+9", None), (1e20, "type")]
)
def test_an_epoch_that_has_lost_digits_or_lies_beyond_time_is_refused(
    cell: object, rule: str | None
) -> None:
    if rule is None:
        assert mapping.read(cell, Mapped(epoch="s")) == datetime(2025, 8, 30, 6)
        return
    with pytest.raises(Refused) as refusal:
        mapping.read(cell, Mapped(epoch="s"))
    assert refusal.value.rule == rule


@pytest.mark.parametrize(
    ("cell", "item", "value"),
    [
        ("['a', 'b']", 0, "a"),
        ("['a', 'b']", 1, "b"),
        ("['a', 'b']", -2, "a"),
        ("['a', 'b']", 2, None),
        ("['a', 'b']", -3, None),
        (["a"], 0, "a"),
    ],
)
def test_an_item_of_a_list_is_taken_where_there_is_one(
    cell: object, item: int, value: str | None
) -> None:
    assert mapping.read(cell, Mapped(item=item)) == value


@pytest.mark.parametrize(
    ("cell", "mapped"),
    [
        ("30/08/2025 06:00", Mapped(format="%d/%m/%Y %H:%M")),
        ("30/08/2025 08:00 +0200", Mapped(format="%d/%m/%Y %H:%M %z")),
        ("30/08/2025 08:00", Mapped(format="%d/%m/%Y %H:%M", zone="Europe/Madrid")),
        ("2025-08-30 08:00:00", Mapped(zone="Europe/Madrid")),
    ],
)
def test_a_moment_is_read_as_it_is_written_and_kept_in_utc(cell: str, mapped: Mapped) -> None:
    assert mapping.read(cell, mapped) == datetime(2025, 8, 30, 6)


@pytest.mark.parametrize(
    ("cell", "mapped"),
    [
        ("31/12/9999 23:00 -0500", Mapped(format="%d/%m/%Y %H:%M %z")),
        ("31/12/9999 23:00", Mapped(format="%d/%m/%Y %H:%M", zone="America/Bogota")),
        ("9999-12-31 23:00:00", Mapped(zone="America/Bogota")),
        (253_402_300_800, Mapped(epoch="s")),
        (-62_135_596_801, Mapped(epoch="s")),
        (10**400, Mapped(epoch="ms")),
        (10**400, Mapped(epoch="s")),
        (10**400, EXCEL),
    ],
)
def test_a_moment_beyond_the_calendar_is_refused(cell: object, mapped: Mapped) -> None:
    with pytest.raises(Refused, match=r"beyond every (calendar|number)") as refusal:
        mapping.read(cell, mapped)
    assert refusal.value.rule == "type"


@pytest.mark.parametrize(
    "mapped",
    [EXCEL, Mapped(epoch="s"), Mapped(format="%Y"), Mapped(zone="Europe/Madrid"), Mapped(item=0)],
)
def test_an_empty_cell_is_no_value_however_it_is_mapped(mapped: Mapped) -> None:
    assert mapping.read(None, mapped) is None
    if mapped.item is None:
        assert mapping.read(" ", mapped) is None


def test_what_stands_in_a_list_is_read_on_by_its_format() -> None:
    assert mapping.read("['2025']", Mapped(item=0, format="%Y")) == datetime(2025, 1, 1)
    assert mapping.read("[1756533600]", Mapped(item=0, epoch="s")) == datetime(2025, 8, 30, 6)
    assert mapping.read("[45899]", Mapped(item=0, format="excel")) == datetime(2025, 8, 30)
    assert mapping.read("[]", Mapped(item=0, zone="Europe/Madrid")) is None
    at = datetime(2025, 8, 30, 8)
    assert mapping.read(at, Mapped(format="%Y", zone="Europe/Madrid")) == datetime(2025, 8, 30, 6)


@pytest.mark.parametrize(
    ("cell", "lost"),
    [
        ("1,76E+09", True),
        ("1.75653360E+09", True),  # nine digits of ten
        ("1.756533600E+09", False),
        ("1e0", False),
        ("1e1", True),
        ("-1.5E+1", False),
        ("1E-5", False),
        ("E5", True),
        ("ETA", False),
        (1.76e9, False),
        (None, False),
    ],
)
def test_a_number_in_text_lost_digits_where_it_shows_fewer_than_it_has(
    cell: object, lost: bool
) -> None:
    assert mapping.rounded(cell) is lost


def test_a_moment_that_is_written_otherwise_is_refused() -> None:
    with pytest.raises(Refused, match="is not written as %d/%m/%Y"):
        mapping.read("2025-08-30", Mapped(format="%d/%m/%Y"))


@pytest.mark.parametrize("cell", ["{'a': 1}", "['a'", 7])
def test_an_item_of_what_is_no_list_is_refused(cell: object) -> None:
    with pytest.raises(Refused) as refusal:
        mapping.read(cell, Mapped(item=0))
    assert refusal.value.rule == "literal"


def test_a_column_has_its_constant_its_declared_cell_or_the_one_of_its_own_name() -> None:
    cells = {"temp": 1, "t": 2}

    assert mapping.cell(Mapped(constant="x", source="t"), "temp", cells) == "x"
    assert mapping.cell(Mapped(source="t"), "temp", cells) == 2
    assert mapping.cell(Mapped(), "temp", cells) == 1
    assert mapping.cell(Mapped(), "other", cells) is None
