"""Trino's functions on the laptop: each value here was worked out by hand from Trino's manual."""

import pytest
from pyiceberg.table import Table

from local.athena_errors import MalformedQuery, QueryFailed
from local.iceberg_query import QueryEngine
from local.iceberg_statements import TableName

ROWS = "(VALUES (1, 'a'), (2, 'b')) AS t(x, y)"

EXPECTED: dict[str, str | None] = {
    # time
    "date_trunc('hour', timestamp '2025-08-29 15:01:17.123')": "2025-08-29 15:00:00.000000",
    "date_trunc('week', date '2025-08-29')": "2025-08-25",
    "date_trunc('month', max(date '2025-08-29'))": "2025-08-01",
    "date_diff('minute', timestamp '2025-08-29 15:01:59', timestamp '2025-08-29 15:03:00')": "1",
    "date_diff('hour', timestamp '2025-08-29 15:59:00', timestamp '2025-08-29 16:01:00')": "0",
    "date_diff('day', timestamp '2025-08-29 23:00:00', timestamp '2025-08-30 01:00:00')": "0",
    "date_diff('day', date '2025-08-29', date '2025-09-01')": "3",
    "date_diff('month', date '2025-01-31', date '2025-02-28')": "1",
    "date_diff('second', timestamp '2025-08-29 15:01:17.9', timestamp '2025-08-29 15:01:19')": "1",
    "date_diff('hour', timestamp '2025-08-29 16:00:00', timestamp '2025-08-29 15:00:00')": "-1",
    "date_add('day', 3, date '2025-08-29')": "2025-09-01",
    "date_add('month', 1, date '2025-01-31')": "2025-02-28",
    "date_add('quarter', 1, date '2025-01-31')": "2025-04-30",
    "date_add('hour', -3, timestamp '2025-08-29 15:01:59')": "2025-08-29 12:01:59.000000",
    "date '2025-01-01' + interval '1' day * 2": "2025-01-03",
    "max(date '2025-08-29') - interval '1' month": "2025-07-29",
    "timestamp '2025-08-29 15:01:17' - interval '90' minute": "2025-08-29 13:31:17.000000",
    "timestamp '2025-08-29 15:01:17' - timestamp '2025-08-28 14:00:00'": "1 01:01:17.000",
    "x + (case when now() > now() - interval '1' day then 1 else 0 end)": "2",
    "from_unixtime(1756479677)": "2025-08-29 15:01:17.000000 UTC",
    "from_unixtime(1756479677, 'Europe/Madrid')": "2025-08-29 17:01:17.000000 Europe/Madrid",
    "to_unixtime(timestamp '2025-08-29 15:01:17.5')": "1.7564796775E9",
    "from_iso8601_timestamp('2025-08-29T17:01:17+02:00')": "2025-08-29 15:01:17.000000 UTC",
    "to_iso8601(timestamp '2025-08-29 15:01:17')": "2025-08-29T15:01:17.000",
    "day_of_week(date '2025-08-31')": "7",
    "extract(dow from date '2025-08-31')": "7",
    "day_of_year(date '2025-08-31')": "243",
    "week(date '2025-08-31')": "35",
    "year_of_week(date '2024-12-30')": "2025",
    "last_day_of_month(date '2025-02-03')": "2025-02-28",
    "millisecond(timestamp '2025-08-29 15:01:17.125')": "125",
    "format_datetime(timestamp '2025-08-29 15:01:17', 'yyyy-MM-dd HH:mm')": "2025-08-29 15:01",
    "date_format(timestamp '2025-08-29 15:01:17', '%Y-%m-%d %H:%i:%s')": "2025-08-29 15:01:17",
    "date_parse('2025-08-29 15:01', '%Y-%m-%d %H:%i')": "2025-08-29 15:01:00.000000",
    "sequence(date '2025-08-30', date '2025-09-01')": "[2025-08-30, 2025-08-31, 2025-09-01]",
    "cast('2025-08-29 15:01:17' as timestamp)": "2025-08-29 15:01:17.000000",
    "cast(max(timestamp '2025-08-29 15:01:17') as varchar)": "2025-08-29 15:01:17.000000",
    # time zones: summer in Madrid is two hours ahead
    "timestamp '2025-08-29 23:30:00' at time zone 'Europe/Madrid'": (
        "2025-08-30 01:30:00.000000 Europe/Madrid"
    ),
    "cast(timestamp '2025-08-29 23:30:00' at time zone 'Europe/Madrid' as date)": "2025-08-30",
    "hour(at_timezone(timestamp '2025-08-29 23:30:00 UTC', 'Europe/Madrid'))": "1",
    "date_trunc('day', timestamp '2025-08-29 23:30:00' at time zone 'Europe/Madrid')": (
        "2025-08-30 00:00:00.000000 Europe/Madrid"
    ),
    "timestamp '2025-08-29 23:30:00' at time zone 'Europe/Madrid' "
    "= timestamp '2025-08-29 23:30:00'": "true",
    "date_trunc('day', timestamp '2025-08-29 23:30:00' at time zone 'Europe/Madrid') "
    "= timestamp '2025-08-29 22:00:00 UTC'": "true",
    "to_unixtime(with_timezone(timestamp '2025-08-29 17:01:17', 'Europe/Madrid'))": "1.756479677E9",
    # numbers
    "5 / 2": "2",
    "-7 / 2": "-3",
    "-7 % 3": "-1",
    "5.0 / 2": "2.5",
    "sum(x) / count(*)": "1",
    "avg(x)": "1.5",
    "round(-2.5e0)": "-3.0",
    "truncate(-2.7e0)": "-2.0",
    "cast(2.5e0 as bigint)": "3",
    "cast(avg(x) as integer)": "2",
    "cast('9007199254740993' as bigint)": "9007199254740993",
    "try_cast('1.5' as integer)": None,
    "try_cast('x' as integer)": None,
    "try(1 / 0)": None,
    "1e7": "1.0E7",
    "1e-4": "1.0E-4",
    "cast(1.1 as real)": "1.1",
    "infinity()": "Infinity",
    "width_bucket(3.5, 0, 10, 5)": "2",
    "log(2, 8)": "3.0",
    "greatest(1, null)": None,
    "least(3, 2, 1)": "1",
    "round(great_circle_distance(0, 0, 0, 90), 2)": "10007.56",
    # texts
    "regexp_like('abc123', '[0-9]+')": "true",
    "regexp_extract('abc', '[0-9]+')": None,
    "regexp_extract('abc123', '([a-z]+)([0-9]+)', 2)": "123",
    "regexp_replace('a1b2', '([0-9])', '<$1>')": "a<1>b<2>",
    "split_part('a,b', ',', 3)": None,
    "split('a,b', ',')": "[a, b]",
    "concat('a', 'b', null)": None,
    "substr('hello', -3)": "llo",
    "format('%05d', 5)": "00005",
    "to_hex(md5(to_utf8('a')))": "0CC175B9C0F1B6A831C399E269772661",
    # arrays, maps, rows, JSON
    "element_at(array[1, 2], 5)": None,
    "element_at(array[1, 2], -1)": "2",
    "element_at(map(array['a'], array[1]), 'b')": None,
    "cardinality(array[1, 2])": "2",
    "contains(array[1, 2], 2)": "true",
    "array_join(array[1, 2, null], ',', '-')": "1,2,-",
    "slice(array[1, 2, 3], 2, 2)": "[2, 3]",
    "array_distinct(array[3, 1, 3, null, null])": "[3, 1, null]",
    "array_union(array[1, 2], array[2, 3])": "[1, 2, 3]",
    "array_sort(array[3, null, 1])": "[1, 3, null]",
    "transform(array[1, 2], v -> v + 1)": "[2, 3]",
    "filter(array[1, 2], v -> v > 1)": "[2]",
    "reduce(array[1, 2, 4], 0, (s, v) -> s + v, s -> s * 10)": "70",
    "any_match(array[1, 2], v -> v > 1)": "true",
    "row(1, 'a')": "{field0=1, field1=a}",
    "map(array['a'], array[array[1, null]])": "{a=[1, null]}",
    'json_extract_scalar(\'{"a": {"b": "x"}}\', \'$.a.b\')': "x",
    "json_extract_scalar('no json', '$.a')": None,
    # aggregates and windows
    "approx_distinct(x)": "2",
    "count_if(x > 1)": "1",
    "count_if(x > null)": "0",
    "count_if(x > 0) filter (where y = 'a')": "1",
    "arbitrary(7)": "7",
    "max_by(y, x)": "b",
    "min_by(y, x, 2)": "[a, b]",
    "array_agg(x order by y desc)": "[2, 1]",
    "map_agg(y, x)": "{a=1, b=2}",
    "histogram(7)": "{7=2}",
    "listagg(y, ';') within group (order by y desc)": "b;a",
    "approx_percentile(x, 1.0)": "2",
    "every(x > 0)": "true",
    "sum(x) filter (where y = 'b')": "2",
    "lag(x, 1, 0) over (order by x)": "0",
}


