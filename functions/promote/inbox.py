"""The raw bucket: what landed, fetched once while it is hashed, removed when it has moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from lake.records import iso, receipt_id

_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Landed:
    """One version of one raw key: the bytes of one upload."""

    key: str
    version: str
    size: int
    etag: str
    landed_at: datetime

    @property
    def receipt_id(self) -> str:
        """The name of this upload in the ledger."""
        return receipt_id(self.key, self.version)

    @property
    def received_at(self) -> str:
        """When the bytes landed, as everybody downstream orders them."""
        return iso(self.landed_at)

    @property
    def stand_in_hash(self) -> str:
        """A name for bytes that are too many to be hashed."""
        return sha256(f"{self.key}\n{self.etag}\n{self.size}".encode()).hexdigest()

    @property
    def is_folder(self) -> bool:
        """The empty object that consoles create to show a folder."""
        return self.size == 0 and self.key.endswith("/")


class Inbox:
    """All calls to the raw bucket."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def versions(self, key: str) -> list[Landed]:
        """What lies under exactly this key, oldest first: an event may be late or lost."""
        found = []
        for landed in self._list(Prefix=key):
            if landed.key != key:
                break  # keys come sorted: longer ones that begin alike follow
            found.append(landed)
        found.reverse()  # S3 lists the newest first, and its clock knows whole seconds only
        return sorted(found, key=lambda landed: landed.landed_at)

    def all(self) -> Iterator[Landed]:
        """Everything that lies in raw."""
        return self._list()

    def fetch(self, landed: Landed, path: Path) -> str:
        """Write the bytes to a file while they are hashed; gives the hash."""
        answer = self._s3.get_object(Bucket=self.bucket, Key=landed.key, VersionId=landed.version)
        digest = sha256()
        with answer["Body"] as body, path.open("wb") as file:
            # A body that ends early raises: botocore compares it with its declared length.
            while chunk := body.read(_CHUNK_BYTES):
                digest.update(chunk)
                file.write(chunk)
        return digest.hexdigest()

    def origin(self, landed: Landed) -> dict[str, str]:
        """This very version, as S3's copy takes it."""
        return {"Bucket": self.bucket, "Key": landed.key, "VersionId": landed.version}

    def remove(self, landed: Landed) -> None:
        """Remove this version for good; another version of the key stays."""
        self._s3.delete_object(Bucket=self.bucket, Key=landed.key, VersionId=landed.version)

    def _list(self, **query: str) -> Iterator[Landed]:
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, **query)
        for page in pages:
            for version in page.get("Versions", []):
                yield Landed(
                    key=version["Key"],
                    version=version["VersionId"],
                    size=version["Size"],
                    etag=version["ETag"],
                    landed_at=version["LastModified"],
                )
