"""Objects under keys, in a bucket or in a folder, with the one write that two hands can't both win.

Keys come from `lake.served`; nothing here decides where a thing lies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

_MOST_DELETED: Final = 1000  # S3's own limit a call
# What S3 answers when the object is not the one that the writer saw: changed, or changed right now,
# or gone.
_NOT_AS_SEEN: Final = frozenset(
    {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409", "404"}
)


class Objects(Protocol):
    """What publishing asks of the place that it writes to."""

    def get(self, key: str) -> tuple[bytes, str] | None:
        """An object's content and its tag, which changes with the content; None without one."""

    def swap(self, key: str, content: bytes, tag: str | None) -> bool:
        """Writes if the object still has that tag (None: if there is none); whether it did."""

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Each key below a prefix, with its size."""

    def delete(self, keys: Iterable[str]) -> None:
        """Takes objects away; one that is not there is no error."""


class S3Objects:
    """The objects of a bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def get(self, key: str) -> tuple[bytes, str] | None:
        """An object's content and its tag, which changes with the content; None without one."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except self._client.exceptions.NoSuchKey:
            return None
        return bytes(answer["Body"].read()), str(answer["ETag"])

    def swap(self, key: str, content: bytes, tag: str | None) -> bool:
        """Writes if the object still has that tag (None: if there is none); whether it did."""
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType="application/json",
                **condition,
            )
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_AS_SEEN:
                raise
            # The answer to a first try may have been lost, and the second one met its own work.
            found = self.get(key)
            return found is not None and found[0] == content
        return True

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Each key below a prefix, with its size."""
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield str(found["Key"]), int(found["Size"])

    def delete(self, keys: Iterable[str]) -> None:
        """Takes objects away; one that is not there is no error."""
        listed = [{"Key": key} for key in keys]
        for start in range(0, len(listed), _MOST_DELETED):
            some = listed[start : start + _MOST_DELETED]
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": some, "Quiet": True}
            )
            if errors := answer.get("Errors"):
                raise OSError(f"{errors[0]['Key']} was not deleted: {errors[0].get('Message')}")


class FolderObjects:
    """The same in a folder of one machine, which one process at a time writes to."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, key: str) -> tuple[bytes, str] | None:
        """An object's content and its tag, which changes with the content; None without one."""
        try:
            content = (self._root / key).read_bytes()
        except FileNotFoundError:
            return None
        return content, hashlib.sha256(content).hexdigest()

    def swap(self, key: str, content: bytes, tag: str | None) -> bool:
        """Writes if the object still has that tag (None: if there is none); whether it did."""
        held = self.get(key)
        if (None if held is None else held[1]) != tag:
            return False
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}")
        draft.write_bytes(content)
        draft.replace(path)  # readers see the old one or the new one
        return True

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Each key below a prefix, with its size."""
        for path in sorted((self._root / prefix).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(self._root).as_posix(), path.stat().st_size

    def delete(self, keys: Iterable[str]) -> None:
        """Takes objects away; one that is not there is no error."""
        for key in keys:
            (self._root / key).unlink(missing_ok=True)
