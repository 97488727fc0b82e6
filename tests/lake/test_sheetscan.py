"""How far a sheet reaches: the same whatever its spelling and wherever its bytes are cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from lake import sheetscan
from lake.errors import FileRefused
from lake.sheetscan import Bounds, Extent, scan
from tests.factories import header_row, sheet

ROOMY = Bounds(rows=100, columns=100, cells=10_000)
TWO = '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><f>1+1</f><v>2</v></c></row>'
THREE = '<row r="3"><c r="B3" t="str"><f>""</f><v></v></c></row>'
# Header in row 1, A2, B2, an empty C2 that is no cell of anybody, B3.
ROWS = header_row("ab") + TWO.replace("</row>", '<c r="C2" s="1"/></row>') + THREE + '<row r="9"/>'

SPELLINGS = {
    "plain": ROWS,
    "blanks": ROWS.replace("><", "> \n<"),
    "odd from the first row": f"<!---->{ROWS}",
    "odd from the second row": ROWS.replace(TWO[:13], f"<!---->{TWO[:13]}"),
    "odd within a row": ROWS.replace('<c r="B2">', '<!----><c r="B2">'),
    "odd within the last row": ROWS.replace('<c r="B3"', '<!----><c r="B3"'),
    "odd behind the last row": f"{ROWS}<!-- <row> -->",
    "no address in the second row": ROWS.replace('<c r="A2">', "<c>").replace('<c r="B2">', "<c>"),
    "no number in the third row": ROWS.replace('<row r="3">', "<row>").replace(
        ' r="B3"', ' r="B3" x="1"'
    ),
    "single quotes": ROWS.replace('"', "'").replace("''", '""'),
    "rich texts": ROWS.replace("<is><t>a</t></is>", "<is><r><t>a</t></r></is>"),
    "a quoted section": ROWS.replace("<v>1</v>", '<v><![CDATA[<c r="ZZ99">]]></v>'),
}


def cut(text: str | bytes, size: int) -> Iterator[bytes]:
    body = text.encode() if isinstance(text, str) else text
    return (body[start : start + size] for start in range(0, len(body), size))


def prefixed(text: str) -> str:
    """The same with a prefix on each name."""
    return re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1s-1:", text).replace(" xmlns=", " xmlns:s-1=")


def facts(extent: Extent) -> tuple[int, int, int, int]:
    return extent.rows, extent.max_row, extent.max_column, extent.cells


def refusal(text: str | bytes, bounds: Bounds = ROOMY, size: int = 1 << 18) -> tuple[str, str]:
    with pytest.raises(FileRefused) as refused:
        scan(cut(text, size), "a part", bounds, 1)
    return refused.value.code, refused.value.reason


@pytest.mark.parametrize("size", [1, 2, 7, 60, 1 << 18])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_sheet_reaches_as_far_in_every_spelling_and_however_it_is_cut(
    spelling: str, size: int
) -> None:
    text = sheet(SPELLINGS[spelling], before='<cols><col min="1"/></cols>', after="<x/>")

    assert facts(scan(cut(text, size), "a part", ROOMY, 1)) == (2, 3, 2, 5)


@pytest.mark.parametrize("size", [1, 60, 1 << 18])
def test_a_sheet_whose_names_have_a_prefix_reaches_as_far(size: int) -> None:
    text = prefixed(sheet(ROWS))
    assert text.count("<s-1:row ") == text.count("</s-1:row>") + 1 == 4

    assert facts(scan(cut(text, size), "a part", ROOMY, 1)) == (2, 3, 2, 5)


@pytest.mark.parametrize("size", [1, 2, 7, 60, 1 << 18])
@pytest.mark.parametrize(
    ("rows", "row", "column"),
    [
        ("<row><c><v>1</v></c></row>", 10, 1),
        ('<row r="12" s="1"></row><row></row><row s="1"/><!----><row><c><v>1</v></c></row>', 15, 1),
        ('<row r="12"><c r="A12"/><c r="F12"/><c><v>1</v></c></row>', 12, 7),
        ('<row r="12"><c r="F12"/></row><row><c/><c><v>1</v></c></row>', 13, 2),
        ('<row><c r="F12"/></row><row><c><v>1</v></c></row>', 13, 1),
        ('<row s="1" r="12"/><row><c><v>1</v></c></row>', 13, 1),
        ('<row r="12"><!----><c><v>1</v></c></row>', 12, 1),
        ('<row r="12"/><!----><row r="13"><c><v>1</v></c></row>', 13, 1),
        ('<row r="12" s="1"/>\n<row r="14"><c s="1" r="B14"><v>1</v></c></row>', 14, 2),
    ],
)
def test_what_has_no_address_follows_what_has_one_wherever_bytes_are_cut(
    rows: str, row: int, column: int, size: int
) -> None:
    """Readers count on from the last number: so a far row or column could hide from the scan."""
    text = sheet(ROWS + rows)

    for spelt in (text, prefixed(text)):
        found = facts(scan(cut(spelt, size), "a part", ROOMY, 1))
        assert found == (3, row, max(column, 2), 6)


@pytest.mark.parametrize("header_row_", [0, 1, 2, 3, 4])
def test_rows_are_counted_below_the_header(header_row_: int) -> None:
    for size in (1, 1 << 18):
        for spelling in ("plain", "odd from the first row", "odd within a row"):
            text = sheet(SPELLINGS[spelling])

            assert scan(cut(text, size), "a part", ROOMY, header_row_).rows == max(
                3 - header_row_, 0
            )


@pytest.mark.parametrize("spelling", ["plain", "odd from the first row", "odd within a row"])
@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        (Bounds(2, 2, 6), "too_many_rows"),
        (Bounds(3, 1, 6), "too_many_columns"),
        (Bounds(3, 2, 5), "too_many_cells"),
    ],
)
def test_a_sheet_may_reach_to_its_bounds_and_no_further(
    spelling: str, bounds: Bounds, code: str
) -> None:
    text = sheet(SPELLINGS[spelling])
    assert facts(scan(cut(text, 60), "a part", Bounds(3, 2, 6), 1)) == (2, 3, 2, 5)

    assert refusal(text, bounds)[0] == code


def test_one_cell_that_comes_again_and_again_is_counted_each_time() -> None:
    text = sheet('<row r="1">' + '<c r="A1"><v>1</v></c>' * 4 + "</row>")
    assert scan(cut(text, 60), "a part", Bounds(1, 1, 4), 1).cells == 4

    assert refusal(text, Bounds(1, 1, 3))[0] == "too_many_cells"


def test_empty_cells_and_rows_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows and two cells: five tags, in either way of reading."""
    rows = '<row r="1"><c r="A1"/><c r="B1" s="1"/></row><row r="2"/><row r="3"></row>'
    monkeypatch.setattr(sheetscan, "_MAX_TAGS", 5)
    for text in (sheet(rows), sheet(f"<!---->{rows}")):
        assert facts(scan(cut(text, 60), "a part", ROOMY, 1)) == (0, 0, 0, 0)

    monkeypatch.setattr(sheetscan, "_MAX_TAGS", 4)
    for text in (sheet(rows), sheet(f"<!---->{rows}")):
        code, reason = refusal(text)
        assert (code, "4 cells and rows, empty ones included" in reason) == ("too_many_cells", True)


