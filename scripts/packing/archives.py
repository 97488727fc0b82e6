"""Writing zips and tars whose bytes depend on names and contents alone."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

# The first moment that a zip can hold; any fixed one would do.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
TAR_TIME = 315532800
UNIX = 3

# Name inside the archive -> content.
Contents = Mapping[str, bytes]


def zip_bytes(contents: Contents) -> bytes:
    """A zip of the contents, sorted by name; everybody may read (Lambda's user is not ours)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.create_system = UNIX
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, contents[name])
    return buffer.getvalue()


def tar_gz_bytes(contents: Contents) -> bytes:
    """A tar.gz of the contents, sorted by name, with the folders that they need."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for folder in folders_of(contents):
            archive.addfile(_tar_entry(folder, tarfile.DIRTYPE, 0o755))
        for name in sorted(contents):
            entry = _tar_entry(name, tarfile.REGTYPE, 0o755 if ".so" in name else 0o644)
            entry.size = len(contents[name])
            archive.addfile(entry, io.BytesIO(contents[name]))
    return buffer.getvalue()


def folders_of(contents: Contents) -> list[str]:
    """Every folder above a file, parents first."""
    found: set[str] = set()
    for name in contents:
        parts = name.split("/")[:-1]
        found.update("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return sorted(found)


def replace(path: Path, content: bytes) -> bool:
    """Writes a file in one step, and only when it changes: its time tells others that it is new."""
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)
    return True


def _tar_entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime = kind, mode, TAR_TIME
    return entry
