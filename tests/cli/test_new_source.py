"""`lake new-source`: what it guesses, what it writes, and that the test that it writes is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from lake.catalog import Catalog, Source, Table
from lake_cli.app import app
from lake_cli.exits import Exit, Stop
from lake_cli.new_source import checkout as checkouts
from lake_cli.new_source import keys, samples
from lake_cli.new_source.guess import guess
from lake_cli.new_source.names import column_names
from scripts.catalog_compiler.compiler import compile_catalog
from scripts.samples.workbook import xlsx

ROOT = Path(__file__).parents[2]
HEADER = ("Nº", "Distrito", "Litros/día", "Alta", "stopId", "Revisada", "Nota")
ROWS: list[tuple[Any, ...]] = [
    ("0001", "Arganzuela", "12,5", "01/02/1999", 70, datetime(2025, 8, 29, 17, 1), None),
    ("0002", "Chamberí", 1200, "15/08/2010", 71, datetime(2025, 8, 30, 8, 0), None),
    ("0003", "Chamberí", 3, "15/08/2010", 71, datetime(2025, 8, 30, 8, 0), "seca"),
]
DRAWN = """\
about: Benches that somebody has drawn.
key: [bench_id]
columns:
  bench_id: {type: string, required: true, about: Number on the plate}
"""
DECLARED = "domains/city/catalog/sources/fountains.yaml"
SAMPLES = "tests/sources/samples/city_fountains.csv"
TEST = "tests/sources/test_city_fountains.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the command and the test that it writes need of the project, and one table."""
    root = tmp_path / "checkout"
    (root / "tests" / "sources").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "sources" / "declared.py", root / "tests" / "sources")
    shutil.copy(ROOT / "pyproject.toml", root)
    for folder in ("layers", "spark", "cli", "scripts"):
        (root / folder).symlink_to(ROOT / folder)
    table = root / "domains" / "city" / "catalog" / "tables" / "silver.benches.yaml"
    table.parent.mkdir(parents=True)
    table.write_text(DRAWN, encoding="utf-8")
    return root


@pytest.fixture
def fountains(tmp_path: Path) -> Path:
    return written(tmp_path / "fuentes de la ciudad.xlsx", "Fuentes", HEADER, ROWS)


