"""A zip container, read within bounds: nothing that it says about itself is believed."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lake.errors import FileRefused
from lake.safexml import corrupt

CHUNK_BYTES: Final = 1 << 18
_TAIL_BYTES: Final = (1 << 16) + 22
_END: Final = b"PK\x05\x06"
_END64: Final = b"PK\x06\x06"
# Python builds a record of half a kilobyte for each entry before anyone can count them.
_MAX_DIRECTORY_BYTES: Final = 1 << 20
_RATIO_FROM_BYTES: Final = 64 << 20
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OverflowError,
    RuntimeError,  # what zipfile says of parts that are encrypted, patched, or too new for it
    ValueError,  # of names in no encoding, too
    OSError,
)


@dataclass(frozen=True)
class Limits:
    """How much a container may hold; whoever exceeds one is refused, not read."""

    entries: int = 2_000
    inflated_bytes: int = 400 << 20
    ratio: int = 200
    part_bytes: int = 8 << 20


class Archive:
    """The parts of one zip file, by their names as readers of workbooks look them up."""

    def __init__(self, path: Path, size: int, limits: Limits) -> None:
        self._size = size
        self._limits = limits
        self._inflated = 0
        _check_end(path, size, limits)
        # A stream that is left half-read keeps a ZipFile's own file open; ours is closed with us.
        self._file = path.open("rb")
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._parts = self._checked()
        except _BROKEN as error:
            self._file.close()
            raise corrupt("its table of contents makes no sense") from error
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    @property
    def inflated(self) -> int:
        """How many bytes were really inflated so far."""
        return self._inflated

    def names(self) -> list[str]:
        """The names of all parts, in lower case and with forward slashes."""
        return list(self._parts)

    def stream(self, name: str) -> Iterator[bytes]:
        """The bytes of a part, a chunk at a time, to its end and with its checksum verified."""
        info = self._parts.get(name.lower())
        if info is None:
            raise corrupt(f"its part {name} is missing")
        try:
            with self._zip.open(info) as part:
                while chunk := part.read(CHUNK_BYTES):
                    self._inflated += len(chunk)
                    self._check_volume(self._inflated)
                    yield chunk
        except _BROKEN as error:
            raise corrupt(f"its part {name} cannot be unpacked") from error

    def small(self, name: str) -> bytes:
        """A part that is read whole, as long as it is small."""
        data = bytearray()
        for chunk in self.stream(name):
            data += chunk
            if len(data) > self._limits.part_bytes:
                raise _bomb(f"its part {name} is larger than {self._limits.part_bytes >> 20} MB")
        return bytes(data)

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        infos = self._zip.infolist()
        if any(info.flag_bits & 1 for info in infos):
            raise FileRefused(
                "encrypted", "The file is a zip with a password: upload it without a password"
            )
        if any(info.compress_type not in _METHODS for info in infos):
            raise corrupt("it is packed by a method that workbooks do not use")
        parts = {info.filename.replace("\\", "/").lower(): info for info in infos}
        if len(parts) != len(infos):
            raise corrupt("it holds two parts of one name")
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.header_offset < end:
                raise _bomb("its parts overlap")
            end = info.header_offset + 30 + info.compress_size
        self._check_volume(sum(info.file_size for info in infos))
        return parts

    def _check_volume(self, inflated: int) -> None:
        if inflated > self._limits.inflated_bytes:
            raise _bomb(f"it unpacks to more than {self._limits.inflated_bytes >> 20} MB")
        if inflated > _RATIO_FROM_BYTES and inflated > self._limits.ratio * self._size:
            raise _bomb(f"it unpacks to more than {self._limits.ratio} times its size")


def _check_end(path: Path, size: int, limits: Limits) -> None:
    """The zip's end record, read by ourselves: its table of contents must be small."""
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read(_TAIL_BYTES)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise FileRefused(
            "truncated", "The file is cut off (the end of it is missing): upload it again"
        )
    entries, directory = struct.unpack_from("<HI", tail, at + 10)
    if at >= 76 and tail[at - 76 : at - 72] == _END64:
        entries64, directory64 = struct.unpack_from("<QQ", tail, at - 76 + 32)
        # 65,535 says no more than that the long record tells it.
        entries, directory = max(entries % 0xFFFF, entries64), directory64
    if entries > limits.entries or directory > _MAX_DIRECTORY_BYTES:
        raise _bomb(f"it holds more than {limits.entries} parts")


def _bomb(detail: str) -> FileRefused:
    return FileRefused("too_much_inside", f"The file holds more than a workbook should: {detail}")