def test_as_many_oddly_spelled_cells_as_are_taken_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sheet("<row>" + "<c><v>1</v></c>" * 3 + "</row>")
    monkeypatch.setattr(sheetscan, "_MAX_ODD_CELLS", 3)
    assert scan(cut(text, 9), "a part", ROOMY, 1).cells == 3

    monkeypatch.setattr(sheetscan, "_MAX_ODD_CELLS", 2)
    code, reason = refusal(text)
    assert (code, "in an unusual way and holds more than 2 cells" in reason) == (
        "too_many_cells",
        True,
    )


def test_a_cell_of_many_bytes_is_left_to_the_parser_which_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheetscan, "_MAX_CELL_BYTES", 40)

    assert facts(scan(cut(sheet(ROWS), 30), "a part", ROOMY, 1)) == (2, 3, 2, 5)


@pytest.mark.parametrize("size", [1, 60, 1 << 18])
def test_no_parser_is_asked_of_a_plain_sheet_however_it_is_cut(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be ten times as slow, and takes fewer cells. A row may be longer than a chunk."""
    monkeypatch.setattr(sheetscan, "_MAX_ODD_CELLS", -1)
    monkeypatch.setattr(sheetscan, "_MAX_CELL_BYTES", max(200, size))
    wide = "".join(f'<c r="A9"><v>{number}</v></c>' for number in range(99))
    rows = f'{ROWS}<row r="9">{wide}</row><row r="10"/>'

    assert scan(cut(sheet(rows), size), "a part", ROOMY, 1).cells == 5 + 99
    with pytest.raises(FileRefused, match="in an unusual way"):
        scan(cut(sheet(f"<!---->{rows}"), size), "a part", ROOMY, 1)


def test_a_sheet_whose_rows_begin_late_is_left_to_the_parser_which_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheetscan, "_MAX_HEAD_BYTES", 60)

    text = sheet(ROWS, before="<sheetViews>" + "<a/>" * 99 + "</sheetViews>")

    assert facts(scan(cut(text, 30), "a part", ROOMY, 1)) == (2, 3, 2, 5)


@pytest.mark.parametrize(
    ("encoding", "declared"), [("utf-8", "utf-8"), ("utf-8", "UTF-8"), ("latin-1", "iso-8859-1")]
)
def test_a_sheet_is_read_in_the_alphabet_that_it_declares(encoding: str, declared: str) -> None:
    rows = ROWS.replace("<v>1</v>", "<v>\u00f1</v>")
    text = sheet(rows).replace("UTF-8", declared)

    for quoted in (text, text.replace('"', "'", 6)):
        assert facts(scan(cut(quoted.encode(encoding), 60), "a part", ROOMY, 1)) == (2, 3, 2, 5)


def test_bytes_of_another_alphabet_than_the_declared_one_are_refused() -> None:
    text = sheet(ROWS.replace("<v>1</v>", "<v>\u00f1</v>")).encode("latin-1")

    for size in (1, 60, 1 << 18):
        code, reason = refusal(text, size=size)
        assert (code, "its part a part is not UTF-8" in reason) == ("corrupt", True)


@pytest.mark.parametrize("entity", ["&lt;", "&amp;", "&#9;", "&#1114111;", "&#x10FFFF;", "&apos;"])
def test_entities_that_xml_knows_are_read(entity: str) -> None:
    text = sheet(ROWS.replace("<v>1</v>", f"<v>{entity}</v>"))

    assert facts(scan(cut(text, 60), "a part", ROOMY, 1)) == (2, 3, 2, 5)


@pytest.mark.parametrize("entity", ["&nbsp;", "&", "&#x;", "&#12345678;", "&LT;", "&lt"])
@pytest.mark.parametrize("odd", ["", "<!---->"])
def test_entities_that_xml_does_not_know_are_refused(entity: str, odd: str) -> None:
    text = sheet(odd + ROWS.replace("<v>1</v>", f"<v>{entity}</v>"))

    assert refusal(text)[0] == "corrupt"


@pytest.mark.parametrize("size", [1, 60, 1 << 18])
@pytest.mark.parametrize("rows", [ROWS, ROWS[:-20], ROWS[:90], "", f"<!---->{ROWS[:90]}"])
def test_a_sheet_that_breaks_off_among_its_rows_is_damaged(rows: str, size: int) -> None:
    text = sheet("").partition("</sheetData>")[0] + rows

    assert refusal(text, size=size)[0] == "corrupt"


@pytest.mark.parametrize("rows", ["", "\n"])
def test_a_sheet_without_a_row_reaches_nowhere(rows: str) -> None:
    for text in (sheet(rows), sheet("").replace("<sheetData></sheetData>", "<sheetData />")):
        assert facts(scan(cut(text, 60), "a part", ROOMY, 1)) == (0, 0, 0, 0)


@pytest.mark.parametrize("spelling", ["plain", "odd from the first row", "odd within a row"])
def test_what_stands_behind_the_rows_are_no_cells(spelling: str) -> None:
    behind = '<x><row r="99"><c r="ZZ99"><f>1</f></c></row></x>'

    for size in (1, 60, 1 << 18):
        text = sheet(SPELLINGS[spelling], after=behind)
        assert facts(scan(cut(text, size), "a part", ROOMY, 1)) == (2, 3, 2, 5)


def test_every_chunk_is_taken_so_that_the_checksum_is_compared() -> None:
    for rows in (ROWS, f"<!---->{ROWS}", ""):
        chunks = cut(sheet(rows, after="<x/>" * 99), 60)
        scan(chunks, "a part", ROOMY, 1)

        assert list(chunks) == []
    nothing = cut(sheet("").replace("<sheetData></sheetData>", "<sheetData/>" + " " * 999), 60)
    scan(nothing, "a part", ROOMY, 1)
    assert list(nothing) == []


@pytest.mark.parametrize("size", [1, 60, 1 << 18])
@pytest.mark.parametrize(
    ("cell", "good"),
    [
        ('<c r="C5"><f>1</f><v>1</v></c>', True),
        ('<c r="C5" t="str"><f>1</f><v/></c>', True),
        ('<c r="C5" t="str"><f>1</f><v></v></c>', True),
        ('<c r="C5"><f t="shared" si="0"/><v>1</v></c>', True),
        ('<c r="C5"><v>1</v></c>', True),
        ('<c r="C5" t="str"><f>1</f></c>', False),
        ('<c r="C5" t="s"><f>1</f><v/></c>', False),
        ('<c r="C5"><f>1</f><v></v></c>', False),
        ('<c r="C5"><f a="1">1</f> </c>', False),
        ('<c r="C5"><f/></c>', False),
    ],
)
@pytest.mark.parametrize("odd", ["", "<!---->"])
def test_a_formula_needs_a_stored_value_in_either_way_of_reading(
    odd: str, cell: str, good: bool, size: int
) -> None:
    before = '<c r="A5"><v>1</v></c><c r="B5"><f>1</f><v>1</v></c>'
    after = '<c r="D5"><v>1</v></c><c r="E5"><v>1</v></c>'
    text = sheet(f'<row r="5">{before}{odd}{cell}{after}</row>')

    if good:
        assert facts(scan(cut(text, size), "a part", ROOMY, 1)) == (1, 5, 5, 5)
    else:
        code, reason = refusal(text, size=size)
        assert code == "formula_without_value"
        assert reason.startswith("Cell C5 holds a formula without a stored value")
