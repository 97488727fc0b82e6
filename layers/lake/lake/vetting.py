"""A first look at an upload, by what its source declares its files to be."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Final

from lake.catalog import JSON, PARQUET, WORKBOOK, Source
from lake.errors import FileRefused
from lake.filekind import guess, require_content
from lake.prescan import prescan, require_size

_CHUNK: Final = 1 << 18
_LONGEST_NAME: Final = 256
_PARQUET: Final = b"PAR1"
_ENCRYPTED_PARQUET: Final = b"PARE"
_TAIL: Final = 8  # the length of the footer in four bytes, and the magic
_MAX_FOOTER: Final = 16 << 20


def vet(path: Path, source: Source) -> None:
    """Nothing, or FileRefused with the reason; bounded, and by the standard library only."""
    require_size(path.stat().st_size, source.format)
    _LOOKS[source.format.type](path, source)


def _workbook(path: Path, source: Source) -> None:
    prescan(path, source)


def _json(path: Path, source: Source) -> None:
    """Text that opens and closes as JSON does and names what is required; jobs read the rest."""
    require_content(path.stat().st_size)
    wanted = {f'"{name.rpartition(".")[2]}"'.encode(): name for name in source.requires}
    with path.open("rb") as file:
        head = file.read(_CHUNK)
        if not head.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"[")):
            raise FileRefused("not_json", f"This is not a JSON text but {guess(head)}")
        last, tail = b"", b""
        for chunk in chain([head], iter(lambda: file.read(_CHUNK), b"")):
            seen = tail + chunk
            wanted = {spelt: name for spelt, name in wanted.items() if spelt not in seen}
            last, tail = chunk.rstrip()[-1:] or last, seen[-_LONGEST_NAME:]
    if last not in (b"}", b"]"):
        raise FileRefused("truncated", "The JSON text breaks off: upload it again")
    if wanted:
        names = ", ".join(f"'{name}'" for name in wanted.values())
        raise FileRefused("column_missing", f"Nothing in the file is called {names}")


def _parquet(path: Path, source: Source) -> None:
    """The magic at both ends, and the required names in a footer that the file can hold."""
    size = path.stat().st_size
    require_content(size)
    with path.open("rb") as file:
        head = file.read(_CHUNK)
        file.seek(-min(size, _TAIL), 2)
        end = file.read()
        if head.startswith(_ENCRYPTED_PARQUET):
            raise FileRefused("encrypted", "The Parquet file is encrypted: save it in the clear")
        if not head.startswith(_PARQUET):
            raise FileRefused("not_parquet", f"This is not a Parquet file but {guess(head)}")
        if not end.endswith(_PARQUET):
            raise FileRefused("truncated", "The Parquet file breaks off: upload it again")
        length = int.from_bytes(end[:4], "little")
        if not 0 < length <= min(size - _TAIL - len(_PARQUET), _MAX_FOOTER):
            raise FileRefused("corrupt", "The Parquet file's table of contents is broken")
        file.seek(-(_TAIL + length), 2)
        footer = file.read(length)
    missing = [name for name in source.requires if name.partition(".")[0].encode() not in footer]
    if missing:
        names = ", ".join(f"'{name}'" for name in missing)
        raise FileRefused("column_missing", f"The Parquet file has no column {names}")


_LOOKS: Final[Mapping[str, Callable[[Path, Source], None]]] = {
    WORKBOOK: _workbook,
    JSON: _json,
    PARQUET: _parquet,
}
