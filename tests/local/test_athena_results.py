"""How Athena prints values, result files and pages."""

import csv
import io
import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.athena_results import Answer, Column, Row, page, read_csv, write_csv
from local.athena_values import java_double, rows_of

CELLS = st.one_of(st.none(), st.text(st.characters(codec="utf-8")))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (123456.789, "123456.789"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (0.001, "0.001"),
        (0.00012, "1.2E-4"),
        (-1.5e300, "-1.5E300"),
        (5e-324, "4.9E-324"),  # Double.MIN_VALUE
        (2e23, "2.0E23"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_a_double_prints_as_java_prints_it(value: float, text: str) -> None:
    assert java_double(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # Read off Java's Float.toString and its constants.
        (1.1, "1.1"),
        (-0.5, "-0.5"),
        (100.0, "100.0"),
        (16777216.0, "1.6777216E7"),
        (9999999.0, "9999999.0"),
        (0.001, "0.001"),
        (0.00012, "1.2E-4"),
        (3.4028234663852886e38, "3.4028235E38"),  # Float.MAX_VALUE
        (1.401298464324817e-45, "1.4E-45"),  # Float.MIN_VALUE
        (math.pi, "3.1415927"),
    ],
)
def test_a_real_prints_with_its_own_few_digits_wherever_it_stands(value: float, text: str) -> None:
    real = pa.float32()
    row = pa.struct([("x", real), ("y", real)])
    table = pa.table(
        {
            "plain": pa.array([value], real),
            "list": pa.array([[value, None]], pa.list_(real)),
            "row": pa.array([{"x": value, "y": None}], row),
            "map": pa.array([[("k", value)]], pa.map_(pa.string(), real)),
            "rows": pa.array([[{"x": None, "y": value}, None]], pa.list_(row)),
        }
    )

    assert rows_of(table) == [
        [
            text,
            f"[{text}, null]",
            f"{{x={text}, y=null}}",
            f"{{k={text}}}",
            f"[{{x=null, y={text}}}, null]",
        ]
    ]


def test_values_inside_of_values_print_as_by_themselves() -> None:
    inner = pa.map_(pa.string(), pa.int32())
    moment = datetime(2025, 8, 29, 15, 1, 17, tzinfo=UTC)
    table = pa.table(
        {
            "maps": pa.array(
                [[("key", [("subkey", 2), ("none", None)])]], pa.map_("string", inner)
            ),
            "in_list": pa.array([[[("k", 1)], [], None]], pa.list_(inner)),
            "in_row": pa.array(
                [{"tags": [("_1", 1)], "at": moment, "ok": True}],
                pa.struct([("tags", inner), ("at", pa.timestamp("us", "UTC")), ("ok", pa.bool_())]),
            ),
            "days": pa.array(
                [[(date(2025, 8, 29), [Decimal("1.50"), None])]],
                pa.map_(pa.date32(), pa.list_(pa.decimal128(9, 2))),
            ),
            "unnamed": pa.array(
                [{"_0": 1, "_1": "b"}], pa.struct([("_0", "int32"), ("_1", "string")])
            ),
        }
    )

    assert rows_of(table) == [
        [
            "{key={subkey=2, none=null}}",
            "[{k=1}, {}, null]",
            "{tags={_1=1}, at=2025-08-29 15:01:17.000000 UTC, ok=true}",
            "{2025-08-29=[1.50, null]}",
            "{field0=1, field1=b}",
        ]
    ]


def test_values_print_as_athena_prints_them() -> None:
    moment = datetime(2025, 8, 29, 15, 1, 17, tzinfo=UTC)
    table = pa.table(
        {
            "naive": pa.array([moment.replace(tzinfo=None), None], pa.timestamp("us")),
            "zoned": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "flag": [True, False],
            "single": pa.array([0.1, None], pa.float32()),
            "list": [["a", None], []],
            "row": [{"a": 1, "b": 1.0}, None],
            "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())),
            "bytes": [b"\x0a\xff", b""],
            "times": pa.array([[moment], []], pa.list_(pa.timestamp("us", "UTC"))),
        }
    )

    assert rows_of(table) == [
        [
            "2025-08-29 15:01:17.000000",
            "2025-08-29 15:01:17.000000 UTC",
            "true",
            "0.1",
            "[a, null]",
            "{a=1, b=1.0}",
            "{k=1}",
            "0a ff",
            "[2025-08-29 15:01:17.000000 UTC]",
        ],
        [None, None, "false", None, "[]", None, None, "", "[]"],
    ]


def test_the_file_quotes_everything_and_leaves_null_empty() -> None:
    answer = Answer([Column("a", "varchar"), Column("b", "varchar")], [['x"y,\nz', None], ["", ""]])

    assert write_csv(answer) == '"a","b"\n"x""y,\nz",\n"",""\n'


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_a_file_reads_back_as_its_rows(rows: list[list[str | None]]) -> None:
    text = write_csv(Answer([Column("a", "varchar"), Column("b", "varchar")], rows))

    assert read_csv(text) == rows
    strict = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert strict[1:] == [[cell or "" for cell in row] for row in rows]


def test_the_header_is_the_first_row_of_the_first_page_only() -> None:
    columns = [Column("n", "bigint")]
    rows: list[Row] = [[str(n)] for n in range(5)]
    pages, token = [], 0
    while True:
        answer = page(columns, rows, token, 2, csv=True)
        pages.append([r["Data"][0]["VarCharValue"] for r in answer["ResultSet"]["Rows"]])
        if "NextToken" not in answer:
            break
        token = int(answer["NextToken"])

    assert pages == [["n", "0"], ["1", "2"], ["3", "4"]]
