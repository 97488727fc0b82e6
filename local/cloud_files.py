"""Files on the laptop's S3, for PyIceberg in the cloud's own process."""

import io
from functools import lru_cache
from types import TracebackType
from typing import Any

import boto3
import pyarrow as pa
from botocore.config import Config
from ministack.core.responses import request_scope
from ministack.services import s3
from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.typedef import EMPTY_DICT, Properties

from local.iam.decisions import may
from local.iam.facts import CloudFacts
from local.iam.needs import Need
from local.iam.reading_s3 import object_key_needs
from local.iam.sessions import known

ENDPOINT, ACCOUNT, REGION = "laptop.endpoint", "laptop.account", "laptop.region"
IDENTITY = "laptop.identity"


@lru_cache
def client(service: str, endpoint: str, account: str, region: str, identity: str = "") -> Any:
    """A client of this same cloud in one account and region, as the session of a key or as root."""
    session = known(identity)
    # ministack: twelve digits are the account's root
    root = {"aws_access_key_id": account, "aws_secret_access_key": account}
    made = boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        **(session.client_arguments() if session else root),
        config=Config(
            s3={"addressing_style": "path"},
            max_pool_connections=32,
            retries={"mode": "standard", "total_max_attempts": 3},
        ),
    )
    # Made on first use, and not under a lock: two threads would each know errors of their own.
    _ = made.exceptions
    return made


def split(location: str) -> tuple[str, str]:
    """`s3://bucket/key` as bucket and key."""
    bucket, _, key = location.split("://", 1)[1].partition("/")
    return bucket, key


def stored(location: str, account: str, region: str, identity: str = "") -> bytes:
    """An object's bytes straight from the store: by HTTP the event loop would wait for itself."""
    bucket, key = split(location)
    with request_scope(account, region):
        may(identity, *object_needs(bucket, key, region))
        body: bytes | None = s3._get_object_data(bucket, key)
    if body is None:
        raise FileNotFoundError(f"Cannot open file, does not exist: {location}")
    return body


def object_needs(bucket: str, key: str, region: str) -> list[Need]:
    """What reading an object asks of IAM, as S3's own interface does."""
    reading = Need("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", way="engine")
    return [reading, *object_key_needs(CloudFacts(), bucket, key, region, "Decrypt")]


class CloudFiles(FileIO):
    """Reads from the store in memory (a hundred small files in 20 ms instead of 2 s by HTTP);
    writes and deletes through the S3 API, so that versions and events are as for anybody."""

    def __init__(self, properties: Properties = EMPTY_DICT) -> None:
        super().__init__(properties)
        self._account, self._region = properties[ACCOUNT], properties[REGION]
        self._identity = properties.get(IDENTITY, "")
        self.s3 = client("s3", properties[ENDPOINT], self._account, self._region, self._identity)

    def read(self, location: str) -> bytes:
        return stored(location, self._account, self._region, self._identity)

    def has(self, location: str) -> bool:
        bucket, key = split(location)
        with request_scope(self._account, self._region):
            found = s3._buckets.get(bucket)
            return found is not None and key in found["objects"]

    def new_input(self, location: str) -> InputFile:
        return _Object(location, self)

    def new_output(self, location: str) -> OutputFile:
        return _Upload(location, self)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        path = location if isinstance(location, str) else location.location
        bucket, key = split(path)
        self.s3.delete_object(Bucket=bucket, Key=key)

    def delete_many(self, locations: list[str]) -> None:
        """Delete objects, a thousand a call."""
        by_bucket: dict[str, list[str]] = {}
        for location in locations:
            bucket, key = split(location)
            by_bucket.setdefault(bucket, []).append(key)
        for bucket, keys in by_bucket.items():
            for start in range(0, len(keys), 1000):
                objects = [{"Key": key} for key in keys[start : start + 1000]]
                answer = self.s3.delete_objects(
                    Bucket=bucket, Delete={"Objects": objects, "Quiet": True}
                )
                if answer.get("Errors"):
                    raise OSError(f"objects of {bucket} that stay: {answer['Errors'][0]}")


class _Object(InputFile):
    def __init__(self, location: str, files: CloudFiles) -> None:
        super().__init__(location)
        self._files = files

    def __len__(self) -> int:
        return len(self._files.read(self.location))

    def exists(self) -> bool:
        return self._files.has(self.location)

    def open(self, seekable: bool = True) -> InputStream:
        del seekable  # all of it is in memory
        stream: InputStream = pa.BufferReader(self._files.read(self.location))
        return stream


class _Upload(OutputFile):
    def __init__(self, location: str, files: CloudFiles) -> None:
        super().__init__(location)
        self._files = files

    def __len__(self) -> int:
        return len(self._files.read(self.location))

    def exists(self) -> bool:
        return self._files.has(self.location)

    def to_input_file(self) -> InputFile:
        return _Object(self.location, self._files)

    def create(self, overwrite: bool = False) -> OutputStream:
        if not overwrite and self.exists():
            raise FileExistsError(f"Cannot create file, already exists: {self.location}")
        return _UploadStream(self.location, self._files)


class _UploadStream(io.BytesIO):
    """Bytes that become an object when the stream is closed without an error."""

    def __init__(self, location: str, files: CloudFiles) -> None:
        super().__init__()
        self._location, self._files, self._failed = location, files, False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._failed = error is not None
        self.close()

    def close(self) -> None:
        if not self.closed and not self._failed:
            bucket, key = split(self._location)
            self._files.s3.put_object(Bucket=bucket, Key=key, Body=self.getvalue())
        super().close()
