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


NUMBERS = {
    "0": 0, "-5": -5, "007": 7, "5.": 5.0, ".5": 0.5, "-.5": -0.5, "1e5": 1e5, "1E+5": 1e5,
    "[5., 1e-9]": [5.0, 1e-9], "9" * 400: int("9" * 400), "1e-999": 0.0,
}  # fmt: skip


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
        *((spelt, value) for spelt, value in NUMBERS.items()),
        ("  'a' \n", "a"),
        ("()", ()),
        ("('a', 1,)", ("a", 1)),
        ("[('a')]", ["a"]),
        ("{}", {}),
        ("{'a': (1, 2), 'b': [{'c': None}],}", {"a": (1, 2), "b": [{"c": None}]}),
        ("{'a': 1, 'a': 2}", {"a": 2}),
        ("{None: 1, 2: 3}", {None: 1, 2: 3}),
        ("['\\'', '\\n', '\\x41', '\\\\']", ["'", "\n", "A", "\\"]),
        ('["\\/", "\\"", "\\u0041"]', ["/", '"', "A"]),
        ('"\\x41"', "A"),  # Python's escape in JSON's quotes
        ("['\\ta\r\nb']", ["\ta\r\nb"]),
        ("'[{'", "[{"),
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
        ("-" + "9" * 400, "more than 400 digits"),
        ("[" + "9" * 401 + "]", "more than 400 digits at character 1"),
        ("-1e999", "beyond every range"),
        *((spelt, "unreadable") for spelt in ("[+5]", "[1_000]", "[1.2.3]", "[12a]", "[nulls]")),
        ("['\ud83d']", "lone surrogate"),
        ("{'\ud83d': 1}", "lone surrogate"),
        ("[" * 33 + "'\\n'" + "]" * 33, "nested deeper than 32 at character 32"),
        ("{'a': " * 33 + "1" + "}" * 33, "nested deeper"),
        ("[[1 [2]]]", "a comma is missing at character 3"),
        ("[{[1]: 2}]", "a key must be a text or a number at character 2"),
        ("{'a': 1 'b': 2}", "a comma is missing at character 7"),
        ("{'a': 1: 2}", "a colon too many at character 7"),
        ("{'a': : 1}", "a colon too many at character 5"),
        ("{: 1}", "a colon too many"),
        ("[1: 2]", "a colon too many"),
        (": 1", "a colon too many at character 0"),
        (", 1", "a comma too many at character 0"),
        ("[1,, 2]", "a comma too many at character 3"),
        ("{'a', 'b'}", "a comma too many"),
        ("{'a': 1, 'b'}", "a value is missing"),
        ("{'a' 'b'}", "a colon is missing"),
        ("]", "']' closes nothing at character 0"),
        ("{1: 2]", "']' closes nothing"),
        ("(1}", "'}' closes nothing"),
        ("[1] 2", "more text behind the literal at character 3"),
        ("[1] [", "more text behind the literal"),
        ("['a", "a text that never ends"),
        ("", "ends before"),
    ],
)
def test_what_is_no_literal_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(LiteralError, match=reason):
        parse(text)


@pytest.mark.parametrize(
    ("text", "elements", "rest", "cut"),
    [
        ("[1, x, 3]", [1], "x, 3]", False),
        ("['a' 'b']", ["a"], "'b']", False),
        ("[1 2]", [], "1 2]", False),
        ("[1, 2 3]", [1], "2 3]", False),
        ("[{'a': 1}, {'b' 2}]", [{"a": 1}], "{'b' 2}]", False),
        ("[[1, 2], [3, 4", [[1, 2]], "[3, 4", True),
        ("[(1, 2), None", [(1, 2)], "None", True),
        ("[True, None,\n\t", [True, None], "", True),
        ("['a'", ["a"], "", True),
        ("[", [], "", True),
        ("[ x]", [], "x]", False),
        ("(1, 2", [], "(1, 2", True),
        ("{'a': 1", [], "{'a': 1", True),
        ("[['\\x41', 1], ['b", [["A", 1]], "['b", True),
    ],
)
def test_what_is_whole_of_a_broken_list_is_kept_and_what_is_not_is_shown(
    text: str, elements: list[object], rest: str, cut: bool
) -> None:
    found = salvage(text)

    assert (found.elements, found.rest) == (elements, rest)
    assert found.error is not None
    assert found.error.cut is cut


@pytest.mark.parametrize("text", ["[1, 'a']", "[1, '\\x41']", '["a", None]'])
def test_of_a_whole_list_nothing_is_left(text: str) -> None:
    found = salvage(text)

    assert len(found.elements) == 2
    assert (found.rest, found.error) == ("", None)


@pytest.mark.parametrize("text", ["'12345678'", '"12345678"', "'\\x41\\n78'"])
def test_a_text_as_long_as_the_limit_is_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(literal, "MAX_LENGTH", 10)
    assert isinstance(parse(text), str)

    monkeypatch.setattr(literal, "MAX_LENGTH", 9)
    with pytest.raises(LiteralError, match="longer than 9 characters at character 9"):
        parse(text)
    left = salvage(f"[{text}]")
    assert (left.elements, left.rest) == ([], f"[{text}]")


def test_thirty_two_levels_are_deep_enough_for_every_workbook() -> None:
    assert parse("[" * 32 + "]" * 32) is not None
    assert parse("[" * 32 + "'\\n'" + "]" * 32) is not None
    assert parse("{'a': " * 32 + "1" + "}" * 32) is not None
    assert parse("[[]" + ", []" * 99 + "]") == [[]] * 100


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
    assert str(salvage("{'a': 1}").error) == "not a list at character 0"
    assert salvage("{'a': 1}").rest == "{'a': 1}"
    assert salvage("nonsense").rest == "nonsense"