def written(path: Path, sheet: str, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Path:
    path.write_bytes(xlsx(sheet, header, rows))
    return path


def begin(root: Path, *words: str | Path) -> str:
    found = CliRunner().invoke(app, ["new-source", *map(str, words), "--into", str(root)])
    assert found.exception is None, found.exception
    return found.stdout


def refusal(*words: str | Path) -> Stop:
    found = CliRunner().invoke(app, ["new-source", *map(str, words)])
    assert isinstance(found.exception, Stop), found.output
    return found.exception


def compiled(root: Path, source_id: str = "city/fountains") -> tuple[Source, Table]:
    catalog = Catalog.from_dict(compile_catalog(root))
    source = catalog.source(source_id)
    return source, catalog.table(source.feeds[0])


def run_tests(root: Path) -> str:
    """What pytest says of the tests of the checkout's sources."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/sources"],
        cwd=root,
        env=kept | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def contents(root: Path) -> dict[str, str]:
    """Every file below catalog/ and tests/, and every folder."""
    return {
        str(path.relative_to(root)): path.read_text("utf-8") if path.is_file() else "a folder"
        for top in ("domains", "tests")
        for path in (root / top).rglob("*")
    }


def test_the_example_compiles_as_it_is(checkout: Path) -> None:
    begin(checkout, "city/fountains")

    source, table = compiled(checkout)
    assert (source.kind, source.job, source.requires) == (
        "upload",
        "tabular",
        ("Id", "Fecha", "Cantidad"),
    )
    assert (table.id, table.key, table.newest_by) == (
        "city_silver.fountains",
        ("item_id",),
        "ingest_ts",
    )
    assert [(column.name, column.type, column.required) for column in table.columns] == [
        ("item_id", "string", True),
        ("counted_on", "date", True),
        ("amount", "double", False),
        ("ingest_ts", "timestamp", True),
    ]


def test_a_workbook_says_names_types_and_key(checkout: Path, fountains: Path) -> None:
    begin(checkout, "city/fountains", "--from", fountains)

    source, table = compiled(checkout)
    assert source.format.sheet == "Fuentes"
    assert source.requires == HEADER
    assert table.key == ("number",)
    found = [
        (one.name, one.type, one.required, source.columns[one.name].source)
        for one in table.columns
        if one.name != "ingest_ts"
    ]
    assert found == [
        ("number", "string", True, "Nº"),
        ("distrito", "string", True, "Distrito"),
        ("litros_dia", "double", True, "Litros/día"),
        ("alta", "date", True, "Alta"),
        ("stop_id", "long", True, "stopId"),
        ("revisada", "timestamp", True, "Revisada"),
        ("nota", "string", False, "Nota"),
    ]
    assert source.columns["alta"].format == "%d/%m/%Y"


def test_the_sample_rows_can_be_read_by_a_person(checkout: Path, fountains: Path) -> None:
    begin(checkout, "city/fountains", "--from", fountains)

    assert (checkout / SAMPLES).read_text("utf-8") == (
        "Nº,Distrito,Litros/día,Alta,stopId,Revisada,Nota\n"
        '0001,Arganzuela,"12,5",01/02/1999,70,2025-08-29 17:01:00,\n'
        "0002,Chamberí,1200,15/08/2010,71,2025-08-30 08:00:00,\n"
        "0003,Chamberí,3,15/08/2010,71,2025-08-30 08:00:00,seca\n"
    )


def test_the_values_to_check_stand_in_the_test(checkout: Path, fountains: Path) -> None:
    begin(checkout, "city/fountains", "--from", fountains)

    assert (
        (checkout / TEST)
        .read_text("utf-8")
        .partition("rows=[\n")[2]
        .startswith(
            """\
            {
                "number": "0001",
                "distrito": "Arganzuela",
                "litros_dia": 12.5,
                "alta": date(1999, 2, 1),
                "stop_id": 70,
                "revisada": datetime(2025, 8, 29, 17, 1),
                "nota": None,
            },
"""
        )
    )


def test_the_generated_tests_pass_and_notice_what_is_altered(
    checkout: Path, fountains: Path
) -> None:
    alterations = {
        "its_from": ("from: Distrito", "from: Nota"),
        "its_type": ("type: long", "type: int"),
        "its_name": ("alta:", "alta_2:"),
        "its_format": ("%d/%m/%Y", "%m/%d/%Y"),
        "its_sheet": ("from: Nota", "from: Notas"),
        "its_key": ("key: [number]", "key: []"),
    }
    begin(checkout, "city/example")
    for name in alterations:
        begin(checkout, f"city/{name}", "--from", fountains)
    assert "7 passed" in run_tests(checkout)

    for name, (old, new) in alterations.items():
        declaration = checkout / "domains" / "city" / "catalog" / "sources" / f"{name}.yaml"
        text = declaration.read_text("utf-8")
        assert text.count(old) == 1
        declaration.write_text(text.replace(old, new), "utf-8")

    said = run_tests(checkout)
    assert "6 failed, 1 passed" in said
    for name in alterations:
        assert f"FAILED tests/sources/test_city_{name}.py" in said
    assert "lacks the column 'Notas' of city/its_sheet (did you mean 'Nota'?)" in said
    assert "city/its_key has no key: choose the columns that tell its rows apart" in said


def test_what_is_written_passes_the_checks_of_the_project(checkout: Path, tmp_path: Path) -> None:
    text = 'He said "hi" \u2013 it\u2019s\u00a0Chamberí\n\\ \u00d7 4, ' * 9
    header = ("A question as long as those that forms put into the first row of a sheet?", "no")
    book = written(tmp_path / "b.xlsx", "on", header, [(text, 'a "b"'), ("['a', 'b']", "c'd\"")])

    begin(checkout, "city/fountains", "--from", book, "--key", "no")

    assert "1 passed" in run_tests(checkout)
    for words in (["format", "--check"], ["check", "--no-cache"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "tests"],
            cwd=checkout,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_it_says_what_was_written_and_what_to_do_next(checkout: Path, fountains: Path) -> None:
    said = begin(checkout, "city/fountains", "--from", fountains)

    steps = [
        DECLARED,
        SAMPLES,
        TEST,
        "1. Read the declaration",
        "2. Compare the sample rows",
        f"3. .venv/bin/python -m pytest {TEST}",
        "4. make up",
        f"5. lake upload city/fountains '{fountains}' --wait",
    ]
    places = [said.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)


def test_json_lists_the_files(checkout: Path) -> None:
    assert json.loads(begin(checkout, "city/fountains", "--json")) == [
        {"file": DECLARED, "holds": "declaration"},
        {"file": SAMPLES, "holds": "sample rows"},
        {"file": TEST, "holds": "test"},
    ]


def test_the_checkout_is_the_one_around_the_folder(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout / "domains" / "city")

    assert CliRunner().invoke(app, ["new-source", "city/fountains"]).exit_code == 0
    assert (checkout / DECLARED).is_file()


def test_a_key_that_rows_do_not_tell_is_for_a_person(checkout: Path, tmp_path: Path) -> None:
    book = written(tmp_path / "b.xlsx", "S", ("Id", "Name"), [("a", "x"), ("b", "y")])

    said = begin(checkout, "city/fountains", "--from", book)

    sentence = "A person must choose the key: each of these differs in each row: id, name."
    assert sentence in said
    assert "# CHOOSE ONE" in (checkout / DECLARED).read_text("utf-8")
    assert compiled(checkout)[1].key == ()


def test_a_key_of_two_columns_is_taken_by_either_name(checkout: Path, fountains: Path) -> None:
    begin(checkout, "city/fountains", "--from", fountains, "--key", "litros_dia, Revisada")

    assert compiled(checkout)[1].key == ("litros_dia", "revisada")


def test_a_named_key_that_the_rows_contradict_is_not_written(
    checkout: Path, fountains: Path
) -> None:
    said = begin(checkout, "city/fountains", "--from", fountains, "--key", "Distrito")

    assert "distrito is no key of these rows: rows 3 and 4 have the same." in said
    assert compiled(checkout)[1].key == ()


def test_what_no_load_could_read_is_left_out_and_said(checkout: Path, tmp_path: Path) -> None:
    header: tuple[Any, ...] = ("Id", "Hora", 2024)
    book = written(tmp_path / "b.xlsx", "S", header, [("a", time(10, 5), 1), ("b", None, 2)])

    said = begin(checkout, "city/fountains", "--from", book)

    assert "The column 'Hora' is left out, for it holds times of day or durations" in said
    assert "is left out, for its header is no text" in said
    assert [column.name for column in compiled(checkout)[1].columns] == ["id", "ingest_ts"]


@pytest.mark.parametrize("path", [DECLARED, SAMPLES, TEST])
def test_nothing_is_overwritten(checkout: Path, path: str) -> None:
    (checkout / path).parent.mkdir(parents=True, exist_ok=True)
    (checkout / path).write_text("mine")
    before = contents(checkout)

    stop = refusal("city/fountains", "--into", checkout)

    assert (stop.message, stop.code) == (f"{path} exists already", Exit.FAILED)
    assert contents(checkout) == before


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["fountains"], Exit.USAGE, "'fountains' is no DOMAIN/NAME of small letters, digits and _"),
        (["city/Fuentes"], Exit.USAGE, "'city/Fuentes' is no DOMAIN/NAME"),
        (["city/a/b"], Exit.USAGE, "'city/a/b' is no DOMAIN/NAME"),
        (["city/" + "a" * 33], Exit.USAGE, "is too long: 32 characters"),
        (["city/a", "--sheet", "S"], Exit.USAGE, "--sheet and --key are about the workbook"),
        (["city/a", "--from", "gone.xlsx"], Exit.USAGE, "there is no file 'gone.xlsx'"),
        (["city/a", "--from", "{folder}"], Exit.USAGE, "is a folder"),
        (
            ["city/a", "--from", "{book}", "--sheet", "Fuente"],
            Exit.USAGE,
            "The sheet 'Fuente' is missing; the file has 'Fuentes' (did you mean 'Fuentes'?)",
        ),
        (
            ["city/a", "--from", "{book}", "--key", "Distritos"],
            Exit.USAGE,
            "--key: no column is called 'Distritos' (did you mean 'Distrito'?)",
        ),
        (
            ["city/a", "--from", "{text}"],
            Exit.FAILED,
            "'notes.txt' cannot be read: This is not an .xlsx workbook but a plain text",
        ),
        (
            ["city/a", "--from", "{empty}"],
            Exit.FAILED,
            "the sheet 'S' has no row below its header",
        ),
        (["city/a", "--from", "{broken}"], Exit.FAILED, "formula without a stored value"),
    ],
)
def test_bad_input_is_one_sentence(
    checkout: Path, fountains: Path, tmp_path: Path, words: list[str], code: Exit, sentence: str
) -> None:
    files = {
        "book": fountains,
        "folder": tmp_path,
        "text": tmp_path / "notes.txt",
        "empty": written(tmp_path / "empty.xlsx", "S", ("Id",), []),
        "broken": written(tmp_path / "broken.xlsx", "S", ("Id",), [("=1/3",)]),
    }
    files["text"].write_text("no workbook at all")
    before = contents(checkout)

    stop = refusal(*(word.format(**files) for word in words), "--into", checkout)

    assert sentence in stop.message
    assert stop.code == code
    assert contents(checkout) == before


def test_a_sheet_that_is_not_the_first_is_found(checkout: Path, tmp_path: Path) -> None:
    two = Workbook()
    two.active.append(["Read the other sheet"])
    two.create_sheet("Data").append(["Id"])
    two["Data"].append(["a"])
    book = tmp_path / "two.xlsx"
    two.save(book)

    begin(checkout, "city/fountains", "--from", book, "--sheet", "Data")

    assert compiled(checkout)[0].format.sheet == "Data"


def test_outside_of_a_checkout_it_says_so(tmp_path: Path) -> None:
    stop = refusal("city/fountains", "--into", tmp_path)

    assert stop.message == f"'{tmp_path}' lies in no checkout of the project"
    assert stop.code == Exit.USAGE


def test_what_the_compiler_refuses_leaves_nothing(checkout: Path) -> None:
    before = contents(checkout)

    stop = refusal("city/benches", "--into", checkout)

    assert "domains/city/catalog/sources/benches.yaml:" in stop.message
    assert "table 'city_silver.benches' is declared twice" in stop.message
    assert contents(checkout) == before


def test_a_command_without_the_compiler_says_which_to_take(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scripts.catalog_compiler.compiler", None)
    before = contents(checkout)

    stop = refusal("city/fountains", "--into", checkout)

    assert "the catalogue cannot be compiled here" in stop.message
    assert ".venv/bin/lake" in stop.hint
    assert contents(checkout) == before


def test_an_interruption_between_two_files_leaves_nothing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, before = checkouts._make, contents(checkout)

    def interrupted(path: Path, text: str, made: list[Path]) -> None:
        make(path, text, made)
        if path.suffix == ".csv":
            raise KeyboardInterrupt

    monkeypatch.setattr(checkouts, "_make", interrupted)
    stop = refusal("city/fountains", "--into", checkout)

    assert (stop.message, stop.code) == ("interrupted: nothing was written", Exit.INTERRUPTED)
    assert contents(checkout) == before


@pytest.mark.parametrize(
    ("cells", "type_", "format_"),
    [
        ([1, 2, None], "long", None),
        ([1, "2"], "long", None),
        (["1", "2"], "string", None),  # kept as text in every row
        ([1, "02"], "string", None),  # a number would lose its zero
        ([1, 2.5], "double", None),
        (["12,5", "1.234,56", 7], "double", None),
        ([10**10, "#N/A"], "long", None),
        ([True, None], "boolean", None),
        (["Sí", "no"], "boolean", None),
        ([0, 1], "long", None),
        ([date(2025, 8, 29), datetime(2025, 8, 30)], "date", None),
        ([date(2025, 8, 29), datetime(2025, 8, 30, 1)], "timestamp", None),
        (["2025-08-29"], "date", None),
        (["2025-08-29T17:01:17+02:00"], "timestamp", None),
        (["29/08/2025", None], "date", "%d/%m/%Y"),
        (["08/29/2025"], "date", "%m/%d/%Y"),
        (["29/08/2025", datetime(2025, 8, 30)], "date", "%d/%m/%Y"),
        (["29-08-2025 17:01"], "timestamp", "%d-%m-%Y %H:%M"),
        (["['a', 'b']", "[]"], "array<string>", None),
        (["a", 1, True, date(2025, 8, 29)], "string", None),
        ([None, " "], "string", None),
    ],
)
def test_cells_tell_the_type(cells: list[object], type_: str, format_: str | None) -> None:
    found = guess(cells)

    assert found is not None
    assert (found.type, found.format) == (type_, format_)


def test_a_doubt_about_a_type_is_said() -> None:
    either, day_first = guess(["01/02/1999"]), guess(["01/02/1999", "15/02/1999"])
    nothing, moment = guess([None]), guess([datetime(2025, 8, 29, 17)])

    assert either is not None
    assert either.remark == "Day or month first? No row that was looked at can tell."
    assert day_first is not None
    assert day_first.remark == ""
    assert nothing is not None
    assert nothing.remark.startswith("No row that was looked at has a value here")
    assert moment is not None
    assert "zone: Europe/Madrid" in moment.remark


def test_names_are_snake_case_and_stand_once() -> None:
    headers = ["Día de alta", "stopId", "N.º", "Año/mes", "año  mes", "año_mes_2", "1ª vez", "%"]

    assert column_names([*headers, "ingest_ts"]) == [
        "dia_de_alta",
        "stop_id",
        "number",
        "ano_mes",
        "ano_mes_2",
        "ano_mes_2_2",
        "column_1a_vez",
        "column_8",
        "ingest_ts_2",
    ]


def test_a_row_that_comes_twice_word_for_word_contradicts_no_key() -> None:
    rows = {2: ("a", 1), 3: ("b", 1), 4: ("a", 1)}

    assert keys.choose({"id": "string", "n": "long"}, rows, []).columns == ("id",)


@pytest.mark.parametrize(
    ("kinds", "rows", "why"),
    [
        ({"id": "string"}, {2: ("a",)}, "one row cannot tell what sets rows apart"),
        ({"x": "double"}, {2: (1.5,), 3: (2.5,)}, "no column alone differs in each of these rows"),
        ({"id": "long"}, {2: (1,), 3: (None,)}, "no column alone differs in each of these rows"),
    ],
)
def test_a_key_is_never_made_up(
    kinds: dict[str, str], rows: dict[int, tuple[object, ...]], why: str
) -> None:
    assert keys.choose(kinds, rows, []) == keys.Key((), why)


def test_the_sample_rows_tell_columns_apart_and_fill_them() -> None:
    """Two columns that agree in all but one row, and one with a single value."""
    rows = {number: (str(number), "x", "x", "") for number in range(2, 40)}
    rows[20] = ("20", "x", "y", "")
    rows[30] = ("30", "x", "x", "here")

    assert samples.choose(rows) == {2, 3, 4, 20, 30}