class NoTables:
    def find(self, name: TableName, place: tuple[int, int] | None = None) -> Table:
        raise AssertionError(f"no table is named here, but {name} at {place}")


@pytest.fixture(scope="module")
def engine() -> QueryEngine:
    return QueryEngine()


def answer(engine: QueryEngine, sql: str) -> list[list[str | None]]:
    return engine.run(sql, "db", NoTables()).rows


@pytest.mark.parametrize("expression", EXPECTED)
def test_an_expression_has_trinos_value(engine: QueryEngine, expression: str) -> None:
    rows = answer(engine, f"SELECT {expression} FROM {ROWS}")

    assert rows[0][0] == EXPECTED[expression]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("VALUES (1, 'a'), (2, null)", [["1", "a"], ["2", None]]),
        ("SELECT 1 UNION ALL SELECT 2 ORDER BY 1 DESC", [["2"], ["1"]]),
        (f"WITH q AS (SELECT x FROM {ROWS}) SELECT sum(x) FROM q", [["3"]]),
        (
            (
                "SELECT v, n FROM (VALUES (array[5, 6])) AS t(a) "
                "CROSS JOIN UNNEST(a) WITH ORDINALITY AS u(v, n) ORDER BY n"
            ),
            [["5", "1"], ["6", "2"]],
        ),
        ("SELECT i FROM UNNEST(sequence(1, 3)) AS t(i) ORDER BY i OFFSET 1 LIMIT 1", [["2"]]),
        (
            f"SELECT y, rank() OVER (ORDER BY x DESC) AS r FROM {ROWS} ORDER BY r",
            [["b", "1"], ["a", "2"]],
        ),
        (
            f"SELECT y, sum(x) FROM {ROWS} GROUP BY ROLLUP (y) ORDER BY y",
            [["a", "1"], ["b", "2"], [None, "3"]],
        ),
        (f"SELECT a.x FROM {ROWS.replace('t(', 'a(')} JOIN (VALUES 2) AS b(x) USING (x)", [["2"]]),
        ("SELECT x FROM (VALUES 2, null, 1) AS t(x) ORDER BY x DESC", [["2"], ["1"], [None]]),
    ],
)
def test_a_query_has_trinos_answer(
    engine: QueryEngine, sql: str, rows: list[list[str | None]]
) -> None:
    assert answer(engine, sql) == rows


