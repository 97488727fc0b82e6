"""Trino's functions in DuckDB: which are the same, which sqlglot translates, which are macros.

A name that stands in none of the three is refused, so that a query that runs here runs on AWS.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlglot import exp

from local.athena_errors import MalformedQuery

# Where DuckDB's function of this name does what Trino's does.
_SAME = """
    abs acos asin atan atan2 cbrt ceil ceiling cos cosh degrees exp floor ln log10 log2 pi power
    pow radians round sign sin sinh sqrt tan tanh mod concat concat_ws length lower upper ltrim
    rtrim replace starts_with strpos substr substring translate chr lpad rpad url_encode url_decode
    count sum avg min max min_by max_by bool_and bool_or corr covar_pop covar_samp regr_slope
    regr_intercept regr_r2 stddev stddev_pop stddev_samp variance var_pop var_samp
    geometric_mean array_agg histogram row_number rank dense_rank percent_rank cume_dist ntile lag
    lead first_value last_value nth_value coalesce nullif year month day hour minute second quarter
    week map map_keys map_values map_entries map_from_entries map_concat flatten
    regexp_extract_all random rand reverse json_array_length uuid year_of_week day_of_month
    """
SAME = frozenset(_SAME.split())

# What sqlglot reads from Trino and writes for DuckDB, tried value by value in the tests.
_TRANSLATED = """
    arbitrary any_value approx_distinct array_join bitwise_and bitwise_or bitwise_xor contains
    day_of_week day_of_year dow doy element_at filter transform reduce from_hex from_utf8
    if json_extract json_format json_parse log localtime localtimestamp listagg md5 now sha256
    split to_hex to_utf8 is_nan last_day_of_month row array_sort set_agg levenshtein_distance
    grouping trim date from_iso8601_date try bitwise_not to_base64 from_base64 exists unnest
    """
TRANSLATED = frozenset(_TRANSLATED.split())

MACROS = Path(__file__).with_name("trino_macros.sql").read_text(encoding="utf-8")


def macro_statements() -> list[str]:
    """The CREATE MACRO statements that a DuckDB connection needs once."""
    return [part for part in MACROS.split(";\n") if part.strip()]


MACRO_NAMES = frozenset(re.findall(r"^CREATE MACRO trino_(\w+)", MACROS, re.MULTILINE)) - {
    "unit", "plus", "minus", "whole", "text", "json_text"
}  # fmt: skip

Builder = Callable[[list[Any]], exp.Expr]


OURS = "laptop"  # marks the calls that we made, which a person may not write


def call(name: str, *arguments: Any) -> exp.Anonymous:
    node = exp.Anonymous(this=name, expressions=list(arguments))
    node.meta[OURS] = True
    return node


def _macro(name: str) -> Builder:
    return lambda args: call(f"trino_{name}", *args)


_JODA = {
    "yyyy": "%Y", "y": "%Y", "yy": "%y", "YYYY": "%Y", "MM": "%m", "M": "%-m", "MMM": "%b",
    "MMMM": "%B", "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I",
    "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g", "SSSSSS": "%f", "EEE": "%a",
    "E": "%a", "EEEE": "%A", "a": "%p", "D": "%-j", "DDD": "%j", "e": "%u", "Z": "%z",
}  # fmt: skip
_MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I",
    "I": "%I", "i": "%M", "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p",
    "r": "%I:%M:%S %p", "S": "%S", "s": "%S", "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G",
    "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip


def joda_pattern(pattern: str) -> str:
    """A Joda pattern (`yyyy-MM-dd'T'HH:mm`) as a strftime format."""
    pieces = re.findall(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z'])", pattern)
    text = ""
    for quoted, letters, _, mark in pieces:
        if letters and letters not in _JODA:
            raise MalformedQuery(f"the laptop engine does not know the date pattern '{letters}'")
        text += _JODA[letters] if letters else (quoted or mark or "'").replace("%", "%%")
    return text


def mysql_pattern(pattern: str) -> str:
    """A MySQL date format (`%Y-%m-%d %H:%i`) as a strftime format."""

    def known(match: re.Match[str]) -> str:
        if match[1] not in _MYSQL:
            raise MalformedQuery(f"the laptop engine does not know the date format '%{match[1]}'")
        return _MYSQL[match[1]]

    return re.sub(r"%(.)", known, pattern)


def _formatted(function: str, convert: Callable[[str], str], cast: str = "") -> Builder:
    def build(args: list[Any]) -> exp.Expr:
        if len(args) != 2 or not (isinstance(args[1], exp.Literal) and args[1].is_string):
            raise MalformedQuery("the laptop engine needs the date format as a text, not computed")
        node = call(function, args[0], exp.Literal.string(convert(args[1].this)))
        return exp.cast(node, cast) if cast else node

    return build


def _ignoring_no_null(function: str) -> Builder:
    """Trino's greatest and least are NULL when any argument is; DuckDB's skip NULLs."""

    def build(args: list[Any]) -> exp.Expr:
        missing = exp.or_(*(exp.Is(this=a.copy(), expression=exp.null()) for a in args))
        return exp.Case(ifs=[exp.If(this=missing, true=exp.null())], default=call(function, *args))

    return build


def _zoned(args: list[Any]) -> exp.Expr:
    return exp.AtTimeZone(this=args[0], zone=args[1])


def _from_unixtime(args: list[Any]) -> exp.Expr:
    instant = call("trino_from_unixtime", args[0])
    return _zoned([instant, args[1]]) if len(args) > 1 else instant


def _matches(test: Callable[[exp.Expr, exp.Expr], exp.Expr]) -> Builder:
    def build(args: list[Any]) -> exp.Expr:
        kept = exp.ArrayFilter(this=args[0].copy(), expression=args[1])
        return exp.paren(test(call("len", kept), args[0]))

    return build


BUILDERS: dict[str, Builder] = {
    **{name: _macro(name) for name in MACRO_NAMES},
    "format_datetime": _formatted("strftime", joda_pattern),
    "date_format": _formatted("strftime", mysql_pattern),
    "date_parse": _formatted("strptime", mysql_pattern),
    "parse_datetime": _formatted("strptime", joda_pattern, "timestamptz"),
    "greatest": _ignoring_no_null("greatest"),
    "least": _ignoring_no_null("least"),
    "at_timezone": _zoned,
    "with_timezone": lambda args: _zoned([call("timezone", args[1].copy(), args[0]), args[1]]),
    "from_unixtime": _from_unixtime,
    "format": lambda args: call("printf", *args),
    "any_match": _matches(lambda n, _: exp.GT(this=n, expression=exp.Literal.number(0))),
    "none_match": _matches(lambda n, _: exp.EQ(this=n, expression=exp.Literal.number(0))),
    "all_match": _matches(lambda n, all_: exp.EQ(this=n, expression=call("len", all_))),
    # No macros: FILTER and OVER may follow these.
    "count_if": lambda args: exp.Count(
        this=exp.Case(ifs=[exp.If(this=args[0], true=exp.Literal.number(1))])
    ),
    "every": lambda args: call("bool_and", *args),
    "bitwise_and_agg": lambda args: call("bit_and", *args),
    "bitwise_or_agg": lambda args: call("bit_or", *args),
    "approx_percentile": lambda args: call("quantile_disc", *args),
    "json_array_get": lambda args: call("json_extract", *args),
}
