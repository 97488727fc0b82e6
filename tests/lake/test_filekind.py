"""What a file is called by its content, where it is no workbook."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake import filekind
from lake.errors import FileRefused

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
EXCEL = "open it in Excel and save it as .xlsx"


def refusal(folder: Path, body: bytes) -> tuple[str, str]:
    path = folder / "upload"
    path.write_bytes(body)
    with pytest.raises(FileRefused) as refused:
        filekind.require_zip(path, len(body))
    return refused.value.code, refused.value.reason


def test_a_zip_is_let_in_and_an_empty_file_is_not(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"PK\x03\x04rest")
    filekind.require_zip(path, 8)

    assert refusal(tmp_path, b"") == (
        "empty_file",
        "The file is empty (0 bytes): upload it again",
    )


@pytest.mark.parametrize(
    ("streams", "code", "words"),
    [
        (("Workbook", "EncryptedPackage"), "encrypted", "is protected by a password"),
        (("WordDocument", "Workbook"), "not_a_workbook", "but an old Word file"),
        (("Workbook",), "old_excel", "an old Excel 97 file (.xls)"),
        (("Book",), "old_excel", "an old Excel 97 file (.xls)"),
        (("PowerPoint Document",), "not_a_workbook", "but an old Office file"),
    ],
)
@pytest.mark.parametrize("size", [50, 1 << 20])
def test_an_old_container_is_called_by_its_streams_wherever_they_are_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    streams: tuple[str, ...],
    code: str,
    words: str,
) -> None:
    """In a file of two chunks a name may begin in the one and end in the other."""
    monkeypatch.setattr(filekind, "_CHUNK_BYTES", size)
    names = b"".join(name.encode("utf-16-le") for name in streams)
    for before in range(40, 52):
        found, reason = refusal(tmp_path, OLE + bytes(before - len(OLE)) + names + bytes(200))

        assert (found, words in reason) == (code, True)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7", "a PDF document"),
        (b"\x89PNG\r\n", "a PNG picture"),
        (b"\xff\xd8\xff\xe0", "a JPEG picture"),
        (b"GIF89a", "a GIF picture"),
        (b"\x1f\x8b\x08", "a gzip archive: unpack it and upload the workbook"),
        (b"7z\xbc\xaf\x27\x1c\x00", "a 7-Zip archive: unpack it and upload the workbook"),
        (b"Rar!\x1a", "a RAR archive: unpack it and upload the workbook"),
        (b"PAR1\x15", "a Parquet file"),
        (b"SQLite format 3\x00", "a SQLite database"),
        (b"{\\rtf1", "an RTF document"),
        (bytes(9), "a run of zero bytes: the upload was cut, upload it again"),
        (b" <!DOCTYPE HTML>", "a web page: perhaps the page of an error or of a login was saved"),
        (b"<html lang='es'>", "a web page: perhaps the page of an error or of a login was saved"),
        (b"\xef\xbb\xbf<a/>", "an XML text"),
        (b'<?mso-application progid="Excel.Sheet"?>', f"an Excel 2003 XML sheet: {EXCEL}"),
        (b"[1]", "a JSON text"),
        (b'{"a": 1}', "a JSON text"),
        (b"a;b\n1;2", f"a text of separated values (CSV): {EXCEL}"),
        (b"a\tb", f"a text of separated values (CSV): {EXCEL}"),
        (b"a,b", f"a text of separated values (CSV): {EXCEL}"),
        (b"a line\nand, later, commas", "a plain text"),
        (b" \r\n", "a plain text"),
        ("l\u00ednea".encode("cp1252"), "a plain text"),
        (b"\x81\x8d\x8f", "a binary file of an unknown kind"),  # no character of either alphabet
        (b"\xe2\x81", "a binary file of an unknown kind"),  # it ends inside of a character
        (b"a" * 99 + b"\x01", "a plain text"),
        (b"a" * 98 + b"\x01\x01", "a binary file of an unknown kind"),
        (b"a" * 4093 + "\u20ac".encode(), "a plain text"),
        # Cut inside its last character; no alphabet of single bytes has all of these.
        (("a" + "\u00c1" * 2048).encode()[:4096], "a plain text"),
    ],
)
def test_the_beginning_of_a_file_says_what_it_is(head: bytes, kind: str) -> None:
    assert filekind.guess(head) == kind


def test_no_more_than_the_beginning_is_looked_at(tmp_path: Path) -> None:
    head = b"a line" + b" " * 4090

    assert len(head) == 4096
    assert refusal(tmp_path, head + b"\x00" * 9000) == (
        "not_a_workbook",
        "This is not an .xlsx workbook but a plain text",
    )
