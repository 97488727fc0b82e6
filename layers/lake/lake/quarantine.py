"""The quarantine bucket: a refused file, untouched, with the reason beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from lake import keys

# One CopyObject call takes no more.
_SINGLE_COPY_BYTES: Final = 5 << 30
_UNTRUSTED_TYPE: Final = "application/octet-stream"  # no browser shall open what was refused


@dataclass(frozen=True)
class Refused:
    """A file that was refused, and why; this is what `reason.json` says."""

    source: str | None
    file_name: str
    raw_key: str
    size: int
    sha256: str
    received_at: str
    code: str
    reason: str


@dataclass(frozen=True)
class Quarantine:
    """All writes to the quarantine bucket."""

    s3: Any
    bucket: str
    kms_key_arn: str

    def set_aside(self, origin: dict[str, str], refused: Refused) -> str:
        """Copy the refused object (a CopySource) with its reason beside it; gives its key."""
        key = keys.quarantine(refused.source, refused.sha256, refused.file_name)
        reason_key = keys.quarantine_reason(refused.source, refused.sha256)
        if key == reason_key:
            key = keys.quarantine(refused.source, refused.sha256, refused.sha256)
        encryption = encrypted_by(self.kms_key_arn)
        extra: dict[str, Any] = {
            "Metadata": {"sha256": refused.sha256, "received-at": refused.received_at},
            "MetadataDirective": "REPLACE",
            "ContentType": _UNTRUSTED_TYPE,
            **encryption,
        }
        if refused.size > _SINGLE_COPY_BYTES:
            # boto3's copy in parts knows no BucketKeyEnabled; the bucket's own word is the same.
            del extra["BucketKeyEnabled"]
            self.s3.copy(origin, self.bucket, key, ExtraArgs=extra)
        else:
            self.s3.copy_object(CopySource=origin, Bucket=self.bucket, Key=key, **extra)
        self.s3.put_object(
            Bucket=self.bucket,
            Key=reason_key,
            Body=json.dumps(vars(refused), ensure_ascii=False, indent=2).encode(),
            ContentType="application/json; charset=utf-8",
            **encryption,
        )
        return key


def encrypted_by(kms_key_arn: str) -> dict[str, Any]:
    """The arguments that encrypt an object with the lake's own key."""
    return {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": kms_key_arn,
        "BucketKeyEnabled": True,
    }
