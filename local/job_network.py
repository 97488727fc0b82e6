"""What a job of EMR Serverless can reach: without a network of its own, its own region alone.

A client that was told no region signs for another one. AWS would leave it to a time-out, or send it
on to where its bucket is; neither may pass for success here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

SIGNED_FOR = re.compile(rb"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


class JobNetwork:
    """The keys that jobs were given, each with the only region that it is good for."""

    def __init__(self) -> None:
        self._regions: dict[str, str] = {}

    def confine(self, access_key: str, region: str) -> None:
        """From now on this key reaches one region."""
        self._regions[access_key] = region

    def refusal(self, scope: Message) -> str | None:
        """Why this request would never arrive; None when it would."""
        for name, value in scope.get("headers", ()):
            if name == b"authorization" and (signed := SIGNED_FOR.search(value)):
                key, region, service = (part.decode() for part in signed.groups())
                own = self._regions.get(key, region)
                if region != own:
                    return f"a job reaches {own} alone, and this is signed for {region} ({service})"
        return None


async def refuse(send: Send, message: str) -> None:
    """Answer as a service that says no; S3's clients read XML, the others' only need the status."""
    body = f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>".encode()
    headers = [(b"content-type", b"application/xml"), (b"x-amzn-errortype", b"AccessDenied")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


network = JobNetwork()
