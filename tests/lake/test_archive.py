"""A zip container believes nothing that it says about itself, and holds exactly its limits."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_STORED, ZipFile

import pytest

from lake import archive
from lake.archive import Archive, Limits
from lake.errors import FileRefused
from tests.factories import zipped

ENTRY = b"PK\x01\x02"
END = b"PK\x05\x06"
PARTS = {"a.xml": b"a" * 100, "b.xml": b"b" * 100, "c.xml": b"c" * 100}


def opened(folder: Path, body: bytes, limits: Limits | None = None) -> Archive:
    path = folder / "upload"
    path.write_bytes(body)
    return Archive(path, len(body), limits or Limits())


def read(folder: Path, body: bytes, limits: Limits | None = None) -> dict[str, bytes]:
    with opened(folder, body, limits) as parts:
        return {name: b"".join(parts.stream(name)) for name in parts.names()}


def refusal(folder: Path, body: bytes, limits: Limits | None = None) -> tuple[str, str]:
    with pytest.raises(FileRefused) as refused:
        read(folder, body, limits)
    return refused.value.code, refused.value.reason


def entries(body: bytes) -> list[int]:
    """Where each entry of the table of contents begins."""
    places, at = [], body.find(ENTRY)
    while at >= 0:
        places.append(at)
        at = body.find(ENTRY, at + 1)
    return places


@pytest.mark.parametrize("into", [0, 20, 129])
def test_fault_12_two_parts_of_the_same_bytes_are_a_bomb(tmp_path: Path, into: int) -> None:
    """Many entries that point at one run of bytes, or into it, unpack it many times over."""
    body = bytearray(zipped(PARTS, ZIP_STORED))
    first, second, _ = entries(bytes(body))
    (start,) = struct.unpack_from("<I", body, first + 42)
    struct.pack_into("<I", body, second + 42, start + into)

    assert refusal(tmp_path, bytes(body)) == (
        "too_much_inside",
        "The file holds more than a workbook should: its parts overlap",
    )


def test_parts_that_lie_one_behind_the_other_are_no_bomb(tmp_path: Path) -> None:
    with opened(tmp_path, zipped(PARTS, ZIP_STORED)) as parts:
        assert {name: b"".join(parts.stream(name)) for name in parts.names()} == PARTS
        assert parts.inflated == 300


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(entries=2), "it holds more than 2 parts"),
        (Limits(inflated_bytes=299), "it unpacks to more than 0 MB"),
    ],
)
def test_one_more_than_a_limit_is_refused(tmp_path: Path, limits: Limits, words: str) -> None:
    code, reason = refusal(tmp_path, zipped(PARTS), limits)

    assert (code, reason.partition(": ")[2]) == ("too_much_inside", words)


@pytest.mark.parametrize("limits", [Limits(entries=3), Limits(inflated_bytes=300)])
def test_as_much_as_a_limit_is_let_in(tmp_path: Path, limits: Limits) -> None:
    assert read(tmp_path, zipped(PARTS), limits) == PARTS


def test_a_part_that_is_read_whole_is_as_large_as_its_limit(tmp_path: Path) -> None:
    with opened(tmp_path, zipped(PARTS), Limits(part_bytes=100)) as parts:
        assert parts.small("A.XML") == PARTS["a.xml"]
    with (
        opened(tmp_path, zipped(PARTS), Limits(part_bytes=99)) as parts,
        pytest.raises(FileRefused, match=r"its part a\.xml is larger than 0 MB"),
    ):
        parts.small("a.xml")


def test_a_ratio_counts_from_a_size_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small sheet of one letter may well shrink two hundredfold."""
    body = zipped({"a.xml": b"x" * 100_000})
    most = Limits(ratio=100_000 // len(body))
    monkeypatch.setattr(archive, "_RATIO_FROM_BYTES", 99_999)
    code, reason = refusal(tmp_path, body, most)
    assert reason.endswith(f"it unpacks to more than {most.ratio} times its size")
    assert code == "too_much_inside"

    monkeypatch.setattr(archive, "_RATIO_FROM_BYTES", 100_000)
    with opened(tmp_path, body, most) as parts:
        assert len(parts.small("a.xml")) == 100_000


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"xl/A.xml": b"1", "XL/a.XML": b"2"}, "it holds two parts of one name"),
        ({"xl/a.xml": b"1", "xl\\a.xml": b"2"}, "it holds two parts of one name"),
    ],
)
def test_two_names_that_readers_take_for_one_are_refused(
    tmp_path: Path, parts: Mapping[str, bytes], words: str
) -> None:
    code, reason = refusal(tmp_path, zipped(parts))

    assert (code, words in reason) == ("corrupt", True)