def test_columns_carry_athenas_names_and_types(engine: QueryEngine) -> None:
    result = engine.run(
        "SELECT x, count(*), sum(x) AS total, cast(1 AS decimal(10, 2)) AS d, now() AS n, "
        f"array_agg(y) AS a, row(1) AS r, null AS u FROM {ROWS} GROUP BY x",
        "db",
        NoTables(),
    )

    assert [(column.name, column.type) for column in result.columns] == [
        ("x", "integer"),
        ("_col1", "bigint"),
        ("total", "bigint"),
        ("d", "decimal"),
        ("n", "timestamp with time zone"),
        ("a", "array"),
        ("r", "row"),
        ("u", "unknown"),
    ]
    assert (result.columns[3].precision, result.columns[3].scale) == (10, 2)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT foo(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'foo' not registered"),
        ("SELECT strftime(now(), '%Y')", "FUNCTION_NOT_FOUND"),
        ("SELECT list_value(1)", "FUNCTION_NOT_FOUND"),
        ("SELECT trino_date_trunc('day', now())", "FUNCTION_NOT_FOUND"),
        ("SELECT * FROM read_csv('/etc/hosts')", "FUNCTION_NOT_FOUND: line 1:15"),
        ("SELECT a FROM (VALUES 1) AS t(b)", "COLUMN_NOT_FOUND: line 1:8: Column 'a' cannot be"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT cast('x' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to integer"),
        ("SELECT cast('1.5' AS integer)", "INVALID_CAST_ARGUMENT"),
        (
            "SELECT x AS y FROM (VALUES 1) AS t(x) WHERE y = 1",
            "COLUMN_NOT_FOUND: line 1:45: Column 'y' cannot be resolved",
        ),
        ("SELECT x AS y, count(*) FROM (VALUES 1) AS t(x) GROUP BY y", "COLUMN_NOT_FOUND"),
        ("SELECT x, count(*) FROM (VALUES 1) AS t(x)", "EXPRESSION_NOT_AGGREGATE"),
        ("SELECT (SELECT x FROM (VALUES 1, 2) AS t(x))", "SUBQUERY_MULTIPLE_ROWS"),
        ("SELECT 'a' = 1", "TYPE_MISMATCH: line 1:8: Cannot apply operator: varchar(1) = integer"),
        ("SELECT * FROM other.db.t", "CATALOG_NOT_FOUND"),
    ],
)
def test_a_query_that_athena_refuses_fails_in_athenas_words(
    engine: QueryEngine, sql: str, reason: str
) -> None:
    with pytest.raises(QueryFailed) as failed:
        answer(engine, sql)

    assert str(failed.value).startswith(reason)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM",
        "SELECT 1; SELECT 2",
        "SELECT `a` FROM t",
        "SELECT 1::integer",
        "SELECT 'a' ILIKE 'A'",
        "SELECT x FROM (VALUES 1) AS t(x) QUALIFY x = 1",
        "SELECT 'open",
    ],
)
def test_sql_of_other_engines_is_malformed(engine: QueryEngine, sql: str) -> None:
    with pytest.raises(MalformedQuery, match=r"line \d+:\d+: |cannot read|Only one"):
        answer(engine, sql)
