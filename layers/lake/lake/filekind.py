"""What a file is, by its content: its name proves nothing."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from lake.errors import FileRefused

ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD_BYTES: Final = 4096
_CHUNK_BYTES: Final = 1 << 20

_SAVE_AS: Final = "open it in Excel and save it as .xlsx"

# The first bytes of what people upload by mistake, and what it is called.
_MAGIC: Final = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x1f\x8b", "a gzip archive: unpack it and upload the workbook"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it and upload the workbook"),
    (b"Rar!", "a RAR archive: unpack it and upload the workbook"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "a SQLite database"),
    (b"{\\rtf", "an RTF document"),
)


def require_zip(path: Path, size: int) -> None:
    """Nothing, or the refusal that says what this file is instead of an .xlsx workbook."""
    require_content(size)
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(ZIP):
        return
    if head.startswith(_OLE):
        raise _ole_refusal(path)
    raise FileRefused("not_a_workbook", f"This is not an .xlsx workbook but {guess(head)}")


def require_content(size: int) -> None:
    """Nothing, or the refusal of a file that holds nothing."""
    if size == 0:
        raise FileRefused("empty_file", "The file is empty (0 bytes): upload it again")


def _ole_refusal(path: Path) -> FileRefused:
    """An encrypted .xlsx and an old .xls share one container: its stream names tell them apart."""
    if _holds(path, "EncryptedPackage".encode("utf-16-le")):
        return FileRefused(
            "encrypted",
            "The workbook is protected by a password: save a copy without a password"
            " (File, Info, Protect Workbook) and upload that",
        )
    if _holds(path, "WordDocument".encode("utf-16-le")):
        return FileRefused("not_a_workbook", "This is not an .xlsx workbook but an old Word file")
    if _holds(path, "Workbook".encode("utf-16-le")) or _holds(path, "Book".encode("utf-16-le")):
        return FileRefused(
            "old_excel", f"This is an old Excel 97 file (.xls), whatever its name says: {_SAVE_AS}"
        )
    return FileRefused("not_a_workbook", "This is not an .xlsx workbook but an old Office file")


def _holds(path: Path, needle: bytes) -> bool:
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(_CHUNK_BYTES):
            if needle in tail + chunk:
                return True
            tail = chunk[-len(needle) :]
    return False


def guess(head: bytes) -> str:
    """What the beginning of a file looks like, in words."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if not head.strip(b"\x00"):
        return "a run of zero bytes: the upload was cut, upload it again"
    text = _as_text(head)
    if text is None:
        return "a binary file of an unknown kind"
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html")):
        return "a web page: perhaps the page of an error or of a login was saved"
    if start.startswith("<"):
        spreadsheet = 'progid="excel.sheet"' in start
        return f"an Excel 2003 XML sheet: {_SAVE_AS}" if spreadsheet else "an XML text"
    if start.startswith(("{", "[")):
        return "a JSON text"
    first = start.splitlines()[0] if start else ""
    if any(mark in first for mark in (",", ";", "\t")):
        return f"a text of separated values (CSV): {_SAVE_AS}"
    return "a plain text"


def _as_text(head: bytes) -> str | None:
    for encoding in ("utf-8", "cp1252"):
        try:
            # A multi-byte character may be cut at the end of what was read.
            text = codecs.getincrementaldecoder(encoding)().decode(head, len(head) < _HEAD_BYTES)
        except UnicodeDecodeError:
            continue
        odd = sum(not (char.isprintable() or char in "\r\n\t\ufeff") for char in text)
        return text if odd <= len(text) // 100 else None
    return None
