"""The literal parser against Python's own, and against everything that is no literal."""

from __future__ import annotations

import ast
import json
import pickle
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake import literal
from lake.literal import LiteralError, parse, salvage

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXTS, inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=12,
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_python_writes_is_read_back(value: object) -> None:
    assert parse(repr(value)) == value


@given(JSON_VALUES, st.booleans())
def test_what_json_writes_is_read_back(value: object, ascii_only: bool) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii_only)) == value


@given(st.text(max_size=60) | st.text("[]{}(),:'\"\\ None1.e-xnulltrueFals\n", max_size=30))
def test_any_text_is_a_literal_or_a_literal_error(text: str) -> None:
    try:
        value = parse(text)
    except LiteralError:
        return
    # Whatever we read, Python or JSON reads alike: we never see more than is there.
    assert value in _other_readings(text)


def _other_readings(text: str) -> list[object]:
    found: list[object] = []
    for read in (ast.literal_eval, lambda said: json.loads(said, strict=False)):
        try:
            found.append(read(text.strip()))
        except (ValueError, SyntaxError, TypeError):
            continue
    if not found:
        # Only where a list mixes both spellings: [None, true], or a line ends inside a text.
        plain = text.strip().replace("null", "None").replace("true", "True")
        plain = plain.replace("false", "False").replace("\n", "\\n").replace("\r", "\\r")
        found.append(ast.literal_eval(plain))
    return found


@given(st.lists(VALUES, max_size=5), st.data())
@settings(max_examples=300)
def test_any_beginning_of_a_list_gives_exactly_its_complete_elements(
    values: list[object], data: st.DataObject
) -> None:
    text = repr(values)
    length = data.draw(st.integers(0, len(text)))
    end, complete = 1, 0
    for value in values:
        end += len(repr(value))
        # 12 may be the beginning of 123: a bare word is whole only with a sign behind it.
        bare = not isinstance(value, str | list | dict | tuple)
        if length >= end + bare:
            complete += 1
        end += len(", ")

    found = salvage(text[:length])

    assert found.elements == values[:complete]
    assert (found.error is None) == (length == len(text))
    assert found.error is None or found.error.cut


@given(st.lists(VALUES, min_size=1, max_size=4), st.data())
def test_what_is_salvaged_and_what_is_left_are_the_whole_text(
    values: list[object], data: st.DataObject
) -> None:
    text = repr(values)
    cut = text[: data.draw(st.integers(1, len(text) - 1))]

    found = salvage(cut)

    assert cut.endswith(found.rest)
    done = cut[: len(cut) - len(found.rest)].rstrip(", ")
    assert ast.literal_eval(done + "]") == found.elements


@given(JSON_VALUES.filter(lambda value: isinstance(value, list | dict)))
def test_the_quick_way_and_the_scanner_agree(value: object) -> None:
    text = repr(value)
    quick = literal._quick(text)
    assert quick is literal._MISSING or quick == literal._scan(text)[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1, 2,]", [1, 2]),
        ("(1,)", (1,)),
        ("(1)", 1),
        ("{1: 'a'}", {1: "a"}),
        ('["None", "true \\u00e1"]', ["None", "true á"]),
        ("['None: True', None]", ["None: True", None]),
        ("""["Casa d'Or", 'la "b"']""", ["Casa d'Or", 'la "b"']),
        (" [ ] ", []),
        ("[null, true, False]", [None, True, False]),
        ('"\\ud83d\\ude8c"', "\N{BUS}"),
        ("['a\nb']", ["a\nb"]),
        ("-0.5e-3", -0.5e-3),
    ],
)
def test_both_spellings_are_read(text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("__import__('os')", "unreadable"),
        ("[1 for _ in 'a']", "unreadable"),
        ("'a' 'b'", "more text"),
        ("[1 2]", "a comma is missing"),
        ("[,]", "a comma too many"),
        ("{'a' 1}", "a comma is missing|a colon is missing"),
        ("{'a':}", "a value is missing"),
        ("{[1]: 2}", "a key must be"),
        ("[1)", "closes nothing"),
        ("b'a'", "unreadable"),
        ("nan", "ends inside a value"),
        ("[NaN]", "unreadable"),
        ("[1e999]", "beyond every range"),
        ("[0x10]", "unreadable"),
        ("'\\x4'", "broken escape"),
        ("'\\ud83d'", "lone surrogate"),
        ("9" * 401, "more than 400 digits"),
        ("[" * 33 + "]" * 33, "nested deeper"),
        ("['a", "a text that never ends"),
        ("", "ends before"),
    ],
)
def test_what_is_no_literal_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(LiteralError, match=reason):
        parse(text)


def test_thirty_two_levels_are_deep_enough_for_every_workbook() -> None:
    assert parse("[" * 32 + "]" * 32) is not None


def test_a_text_beyond_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(LiteralError, match="longer than"):
        parse("'" + "a" * literal.MAX_LENGTH + "'")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "'" * 99_999,
        '"' + "\\" * 99_999,
        "[" + "1," * 50_000,
        "{" + "'a':" * 25_000,
        "-" * 100_000,
        "1" * 100_000,
        "(" + "'a' " * 25_000,
        " " * 100_000 + "x",
        "[" + " " * 99_999,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    started = time.process_time()

    with pytest.raises(LiteralError):
        parse(text)

    assert time.process_time() - started < 1


def test_a_literal_error_survives_the_way_home_from_an_executor() -> None:
    error = pickle.loads(pickle.dumps(LiteralError("cut", 7, cut=True)))  # noqa: S301 (our own)

    assert (error.reason, error.position, error.cut) == ("cut", 7, True)


def test_a_cell_that_is_no_list_is_salvaged_of_nothing() -> None:
    assert salvage("{'a': 1}").elements == []
    assert salvage("{'a': 1}").error is not None
    assert salvage("nonsense").rest == "nonsense"
