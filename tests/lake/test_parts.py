"""The parts of a workbook beside its rows: addresses, tabs, the header, texts that cells share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from lake import parts, safexml, sharedtexts
from lake.archive import Archive, Limits
from lake.errors import FileRefused
from lake.safexml import SafeParser
from tests.factories import raw_workbook, sheet, zipped

SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"


@contextmanager
def opened(folder: Path, body: bytes) -> Iterator[Archive]:
    path = folder / "upload"
    path.write_bytes(body)
    with Archive(path, len(body), Limits()) as archive:
        yield archive


def code_of(refused: pytest.ExceptionInfo[FileRefused]) -> str:
    return refused.value.code


# Addresses


@pytest.mark.parametrize(
    ("letters", "number"),
    [("A", 1), ("Z", 26), ("AA", 27), ("AZ", 52), ("BA", 53), ("ZZ", 702), ("XFD", 16_384)],
)
def test_columns_are_counted_as_excel_counts_them(letters: str, number: int) -> None:
    assert parts.column_number(letters) == number
    assert parts.column_letters(number) == letters


@pytest.mark.parametrize(
    ("reference", "place"),
    [
        ("A1", (1, 1)),
        ("C7", (3, 7)),
        ("XFD1048576", (16_384, 1_048_576)),
        ("A999999999", (1, 999_999_999)),
    ],
)
def test_a_cells_address_is_its_column_and_its_row(reference: str, place: tuple[int, int]) -> None:
    assert parts.split_reference(reference) == place


@pytest.mark.parametrize(
    "reference",
    ["7", "A", "AAAA1", "a1", "x1", "A1B", "A-1", "A1000000000", "A\u0661", "A\u00b2", "\u00d11"],
)
def test_what_is_no_address_is_refused(reference: str) -> None:
    with pytest.raises(FileRefused, match=f"a cell calls itself '{reference}'") as refused:
        parts.split_reference(reference)
    assert code_of(refused) == "corrupt"


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ({"r": "7"}, 7),
        ({"r": "999999999"}, 999_999_999),
        ({}, 3),
        ({"r": ""}, 3),
        ({"r": "1000000000"}, 3),
        ({"r": "x"}, 3),
        ({"r": "\u00b2"}, 3),
        ({"r": "\u0661"}, 3),
    ],
)
def test_a_row_has_its_own_number_or_the_next(given: Mapping[str, str], number: int) -> None:
    assert parts.row_number(dict(given), 2) == number


# Tabs


@pytest.mark.parametrize(
    ("target", "part"),
    [
        ("worksheets/sheet7.xml", "xl/worksheets/sheet7.xml"),
        ("/xl/worksheets/sheet7.xml", "xl/worksheets/sheet7.xml"),
        ("worksheets\\\\sheet7.xml", "xl/worksheets/sheet7.xml"),
        ("../xl/./worksheets/sheet7.xml", "xl/worksheets/sheet7.xml"),
    ],
)
def test_a_tab_leads_to_its_part_however_the_way_is_spelt(
    tmp_path: Path, target: str, part: str
) -> None:
    target = target.replace("\\\\", "\\")
    body = zipped(
        {
            "xl/workbook.xml": '<workbook xmlns:q="q"><sheets><sheet name="One" q:id="r2"/>'
            '<sheet name="Two" q:id="r1"/><sheet name="Lost" q:id="r9"/><sheet name="None"/>'
            "</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<R><Relationship Id="r1" Target="{target}"/>'
            '<Relationship Id="r2" Target="worksheets/first.xml"/></R>',
        }
    )

    with opened(tmp_path, body) as archive:
        tabs = parts.sheets(archive)

    assert list(tabs.items()) == [
        ("One", "xl/worksheets/first.xml"),
        ("Two", part),
        ("Lost", ""),
        ("None", ""),
    ]


# The header


def header(folder: Path, rows: str, row: int = 1, columns: int = 3) -> dict[int, tuple[str, str]]:
    with opened(folder, raw_workbook(sheet(rows))) as archive:
        return parts.row_cells(archive, SHEET, row, columns)


def test_a_header_is_read_in_every_spelling_of_its_cells(tmp_path: Path) -> None:
    rows = (
        '<row><c r="A1"><v>title</v></c></row>'
        '<row><c><v>1</v></c><c/><c t="s"><f>A1</f><v>2</v></c></row>'
        "<row><c><v>below</v></c></row>"
    )
    inline = (
        '<row r="4"><c r="B4" t="inlineStr"><is><r><t>Li</t></r>'
        '<rPh sb="0" eb="1"><t>ka</t><t>na</t></rPh>'
        "<r><t>ne</t></r></is></c><c><v>next</v></c></row>"
    )

    assert header(tmp_path, rows, row=2) == {1: ("n", "1"), 3: ("s", "2")}
    assert header(tmp_path, inline, row=4) == {2: ("inlineStr", "Line"), 3: ("n", "next")}


def test_nothing_behind_the_header_is_read(tmp_path: Path) -> None:
    """A header that stands nowhere ends at the first row below its place."""
    wanted = '<row r="2"><c r="A2"><v>1</v></c></row>'
    broken = '<row r="3"><c r="AAAA3"><v>1</v></c></row>'

    assert header(tmp_path, wanted + broken, row=2) == {1: ("n", "1")}
    assert header(tmp_path, broken, row=2) == {}
    again = wanted.replace("A2", "B2")  # a second row of that number
    assert header(tmp_path, wanted + again, row=2) == {1: ("n", "1")}
    with pytest.raises(FileRefused, match="AAAA3"):
        header(tmp_path, broken, row=3)
    with opened(tmp_path, raw_workbook(sheet(wanted, after="<c></oops>"))) as archive:
        assert parts.row_cells(archive, SHEET, 5, 3) == {}


def test_a_header_reaches_as_far_as_columns_are_taken(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="C1"><v>c</v></c><c r="D1"/><c r="E1"><v></v></c></row>'
    assert header(tmp_path, rows) == {3: ("n", "c")}

    with pytest.raises(FileRefused, match="The header reaches column C: more than 2") as refused:
        header(tmp_path, rows, columns=2)

    assert code_of(refused) == "too_many_columns"


def test_a_header_of_more_text_than_a_header_can_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = '<row r="1"><c r="A1"><v>abc</v></c><c r="B1"><v>defg</v></c></row>'
    monkeypatch.setattr(parts, "_MAX_HEADER_CHARS", 7)
    assert header(tmp_path, rows) == {1: ("n", "abc"), 2: ("n", "defg")}

    monkeypatch.setattr(parts, "_MAX_HEADER_CHARS", 6)
    with pytest.raises(FileRefused, match="more text than a header can") as refused:
        header(tmp_path, rows)
    assert code_of(refused) == "no_header"


# Texts that cells share


def shared(folder: Path, texts: str | None, wanted: set[int], most: int = 9) -> dict[int, str]:
    with opened(folder, raw_workbook(sheet(""), shared=texts)) as archive:
        return sharedtexts.shared_texts(archive, wanted, most)


THREE = {
    "plain": "<si><t>zero</t></si><si><t>one</t></si><si><t>two</t></si>",
    "a comment": "<si><t>zero</t></si><!-- <si></si> --><si><t>one</t></si><si><t>two</t></si>",
    "an empty one": "<si><t>zero</t></si><si><t>one</t></si><si><t>two</t></si><si/>",
    "a blank in its end": "<si><t>zero</t></si ><si><t>one</t></si\n><si><t>two</t></si>",
    "an attribute": "<si a='1'><t>zero</t></si><si a='1'><t>one</t></si><si><t>two</t></si>",
    "a quoted section": "<si><t><![CDATA[zero]]></t></si><si><t>one</t></si><si><t>two</t></si>",
    "a hint": "<si><t>zero</t><rPh><t>ka</t><t>na</t></rPh></si>"
    "<si><t>one</t></si><si><t>two</t></si>",
    "a hint and a comment": "<!----><si><t>ze</t><rPh><t>ka</t><t>na</t></rPh><t>ro</t></si>"
    "<si><t>one</t></si><si><t>two</t></si>",
}


@pytest.mark.parametrize("size", [1, 7, 1 << 18])
@pytest.mark.parametrize("spelling", THREE)
def test_shared_texts_have_one_number_in_every_spelling_and_however_they_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str, size: int
) -> None:
    monkeypatch.setattr("lake.archive.CHUNK_BYTES", size)

    assert shared(tmp_path, THREE[spelling], {0, 2}) == {0: "zero", 2: "two"}
    assert shared(tmp_path, THREE[spelling], {1}) == {1: "one"}
    assert shared(tmp_path, THREE[spelling], {7}) == {}
    assert shared(tmp_path, THREE[spelling], set()) == {}


@pytest.mark.parametrize("size", [1, 7, 1 << 18])
@pytest.mark.parametrize("empty", ["<si/>", "<si />", "<si></si>", "<si><t/></si>", "<si a='1'/>"])
def test_an_empty_text_has_a_number_however_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: str, size: int
) -> None:
    """Many writers leave a blank in it."""
    monkeypatch.setattr("lake.archive.CHUNK_BYTES", size)
    texts = f"<si><t>zero</t></si>{empty}<si><t>two</t></si>{empty}{empty}<si><t>five</t></si>"

    assert shared(tmp_path, texts, {0, 1, 2, 5}) == {0: "zero", 1: "", 2: "two", 5: "five"}
    assert shared(tmp_path, texts, {1}) == {1: ""}
    assert shared(tmp_path, texts, {2}) == {2: "two"}
    assert shared(tmp_path, empty + texts, {1, 6}) == {1: "zero", 6: "five"}


@pytest.mark.parametrize("size", [1, 7, 1 << 18])
def test_no_parser_is_asked_of_plain_texts_however_they_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("lake.archive.CHUNK_BYTES", size)
    monkeypatch.setattr(sharedtexts, "_MAX_ODD_TEXTS", 0)
    monkeypatch.setattr(sharedtexts, "_MAX_TEXT_BYTES", max(size, 150))

    assert shared(tmp_path, THREE["plain"], {0, 2}) == {0: "zero", 2: "two"}
    assert shared(tmp_path, THREE["a hint"], {0, 1}) == {0: "zero", 1: "one"}
    with pytest.raises(FileRefused, match="more than 0 texts"):
        shared(tmp_path, THREE["a comment"], {0})


def test_the_only_text_may_have_a_prefix(tmp_path: Path) -> None:
    """A search for the plain spelling counts no text at all here."""
    body = zipped({"xl/workbook.xml": "", TEXTS: "<x:sst><x:si><x:t>a</x:t></x:si></x:sst>"})

    with opened(tmp_path, body) as archive:
        assert sharedtexts.shared_texts(archive, {0}, 9) == {0: "a"}


def test_without_shared_texts_there_are_none(tmp_path: Path) -> None:
    assert shared(tmp_path, None, {0}) == {}


@pytest.mark.parametrize("spelling", ["plain", "a comment"])
def test_as_many_shared_texts_as_are_taken_are_read_and_one_more_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    monkeypatch.setattr(sharedtexts, "_MAX_ODD_TEXTS", 3)
    assert shared(tmp_path, THREE[spelling], {2}, most=3) == {2: "two"}

    monkeypatch.setattr(sharedtexts, "_MAX_ODD_TEXTS", 2)
    with pytest.raises(FileRefused, match="more than 2 texts") as refused:
        shared(tmp_path, THREE[spelling], {0}, most=2)
    assert code_of(refused) == "too_much_inside"


def test_a_text_of_many_bytes_is_left_to_the_parser_which_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharedtexts, "_MAX_TEXT_BYTES", 40)

    assert shared(tmp_path, THREE["plain"], {0, 2}) == {0: "zero", 2: "two"}


# XML


def parse(*chunks: bytes) -> list[str]:
    seen: list[str] = []
    SafeParser("a part", lambda name, _: seen.append(name), seen.append).feed_all(chunks)
    return seen


NOBODYS = (b'<?xml version="1.0" encoding="nobodys"?><a/>',)
MANY_BYTES = (
    b'<?xml version="1.0" encoding="gb2312"?><a/>',
)  # expat knows alphabets of single bytes


def test_elements_come_without_their_prefix_and_end_as_they_began() -> None:
    assert parse(b'<x:a xmlns:x="x"><b', b"/></x:a>") == ["a", "b", "b", "a"]


@pytest.mark.parametrize(
    "chunks", [(b"<a>",), (b"<a></b>",), (b"",), (b"\xff<a/>",), NOBODYS, MANY_BYTES]
)
def test_xml_that_breaks_off_or_is_none_is_damaged(chunks: tuple[bytes, ...]) -> None:
    with pytest.raises(FileRefused, match="a part is not readable XML") as refused:
        parse(*chunks)
    assert code_of(refused) == "corrupt"


@pytest.mark.parametrize(
    ("limit", "most", "chunks", "code", "words"),
    [
        ("_MAX_DEPTH", 2, (b"<a><b/><b/></a>",), "corrupt", "nested too deeply"),
        ("_MAX_DEPTH", 3, (b"<a><b/><b/><b><c/></b></a>",), "corrupt", "nested too deeply"),
        ("_MAX_ELEMENTS", 3, (b"<a><b/><b/></a>",), "too_much_inside", "very large or written"),
        ("_MAX_TAG_BYTES", 8, (b"<a ", b'b="12"', b"/>"), "corrupt", "does not end"),
    ],
)
def test_as_much_xml_as_a_bound_is_read_and_one_more_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    most: int,
    chunks: tuple[bytes, ...],
    code: str,
    words: str,
) -> None:
    monkeypatch.setattr(safexml, limit, most + (limit == "_MAX_TAG_BYTES"))
    assert parse(*chunks)[0] == "a"

    monkeypatch.setattr(safexml, limit, most - (limit != "_MAX_TAG_BYTES"))
    with pytest.raises(FileRefused, match=words) as refused:
        parse(*chunks)
    assert code_of(refused) == code


def test_a_part_of_ever_new_names_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Expat keeps each name, of elements and of attributes, as long as it lives."""
    names = b"".join(b"<n%d/>" % number for number in range(50))
    assert len(parse(b"<a>", names, b"</a>")) == 102

    monkeypatch.setattr(safexml, "_MAX_NAMES", 40)
    with pytest.raises(FileRefused, match="too many different names"):
        parse(b"<a>", names, b"</a>")
