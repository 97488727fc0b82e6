"""The compiler refuses what it does not understand, and says where it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lake.catalog import Catalog
from lake.errors import CatalogError
from scripts.catalog_compiler.__main__ import main
from scripts.catalog_compiler.compiler import compile_catalog
from tests.catalog.toys import FILES, declare, own_declarations, toys

ROOT = Path(__file__).parents[2]

TOY = """\
about: Readings of a sensor.
kind: upload
table:
  name: silver.readings
  key: [sensor, read_at]
  partition: [day(read_at)]
  columns:
    sensor: {type: string, required: true, about: Name of the sensor, from: Sensor}
    read_at: {type: timestamp, required: true, about: When, from: When}
    value: {type: double, about: What it read, from: Value}
"""


@pytest.fixture
def declarations(tmp_path: Path) -> Path:
    return own_declarations(tmp_path)


def edit(folder: Path, file: str, pattern: str, replacement: str) -> None:
    path = folder / file
    text, hits = re.subn(pattern, replacement, path.read_text(), count=1)
    assert hits == 1, f"{pattern} is not in {file}"
    path.write_text(text)


STOPS = "domains/emt/catalog/tables/silver.stops.yaml"
ARRIVALS = "domains/emt/catalog/sources/arrivals.yaml"


@pytest.mark.parametrize(
    ("file", "pattern", "replacement", "complaint"),
    [
        (STOPS, "newest_by", "newest_bye", r"stops.yaml:3: unknown key 'newest_bye' .*'newest_by'"),
        (STOPS, r"\[stop_id\]", "[stop_idd]", r"stops.yaml:2: .*'stop_idd' .*'stop_id'"),
        (STOPS, "type: double", "type: doubel", r"stops.yaml:8: 'type' is 'doubel' .*'double'"),
        (STOPS, "column: lat", "column: latt", r"'checks' names the unknown column 'latt'"),
        (STOPS, "about: One", "about: One\nabout: One", r"stops.yaml:2: 'about' stands twice"),
        (STOPS, "key: .*\n", "", r"stops.yaml:1: 'silver.stops' lacks the key 'key'"),
        (
            STOPS,
            r"key: ([^:]*:[^:]*:[^:]*)columns:",
            r"partition: [day(date)]\nkey: \1columns:\n  date: {type: date, about: Day}",
            r"stops.yaml:2: 'date' is a reserved word of Athena's DDL",
        ),
        (STOPS, "about: Name", r"about: C:\\Name", r"stops.yaml:7: 'about' of .* no backslash"),
        (STOPS, "about: Name", f"about: {256 * 'x'}", r"'about' of 'stop_name' .* at most 255 "),
        (ARRIVALS, "silver.stops", "silver.stop", r"'emt_silver.stop' is not declared .*stops"),
        (ARRIVALS, "kind: upload", "kind: uplod", r"arrivals.yaml:2: .*did you mean 'upload'"),
        (ARRIVALS, "sheet:", "sheets:", r"unknown key 'sheets' in 'format' .*'sheet'"),
        (ARRIVALS, r"requires: \[", "requires: [[", r"arrivals.yaml:\d+: no valid YAML"),
    ],
)
def test_a_wrong_declaration_is_refused_with_file_line_key_and_nearest_name(
    declarations: Path, file: str, pattern: str, replacement: str, complaint: str
) -> None:
    edit(declarations, file, pattern, replacement)

    with pytest.raises(CatalogError, match=complaint):
        compile_catalog(declarations)


def test_an_empty_file_is_named(declarations: Path) -> None:
    (declarations / STOPS).write_text("")

    with pytest.raises(CatalogError, match=r"silver.stops.yaml:1: the file is empty"):
        compile_catalog(declarations)


def test_the_command_prints_one_line_and_fails(
    declarations: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(declarations, STOPS, "newest_by", "newest_bye")

    assert main(["--declarations", str(declarations)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_command_writes_the_catalogue_and_its_page_and_counts_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, page = tmp_path / "made" / "here" / "catalog.json", tmp_path / "page.md"
    words = ["--declarations", str(toys(tmp_path)), "--out", str(out), "--dictionary", str(page)]

    for _ in range(2):  # a catalogue that is there already is written anew
        assert main(words) == 0
        assert capsys.readouterr().out == "catalogue: 2 sources, 3 tables, 2 lanes\n"

    assert set(Catalog.from_json(out.read_text()).sources) == {"toys/sheet", "toys/inline"}
    lines = page.read_text().splitlines()
    assert lines[0] == "# Data dictionary"
    assert "| `toys/sheet` | By hand. | `toys_silver.readings` |" in lines
    assert "One row for each `(sensor)`. Partitioned by `day(at)`." in lines
    assert "| `sensor` | string |  | Name |" in lines
    assert "| `value` | double? |  | What it read |" in lines


def test_sources_that_write_one_table_share_a_lane() -> None:
    catalog = compile_catalog(ROOT)

    assert catalog["lanes"]["emt-arrivals"] == ["emt/arrivals", "emt/stops"]
    assert catalog["lanes"]["emt-lines"] == ["emt/lines"]
    assert catalog["sources"]["emt/stops"]["lane"] == "emt-arrivals"


def test_a_toy_source_is_one_file(declarations: Path) -> None:
    declare(declarations, "toy/sources/readings.yaml", TOY)

    catalog = Catalog.from_dict(compile_catalog(declarations))

    source = catalog.source("toy/readings")
    table = catalog.table("toy_silver.readings")
    assert (source.job, source.feeds) == ("tabular", ("toy_silver.readings",))
    assert source.requires == ("Sensor", "When", "Value")
    assert source.columns["read_at"].source == "When"
    assert [column.name for column in table.columns] == ["sensor", "read_at", "value", "ingest_ts"]
    assert table.newest_by == "ingest_ts"
    assert catalog.databases["toy_silver"] == "silver"


def test_the_hash_follows_the_content(declarations: Path) -> None:
    before = compile_catalog(declarations)["sha256"]
    assert compile_catalog(declarations)["sha256"] == before

    edit(declarations, STOPS, "as it is known now", "as it was known")

    assert compile_catalog(declarations)["sha256"] != before


def test_folder_and_path_of_a_source_are_those_it_declares(tmp_path: Path) -> None:
    sources = compile_catalog(toys(tmp_path))["sources"]

    assert (sources["toys/sheet"]["folder"], sources["toys/sheet"]["path"]) == (
        *("day={date}", "toys/sheet"),
    )
    assert (sources["toys/inline"]["folder"], sources["toys/inline"]["path"]) == (
        *("", "manual/inline"),
    )


@pytest.mark.parametrize("auth", ["none", "query", "header", "emt"])
def test_an_api_lets_in_by_one_of_four_ways(tmp_path: Path, auth: str) -> None:
    api = f"{FILES['apis/maker.yaml']}auth: {auth}\n"
    api += "" if auth == "none" else "secret: maker\n"
    api += {"query": "parameter: key\n", "header": "parameter: X-Key\n"}.get(auth, "")

    compiled = compile_catalog(toys(tmp_path, {"apis/maker.yaml": api}))

    assert compiled["apis"]["toys/maker"]["auth"] == auth
