"""Each refusal of the compiler, in its own words and at its own line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.errors import CatalogError
from scripts.catalog_compiler.compiler import compile_catalog
from tests.catalog.toys import FILES, READINGS, toys

API = "apis/maker.yaml"
TABLE = "tables/silver.readings.yaml"
SHEET = "sources/sheet.yaml"
INLINE = "sources/inline.yaml"
JOB = "jobs/toys_gold.yaml"
MEANS = "results/means.yaml"
COUNT = "results/count.yaml"

TRANSFORMS = (
    "'week(at)' is no partition transform: column, day(column), hour(column), month(column),"
    " year(column), bucket(n, column) or truncate(n, column)"
)
FOLDERS = "'folder' must be folders like year={year}/month={month} or day={date}"
NO_TAG = "no valid YAML: could not determine a constructor for the tag '!secret'"
NAMES = "with 'from', 'columns' is a list of names of the table's columns"
TYPES = "with 'query', 'columns' says each column's type and meaning"
COLUMNS = "columns:\n  sensor: {type: string, required: true, about: Name}"
UNKNOWN_KIND = "unknown key 'kind' in 'sensor': known are type, required, about, unit"
PATTERN = "'matches' is no regular expression: unterminated character set at position 0"

# The file, a text in it, what stands there instead, the line that is blamed, and the words
SLIPS = [
    # How a value is spelt
    (TABLE, "key: [sensor]", "key: [sensor", 3, "no valid YAML: expected ',' or ']', but got ':'"),
    (TABLE, "required: true", "required: yes!", 10, "'required' must be true or false"),
    (TABLE, "about: Readings of a sensor.", "about: 5", 1, "'about' must be a text"),
    (TABLE, "about: Readings of a sensor.", "about: ' '", 1, "'about' must be a text"),
    (TABLE, "between: [0, 1]", "between: [0, true]", 8, "'between' must be a number"),
    (TABLE, "between: [0, 1]", "between: [0]", 8, "'between' must hold 2 values"),
    (TABLE, "key: [sensor]", "key: sensor", 2, "'key' must be a list"),
    (
        TABLE,
        "  value: {type: double, about: What it read}",
        "  value: 5",
        12,
        "'value' must be a mapping",
    ),
    (TABLE, "48h", "48 hours", 5, "'fresh_within' must be a duration such as 90m, 24h or 7d"),
    (TABLE, "48h", "48", 5, "'fresh_within' must be a duration such as 90m, 24h or 7d"),
    (TABLE, "about: R", "about: !secret R", 1, NO_TAG),
    (
        TABLE,
        "about: R",
        "about: 2025-02-30\nmore: R",
        1,
        "no valid YAML: day is out of range for month",
    ),
    (
        SHEET,
        "columns:\n  sensor: {from: Sensor}\n  at: {from: When}",
        "columns: 5",
        6,
        "'columns' must be a mapping",
    ),
    (SHEET, "workbook", "csv", 5, "'type' is 'csv': one of workbook, json, parquet"),
    # Tables
    (TABLE, "  value:", "  Value:", 12, "column 'Value' must be snake_case"),
    (TABLE, "day(at)", "week(at)", 3, TRANSFORMS),
    (
        TABLE,
        "day(at)",
        "day(att)",
        3,
        "'partition' names the unknown column 'att' (did you mean 'at'?)",
    ),
    (
        TABLE,
        "day(at)",
        "'bucket(8, sensr)'",
        3,
        "'partition' names the unknown column 'sensr' (did you mean 'sensor'?)",
    ),
    (TABLE, "day(at)", "x", 3, "'partition' names the unknown column 'x'"),
    (
        TABLE,
        "newest_by: at",
        "newest_by: moment",
        4,
        "'newest_by' names the unknown column 'moment'",
    ),
    (
        TABLE,
        "between: [0, 1]",
        "between: [0, 1], matches: x",
        8,
        "a check says exactly one of between, one_of, matches",
    ),
    (TABLE, ", between: [0, 1]", "", 8, "a check says exactly one of between, one_of, matches"),
    (TABLE, "between: [0, 1]", "matches: '['", 8, PATTERN),
    (TABLE, "between: [0, 1]", "matches: 3", 8, "'matches' must be a text"),
    (TABLE, "30d", "23h", 6, "'retention' is at least 1d"),
    # Sources
    (
        SHEET,
        "feeds: [silver.readings]\n",
        "",
        1,
        "a source says where it goes: 'feeds' or an inline 'table'",
    ),
    (
        SHEET,
        "feeds: [silver.readings]",
        "feeds: [silver.readings, gold.means]",
        1,
        "a source with 'columns' feeds exactly one table",
    ),
    (
        SHEET,
        "kind: upload",
        "kind: stream",
        1,
        "a stream has neither 'job' nor 'format': nothing loads files",
    ),
    (
        SHEET,
        "type: workbook, sheet: Hoja1",
        "type: json, sheet: Hoja1",
        5,
        "'sheet' is of workbooks only, not of json",
    ),
    (
        SHEET,
        "type: workbook, sheet: Hoja1",
        "type: parquet, header_row: 1",
        5,
        "'header_row' is of workbooks only, not of parquet",
    ),
    (
        SHEET,
        "{from: When}",
        "{from: When, is: now}",
        1,
        "column 'at' says exactly one of 'from' and 'is'",
    ),
    (SHEET, "{from: When}", "{zone: UTC}", 1, "column 'at' says exactly one of 'from' and 'is'"),
    # A job of one's own need say no columns; whoever says some is held to them.
    (
        SHEET,
        "columns:\n  sensor: {from",
        "job: own\ncolumns:\n  sensr: {from",
        1,
        "'columns' names the unknown column 'sensr' (did you mean 'sensor'?)",
    ),
    (
        SHEET,
        "columns:\n  sensor: {from: Sensor}\n  at: {from: When}\n",
        "",
        1,
        "'columns' lacks the required column 'sensor'",
    ),
    (SHEET, "  at: {from: When}\n", "", 1, "'columns' lacks the required column 'at'"),
    (SHEET, "day={date}", "day={moment}", 3, FOLDERS),
    (SHEET, "day={date}", "/day={date}", 3, FOLDERS),
    (SHEET, "day={date}", "'day={'", 3, FOLDERS),
    (SHEET, "day={date}", "'day={}'", 3, FOLDERS),
    (
        INLINE,
        "manual/inline",
        "/manual/inline",
        3,
        "'path' must be folders like manual/city-riohacha",
    ),
    (
        INLINE,
        "manual/inline",
        "manual/../emt",
        3,
        "'path' must be folders like manual/city-riohacha",
    ),
    (
        INLINE,
        "manual/inline",
        "toys/sheet",
        None,
        "'toys/inline' has the path 'toys/sheet' already",
    ),
    (
        INLINE,
        "path: manual/inline",
        "feeds: [silver.readings]",
        4,
        "an inline 'table' replaces 'feeds' and 'columns'",
    ),
    (
        INLINE,
        "path: manual/inline",
        "columns: {sensor: {from: x}}",
        4,
        "an inline 'table' replaces 'feeds' and 'columns'",
    ),
    (
        INLINE,
        "silver.inline",
        "silver.readings",
        4,
        "table 'toys_silver.readings' is declared twice",
    ),
    (
        INLINE,
        "silver.inline",
        "bronze.inline",
        4,
        "table 'bronze.inline' must be called silver|gold|ops.snake_case_name",
    ),
    (
        INLINE,
        "silver.inline",
        "silver.In-Line",
        4,
        "table 'silver.In-Line' must be called silver|gold|ops.snake_case_name",
    ),
    # Jobs and pipelines
    (
        JOB,
        "{database: toys_gold}",
        "{database: toys_gold, warehouse: gold}",
        5,
        "'db' says exactly one of database and warehouse",
    ),
    (
        JOB,
        "{database: toys_gold}",
        "true",
        5,
        "'db' must be a text, a number, {database: ..} or {warehouse: ..}",
    ),
    (
        JOB,
        "{database: toys_gold}",
        "{databas: toys_gold}",
        5,
        "unknown key 'databas' in 'db' (did you mean 'database'?)",
    ),
    (JOB, "{database: toys_gold}", "{database: 5}", 5, "'database' must be a text"),
    (JOB, "{database: toys_gold}", "{}", 5, "'db' says exactly one of database and warehouse"),
    (
        API,
        "url:",
        "auth: none\nsecret: x\nurl:",
        1,
        "an API with 'auth' names its 'secret', one without does not",
    ),
    (
        API,
        "url:",
        "auth: header\nsecret: x\nurl:",
        1,
        "'auth: header' says the name of its 'parameter'",
    ),
    # Results
    (MEANS, "columns: [sensor, value]", "columns: {sensor: {type: string, about: Name}}", 1, NAMES),
    (MEANS, "columns: [sensor, value]", "columns: [sensor, 5]", 4, "'columns' must be a text"),
    (COUNT, "{type: string", "{kind: string", 5, UNKNOWN_KIND),
    (COUNT, "required: true", "required: 1", 5, "'required' must be true or false"),
    (COUNT, COLUMNS, "columns: [sensor]", 1, TYPES),
    (COUNT, COLUMNS, "filters: []", 1, TYPES),
    (
        COUNT,
        "{toys_gold.means}",
        "means",
        3,
        "'query' names its tables in braces: {emt_gold.arrivals_weather}",
    ),
    (MEANS, "key: [sensor]", "key: [sensor]\npage: 0", 6, "'page' is 1 to 5,000 rows"),
    (MEANS, "key: [sensor]", "key: [sensor]\npage: 5001", 6, "'page' is 1 to 5,000 rows"),
    (MEANS, "key: [sensor]", "key: [sensor]\nkeep: 23h", 6, "'keep' is at least 1d"),
    (
        MEANS,
        "[sensor, value]",
        "[sensor, notes]\nfilters: [notes]",
        5,
        "'filters' names the list 'notes': lists do not sort",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "line", "words"), SLIPS)
def test_a_slip_is_refused_where_it_stands(
    tmp_path: Path, file: str, old: str, new: str, line: int | None, words: str
) -> None:
    assert old in FILES[file]

    with pytest.raises(CatalogError) as refused:
        compile_catalog(toys(tmp_path, {file: FILES[file].replace(old, new, 1)}))

    # A path that two share is told of the later one.
    blamed = f"domains/toys/catalog/{file}:{line}" if line else f"domains/toys/catalog/{SHEET}:1"
    assert str(refused.value) == f"{blamed}: {words}"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (TABLE, "day(at)", "'truncate(2, sensor)'"),
        (TABLE, "day(at)", "'bucket(16,sensor)'"),
        (TABLE, "day(at)", "value"),
        (TABLE, "30d", "1d"),
        (SHEET, "day={date}", "year={year}/month={month}/day={day}"),
        (MEANS, "key: [sensor]", "key: [sensor]\npage: 1\nkeep: 1d"),
        (MEANS, "key: [sensor]", "key: [sensor]\npage: 5000"),
        (API, "url:", "auth: query\nparameter: appid\nsecret: x\nurl:"),
    ],
)
def test_what_lies_right_at_a_bound_is_understood(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    assert old in FILES[file]

    compile_catalog(toys(tmp_path, {file: FILES[file].replace(old, new, 1)}))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("tables/silver.Odd.yaml", READINGS, "table 'silver.Odd' must be called"),
        ("tables/bronze.odd.yaml", READINGS, "table 'bronze.odd' must be called"),
        ("sources/odd-name.yaml", FILES[SHEET], "source 'toys/odd-name' must be snake_case"),
        ("jobs/odd-name.yaml", FILES[JOB], "'toys/odd-name' must be snake_case"),
        ("jobs/tabular.yaml", FILES[JOB], "the job 'tabular' is declared twice"),
        (
            "../../other/catalog/jobs/toys_gold.yaml",
            "about: x\nwrites: [toys_gold.means]\n",
            "the job 'toys_gold' is declared twice",
        ),
    ],
)
def test_a_file_with_a_name_that_cannot_be_is_refused(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    with pytest.raises(CatalogError) as refused:
        compile_catalog(toys(tmp_path, {name: text}))

    assert words in str(refused.value)
