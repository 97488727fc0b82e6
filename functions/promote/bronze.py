"""The bronze bucket: each key is written once, from raw, by S3 itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from functions.promote.inbox import Landed
from lake.catalog import Format
from lake.errors import LakeError
from lake.quarantine import encrypted_by


@dataclass(frozen=True)
class Bronze:
    """All calls to the bronze bucket."""

    s3: Any
    bucket: str
    kms_key_arn: str

    def keep(
        self, landed: Landed, origin: dict[str, str], key: str, sha256: str, kind: Format
    ) -> None:
        """Copy an upload to its key, unless it is there."""
        if self._holds(key, sha256):
            return
        self.s3.copy_object(
            CopySource=origin,
            Bucket=self.bucket,
            Key=key,
            MetadataDirective="REPLACE",
            Metadata={"sha256": sha256, "received-at": landed.received_at},
            ContentType=kind.content_type,
            **encrypted_by(self.kms_key_arn),
        )

    def _holds(self, key: str, sha256: str) -> bool:
        try:
            found = self.s3.head_object(Bucket=self.bucket, Key=key)
        except self.s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        if found["Metadata"].get("sha256") != sha256:
            raise LakeError(f"bronze {key} holds other bytes: it is never overwritten")
        return True
