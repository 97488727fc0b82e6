"""A workbook's shared texts: the few that a header names, found among millions.

Texts are numbered by their order. In the plain spelling each ends in `</si>`, so they are
counted by a search for those five bytes and only the wanted ones are parsed. Where the spelling
is odd (a comment, an empty `<si/>`), expat counts them all, within a smaller bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lake.archive import Archive
from lake.errors import FileRefused
from lake.safexml import Attributes, SafeParser

_PART: Final = "xl/sharedStrings.xml"
_MAX_TEXT_BYTES: Final = 4 << 20
_MAX_ODD_TEXTS: Final = 1_000_000


def shared_texts(archive: Archive, wanted: set[int], most: int) -> dict[int, str]:
    """The wanted texts by number; the part is unpacked to its end and all texts are counted."""
    if _PART not in archive:
        return {}
    try:
        return _plain(archive.stream(_PART), wanted, most)
    except _Odd:
        reader = _Texts(wanted, _MAX_ODD_TEXTS)
        SafeParser(_PART, reader.start, reader.end, reader.text).feed_all(archive.stream(_PART))
        return reader.found


class _Odd(Exception):
    """Not spelled as nearly everybody spells it."""


def _plain(chunks: Iterator[bytes], wanted: set[int], most: int) -> dict[int, str]:
    found: dict[int, str] = {}
    seen = 0
    rest = b""
    for chunk in chunks:
        rest += chunk
        if b"<!" in rest or len(rest) > _MAX_TEXT_BYTES:
            raise _Odd
        count = rest.count(b"</si>")
        if not count:
            continue
        end = rest.rfind(b"</si>") + 5
        if rest.count(b"<si", 0, end) != count:
            raise _Odd  # `<si />` or `</si >`: a search would number the texts behind it wrongly
        if any(seen <= number < seen + count for number in wanted):
            texts = rest.split(b"</si>")
            for number in wanted & set(range(seen, seen + count)):
                found[number] = _one(texts[number - seen])
        seen += count
        _require_few(seen, most)
        rest = rest[end:]
    if wanted - found.keys():
        raise _Odd  # the numbers do not fit: a prefix, or texts that are not there
    return found


def _one(before_end: bytes) -> str:
    begin = before_end.rfind(b"<si>")
    if begin < 0:
        raise _Odd
    reader = _Texts({0}, most=1)
    parser = SafeParser(_PART, reader.start, reader.end, reader.text)
    parser.feed(before_end[begin:] + b"</si>", final=True)
    return reader.found.get(0, "")


def _require_few(seen: int, most: int) -> None:
    if seen > most:
        raise FileRefused("too_much_inside", f"The file holds more than {most:,} texts")


class _Texts:
    """Handlers that number the texts and keep the wanted ones, without their phonetic hints."""

    def __init__(self, wanted: set[int], most: int) -> None:
        self.found: dict[int, str] = {}
        self._wanted = wanted
        self._most = most
        self._seen = 0
        self._parts: list[str] | None = None
        self._phonetic = False

    def start(self, name: str, _: Attributes) -> None:
        if name == "si" and self._seen in self._wanted:
            self._parts = []
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        if name == "si":
            if self._parts is not None:
                self.found[self._seen] = "".join(self._parts)
                self._parts = None
            self._seen += 1
            _require_few(self._seen, self._most)
        elif name == "rPh":
            self._phonetic = False

    def text(self, data: str) -> None:
        if self._parts is not None and not self._phonetic:
            self._parts.append(data)
