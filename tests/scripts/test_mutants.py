"""What `make mutants` puts in, what it says of it, and whether the written bugs still fit."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

import pytest

from scripts.mutants.__main__ import sample
from scripts.mutants.covering import Covering
from scripts.mutants.operators import bugs
from scripts.mutants.tree import ROOT, Copy
from scripts.mutants.trials import try_all
from scripts.mutants.written import NotInTheFile, Written, statement, try_written, written


def made(source: str) -> set[str]:
    """Every bug that can be put into some lines, as the text that they become."""
    content = textwrap.dedent(source).encode()
    return {bug.put(content).decode().strip() for bug in bugs("m.py", content)}


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("x = a < b", {"x = a <= b"}),
        ("x = a not in b", {"x = a in b"}),
        ("x = a is None", {"x = a is not None"}),
        ("x = not (a)", {"x = (a)"}),
        ("x = a and b", {"x = a or b"}),
        ("x = min(a, b)", {"x = max(a, b)"}),
        ("x = a - b", {"x = a + b"}),
        ("x = a[:n]", {"x = a"}),
        ("x = a[0]", {"x = a[-1]"}),
        ("x = 3", {"x = 4"}),
        ("x = 900", {"x = 9000"}),
        ("x = 8 << 20", {"x = 9 << 20"}),
        ("x = True", {"x = False"}),
        ("x = 'refused'", {'x = "refusedx"'}),
        ("x = f(a, Key=k)", {"x = f(a, )"}),
        ("x = {'SSE': k}", {"x = {}"}),
        ("f(a)", {"pass"}),
        ("if a:\n    raise E('a b')", {"pass"}),
        (
            "try:\n    f\nexcept (A, B):\n    g",
            {"try:\n    f\nexcept (A,):\n    g", "try:\n    f\nexcept (B,):\n    g"},
        ),
    ],
)
def test_a_small_bug_is_one_change_of_one_line(line: str, becomes: set[str]) -> None:
    assert made(line) == becomes


@pytest.mark.parametrize(
    "line",
    [
        "'''Words of a module.'''",
        "def f(a: list[int]) -> Literal['a_code']:\n    '''Words.'''",
        "logger.info('refused', extra={'n': 1})",
        "raise E('a_code', 3)",
        "x = 'words for people'",
        "x = f'{a} words'",
        "def __repr__(self):\n    return 'a_code'",
        "parser.add_argument('--code', default=3)",
        "if TYPE_CHECKING:\n    x = 1",
    ],
)
def test_words_for_people_and_types_are_no_bugs(line: str) -> None:
    assert made(line) == set()


def test_a_sample_is_the_same_for_the_same_seed_and_takes_a_statement_once() -> None:
    source = "".join(f"x{n} = a < b and c[{n}] == {n}\n" for n in range(40)).encode()
    every = bugs("m.py", source)

    chosen = sample(every, 20, seed=7)

    assert chosen == sample(every, 20, seed=7) != sample(every, 20, seed=8)
    assert len({bug.first for bug in chosen}) == len(chosen) == 20


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A tree of one module and one test, which looks at one of its two functions."""
    root = tmp_path / "small"
    (root / "scripts").mkdir(parents=True)
    (root / "scripts" / "mutants").symlink_to(ROOT / "scripts" / "mutants")
    (root / "ages.py").write_text(
        "OLD = 66\n\n\ndef adult(n):\n    return n >= 18\n\n\ndef old(n):\n    return n > OLD\n"
        "\n\ndef unborn(n):\n    return n < 0\n"
    )
    (root / "tests").mkdir()
    (root / "tests" / "test_ages.py").write_text(
        "import ages\n\n\ndef test_adult():\n    ages.old(1)\n    assert ages.adult(18)\n"
    )
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return root


def test_a_bug_is_noticed_survives_or_is_met_by_no_test_and_the_tree_stays_as_it_was(
    small: Path, tmp_path: Path
) -> None:
    source = (small / "ages.py").read_bytes()
    test = "tests/test_ages.py::test_adult"
    covering = Covering({"ages.py": {1: [], 5: [test], 9: [test]}}, {test: 0.1}, [], [])
    kinds = ("a comparison changed", "a number changed")
    every = [bug for bug in bugs("ages.py", source) if bug.kind in kinds and bug.text != "180"]

    clean = Copy.of(small, tmp_path / "clean")
    verdicts = list(try_all(every, covering, clean, tmp_path / "trials", 2, 60))

    assert [(one.bug.line, one.noticed, one.by) for one in verdicts] == [
        (1, False, "1 tests that run it are green"),
        (5, True, f"FAILED {test}"),
        (9, False, "1 tests that run it are green"),
        (13, False, "no test runs this line"),
        (13, False, "no test runs this line"),
    ]
    assert (small / "ages.py").read_bytes() == source


def test_a_written_bug_is_tried_with_its_own_tests(small: Path, tmp_path: Path) -> None:
    copy = Copy.of(small, tmp_path / "copy")
    entries = [
        Written("children are adults", "ages.py", ("tests/test_ages.py",), ">= 18", ">= 19"),
        Written("people are old early", "ages.py", ("tests/test_ages.py",), "OLD = 66", "OLD = 65"),
    ]

    verdicts = [try_written(entry, copy, tmp_path / "log") for entry in entries]

    assert [one.noticed for one in verdicts] == [True, False]
    assert copy.read("ages.py") == (small / "ages.py").read_bytes()


def test_an_iam_statement_is_found_by_its_sid() -> None:
    policy = 'x = [{ Sid = "A" }, {\n  Sid = "B", Condition = { y = "${z}" }\n}, 3]'

    assert statement(policy, "B") == '{\n  Sid = "B", Condition = { y = "${z}" }\n},'
    with pytest.raises(NotInTheFile, match="the statement C stands 0 times"):
        statement(policy, "C")


@pytest.mark.parametrize("entry", written(ROOT), ids=lambda entry: entry.bug)
def test_each_written_bug_fits_its_file_and_names_tests_that_are_there(entry: Written) -> None:
    source = (ROOT / entry.file).read_bytes()

    assert entry.placed(source).put(source) != source
    for test in entry.tests:
        path, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / path).read_text()
