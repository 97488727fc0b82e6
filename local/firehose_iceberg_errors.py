"""What could not be delivered, kept where AWS keeps it and as AWS writes it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from local.firehose_iceberg_settings import Settings
from local.firehose_iceberg_transform import Failed

KIND = "!{firehose:error-output-type}"
PROCESSING = "processing-failed"


class ErrorPrefix:
    """Writes one object of JSON lines for each kind of failure of a delivery."""

    def __init__(self, settings: Settings, s3: Any) -> None:
        self._settings, self._s3 = settings, s3

    def write(self, failed: Iterable[Failed], token: str) -> None:
        """A delivery that is repeated after a kill writes the same objects again, not more."""
        by_kind = sorted(failed, key=lambda each: each.kind)
        for kind, group in groupby(by_kind, key=lambda each: each.kind):
            failures = list(group)
            lines = [json.dumps(self._line(failure)) for failure in failures]
            body = ("\n".join(lines) + "\n").encode()
            key = self._key(kind, token, min(failure.record.at for failure in failures))
            self._s3.put_object(Bucket=self._settings.error_bucket, Key=key, Body=body)

    def _key(self, kind: str, token: str, first: float) -> str:
        at = datetime.fromtimestamp(first, UTC)
        prefix = self._settings.error_prefix
        prefix = prefix.replace(KIND, kind) if KIND in prefix else f"{prefix}{kind}/"
        name = f"{self._settings.name}-{self._settings.version}-{at:%Y-%m-%d-%H-%M-%S}"
        return f"{prefix}{at:%Y/%m/%d/%H}/{name}-{uuid.uuid5(uuid.NAMESPACE_OID, token + kind)}"

    def _line(self, failure: Failed) -> dict[str, Any]:
        line = {
            "attemptsMade": failure.attempts,
            "arrivalTimestamp": int(failure.record.at * 1000),
            "errorCode": failure.code,
            "errorMessage": failure.message,
            "attemptEndingTimestamp": int(time.time() * 1000),
            "rawData": failure.record.data,
        }
        if failure.kind == PROCESSING:
            arn = str(self._settings.lambda_arn)
            # Seven parts are a function without a version.
            line["lambdaArn"] = arn if arn.count(":") > 6 else f"{arn}:$LATEST"
        return line
