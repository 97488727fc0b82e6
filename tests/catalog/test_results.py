"""Results: what is understood, and what is refused where."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.catalog import Catalog, Column
from lake.errors import CatalogError
from scripts.catalog_compiler.compiler import compile_catalog
from scripts.catalog_compiler.dictionary import data_dictionary
from tests.catalog.toys import declare

TABLE = """\
about: Readings.
key: [sensor]
fresh_within: 48h
columns:
  sensor: {type: string, required: true, about: Name}
  value: {type: double, unit: degC, about: What it read}
  notes: {type: array<string>, about: What people said}
"""
FILES = {
    "toys/tables/silver.readings.yaml": TABLE,
    "toys/tables/gold.means.yaml": TABLE.replace("48h", "24h"),
    "toys/tables/gold.others.yaml": TABLE,
    "toys/sources/sheet.yaml": (
        "about: By hand.\nkind: upload\njob: toys_sheet\nfeeds: [silver.readings]\n"
        "requires: [Sensor]\n"
    ),
    "toys/jobs/toys_gold.yaml": (
        "about: Means.\nreads: [silver.readings]\nwrites: [gold.means]\n"
        "arguments: {db: {database: toys_gold}}\n"
    ),
}
TAKEN = """\
about: The means.
job: toys_gold
from: gold.means
columns: [sensor, value]
key: [sensor]
filters: [sensor]
sorts: [value]
"""
QUERIED = """\
about: >
  One number
  for all.
job: toys_gold
query: |
  SELECT 'all' AS sensor, MAX(m.value) AS value
  FROM {toys_gold.means} m JOIN {toys_silver.readings} r ON m.sensor = r.sensor
columns:
  sensor: {type: string, required: true, about: Name}
  value: {type: double, about: The largest}
key: [sensor]
keep: 30d
page: 10
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        declare(tmp_path, name, text)
    return tmp_path


def test_a_result_out_of_one_table_has_its_columns_and_its_promise(folder: Path) -> None:
    declare(folder, "toys/results/means.yaml", TAKEN)

    found = Catalog.from_dict(compile_catalog(folder)).result("toys_means")

    assert found.query == "SELECT `sensor`, `value` FROM {toys_gold.means}"
    assert (found.reads, found.job) == (("toys_gold.means",), "toys_gold")
    assert found.columns[1] == Column("value", "double", "What it read", unit="degC")
    assert (found.key, found.filters, found.sorts) == (("sensor",), ("sensor",), ("value",))
    assert (found.fresh_within_minutes, found.keep_days, found.page) == (1440, 7, 1000)


def test_a_result_of_a_query_declares_its_columns(folder: Path) -> None:
    declare(folder, "toys/results/largest.yaml", QUERIED)

    found = Catalog.from_dict(compile_catalog(folder)).result("toys_largest")

    assert found.about == "One number for all."
    assert found.query == (
        "SELECT 'all' AS sensor, MAX(m.value) AS value"
        " FROM {toys_gold.means} m JOIN {toys_silver.readings} r ON m.sensor = r.sensor"
    )
    assert found.reads == ("toys_gold.means", "toys_silver.readings")
    assert found.columns[0] == Column("sensor", "string", "Name", required=True)
    assert (found.fresh_within_minutes, found.keep_days, found.page) == (1440, 30, 10)


@pytest.mark.parametrize(
    ("text", "old", "new", "complaint"),
    [
        (TAKEN, "from: gold.means", "from: gold.meens", "did you mean 'toys_gold.means'"),
        (TAKEN, "[sensor, value]", "[sensor, valeu]", "unknown column 'valeu' (did you mean"),
        (TAKEN, "key: [sensor]", "key: [name]", "'key' names the unknown column 'name'"),
        (TAKEN, "key: [sensor]", "key: []", "'key' names at least one column"),
        (TAKEN, "sorts: [value]", "sorts: [size]", "'sorts' names the unknown column 'size'"),
        (TAKEN, "[sensor, value]", "[sensor, value, notes]", ""),
        (TAKEN, "job: toys_gold", "job: toys_glod", "did you mean 'toys_gold'"),
        (TAKEN, "job: toys_gold", "job: toys_gold\nquery: SELECT 1", "exactly one of 'from'"),
        (TAKEN, "gold.means", "gold.others", "neither reads nor writes 'toys_gold.others'"),
        (TAKEN, "about: The means.", "title: x\nabout: y", "unknown key 'title'"),
        (QUERIED, "{toys_gold.means}", "{toys_gold.meens}", "did you mean 'toys_gold.means'"),
        (QUERIED, "{toys_silver.readings}", "readings", ""),
        (
            QUERIED.replace("{toys_silver.readings}", "readings"),
            "{toys_gold.means}",
            "means",
            "'query' names its tables in braces: {emt_gold.arrivals_weather}",
        ),
        (QUERIED, "page: 10", "page: 5001", "'page' is 1 to 5,000 rows"),
        (QUERIED, "keep: 30d", "keep: 90m", "'keep' is at least 1d"),
        (QUERIED, "  value: {", "  limit: {", "none of cursor, fields, format, limit"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(
    folder: Path, text: str, old: str, new: str, complaint: str
) -> None:
    assert old in text
    declare(folder, "toys/results/odd.yaml", text.replace(old, new))

    if not complaint:
        assert "toys_odd" in compile_catalog(folder)["results"]
        return
    with pytest.raises(CatalogError) as refused:
        compile_catalog(folder)
    assert str(refused.value).startswith("domains/toys/catalog/results/odd.yaml:")
    assert complaint in str(refused.value)


def test_a_list_is_neither_filtered_nor_sorted_by(folder: Path) -> None:
    odd = TAKEN.replace("[sensor, value]", "[sensor, notes]").replace("[value]", "[notes]")
    declare(folder, "toys/results/odd.yaml", odd)

    with pytest.raises(CatalogError, match="'sorts' names the list 'notes'"):
        compile_catalog(folder)


def test_an_unknown_result_is_answered_with_the_nearest(folder: Path) -> None:
    declare(folder, "toys/results/means.yaml", TAKEN)

    with pytest.raises(CatalogError, match=r"'toys_maens' \(did you mean 'toys_means'\?\)"):
        Catalog.from_dict(compile_catalog(folder)).result("toys_maens")


def test_the_data_dictionary_has_a_page_for_each_result(folder: Path) -> None:
    declare(folder, "toys/results/means.yaml", TAKEN)

    page = data_dictionary(compile_catalog(folder))

    assert "## Result `toys_means`" in page
    assert "One row for each `(sensor)`, out of `toys_gold.means`." in page
