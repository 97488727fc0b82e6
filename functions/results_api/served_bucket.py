"""The served bucket as the API sees it: objects that are read, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from functions.results_api.remembered import Away

T = TypeVar("T")


class ServedBucket:
    """Objects of one bucket; an absent one is None, a bucket that does not answer is `Away`."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def read(self, key: str) -> bytes | None:
        """The content of an object."""

        def get() -> bytes:
            body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            return body

        return self._asked(get)

    def fetch(self, key: str, file: Path) -> bool:
        """Copy an object into a file; whether it was there."""

        def copy() -> bool:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
            with file.open("wb") as target:
                shutil.copyfileobj(body, target, 1 << 20)
            return True

        return bool(self._asked(copy))

    def folders(self, prefix: str) -> list[str]:
        """The names of the folders right below a prefix."""

        def listed() -> list[str]:
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix, Delimiter="/"
            )
            found = (one["Prefix"] for page in pages for one in page.get("CommonPrefixes", []))
            return [one.removeprefix(prefix).rstrip("/") for one in found]

        return self._asked(listed) or []

    def address(self, key: str, seconds: int) -> str:
        """An address at which anybody can read the object for a while."""
        where = {"Bucket": self._bucket, "Key": key}
        url: str = self._s3.generate_presigned_url("get_object", Params=where, ExpiresIn=seconds)
        return url

    def _asked(self, call: Callable[[], T]) -> T | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchKey":
                return None
            raise Away(f"S3 answers {code}") from error
        except (BotoCoreError, OSError) as error:
            raise Away(f"S3 does not answer: {type(error).__name__}") from error
