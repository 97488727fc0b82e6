"""Where a poll leaves things: whole workbooks in raw, unreadable answers in quarantine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from lake import keys
from lake.catalog import Source
from lake.quarantine import encrypted_by
from lake.records import iso

_UNTRUSTED_TYPE: Final = "application/octet-stream"


@dataclass(frozen=True)
class Landing:
    """All writes of a poll to S3."""

    s3: Any
    raw_bucket: str
    quarantine_bucket: str
    kms_key_arn: str

    def land(self, source: Source, file_name: str, content: bytes, at: datetime) -> tuple[str, str]:
        """One put: the file is there whole, or not at all. Gives its key and version."""
        key = keys.landing(source, file_name, at)
        answer = self.s3.put_object(
            Bucket=self.raw_bucket,
            Key=key,
            Body=content,
            ContentType=source.format.content_type,
            **encrypted_by(self.kms_key_arn),
        )
        return key, str(answer["VersionId"])

    def keep_bad(self, source: Source, content: bytes, reason: str) -> None:
        """The bytes of an answer that nobody could read, with the reason beside it."""
        digest = sha256(content).hexdigest()
        said = {
            "source": source.id,
            "size": len(content),
            "sha256": digest,
            "received_at": iso(datetime.now(UTC)),
            "code": "answer",
            "reason": reason,
        }
        for key, body, kind in (
            (keys.quarantine(source.id, digest, "answer"), content, _UNTRUSTED_TYPE),
            (
                keys.quarantine_reason(source.id, digest),
                json.dumps(said, ensure_ascii=False, indent=2).encode(),
                "application/json; charset=utf-8",
            ),
        ):
            self.s3.put_object(
                Bucket=self.quarantine_bucket,
                Key=key,
                Body=body,
                ContentType=kind,
                **encrypted_by(self.kms_key_arn),
            )