def test_a_method_that_no_workbook_uses_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.zip"
    with ZipFile(path, "w", ZIP_BZIP2) as odd:
        odd.writestr("a.xml", b"a" * 100)

    code, reason = refusal(tmp_path, path.read_bytes())

    assert (code, "a method that workbooks do not use" in reason) == ("corrupt", True)


@pytest.mark.parametrize("many", [3, 2_001])
def test_the_count_of_a_zip64_is_the_one_that_counts(tmp_path: Path, many: int) -> None:
    """Its ordinary end may say anything: the long one beside it is what readers follow."""
    body = zipped(PARTS)
    at = body.rindex(END)
    size, offset = struct.unpack_from("<II", body, at + 12)
    long = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, many, many, size, offset)
    where = struct.pack("<4sIQI", b"PK\6\7", 0, at, 1)
    end = struct.pack("<4s4H2IH", END, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)

    whole = body[:at] + long + where + end

    if many == 3:
        assert read(tmp_path, whole) == PARTS
    else:
        assert refusal(tmp_path, whole)[1].endswith("it holds more than 2000 parts")


@pytest.mark.parametrize("more", [0, 1])
def test_a_table_of_contents_may_be_as_large_as_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    body = zipped(PARTS)
    (size,) = struct.unpack_from("<I", body, body.rindex(END) + 12)
    monkeypatch.setattr(archive, "_MAX_DIRECTORY_BYTES", size - more)

    if more:
        assert refusal(tmp_path, body)[0] == "too_much_inside"
    else:
        assert read(tmp_path, body) == PARTS


@pytest.mark.parametrize("comment", [0, 65_535])
def test_an_archive_may_end_in_a_comment_as_long_as_there_can_be(
    tmp_path: Path, comment: int
) -> None:
    body = bytearray(zipped(PARTS, ZIP_STORED)) + b"c" * comment
    struct.pack_into("<H", body, body.rindex(END) + 20, comment)

    assert read(tmp_path, bytes(body)) == PARTS
    for cut in (body[: body.rindex(END) + 21], body[: body.rindex(END)], b"PK"):
        assert refusal(tmp_path, bytes(cut))[0] == "truncated"


def test_parts_are_there_by_any_spelling_of_their_name(tmp_path: Path) -> None:
    with opened(tmp_path, zipped({"XL\\A.xml": b"1"})) as parts:
        assert parts.names() == ["xl/a.xml"]
        assert "xl/a.XML" in parts
        assert "a.xml" not in parts
        assert parts.small("Xl/A.xml") == b"1"


def test_one_encrypted_part_is_enough(tmp_path: Path) -> None:
    body = bytearray(zipped(PARTS))
    struct.pack_into("<H", body, entries(bytes(body))[1] + 8, 1)

    code, reason = refusal(tmp_path, bytes(body))

    assert (code, "a zip with a password" in reason) == ("encrypted", True)


def test_what_is_really_inflated_counts_whatever_is_said(tmp_path: Path) -> None:
    """Read twice, a part is inflated twice."""
    with opened(tmp_path, zipped(PARTS), Limits(inflated_bytes=300)) as parts:
        for _ in range(3):
            assert parts.small("a.xml") == PARTS["a.xml"]
        assert parts.inflated == 300
        with pytest.raises(FileRefused, match="it unpacks to more than 0 MB"):
            parts.small("a.xml")


def test_a_part_that_is_not_there_is_said_by_name(tmp_path: Path) -> None:
    with (
        opened(tmp_path, zipped(PARTS)) as parts,
        pytest.raises(FileRefused, match=r"its part none\.xml is missing"),
    ):
        parts.small("none.xml")
