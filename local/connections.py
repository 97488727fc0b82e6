"""Connections to the laptop cloud: what its server does differently for the clients that it has."""

from __future__ import annotations

from typing import Any

import hypercorn.asyncio.run
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import RawData

# Less than this waits for the rest of its answer; more has its reader's pace.
PIECE_BYTES = 64 * 1024


def install() -> None:
    """Have hypercorn serve this way; called once, before the first connection."""
    hypercorn.asyncio.run.TCPServer = Connection


class Connection(TCPServer):  # type: ignore[misc]  # hypercorn is not installed here
    """Sends a small answer in one piece, and ends when its client has gone.

    Go's SDK sometimes closes a connection between an answer's head and its body (aws-sdk-go-v2,
    issue 2737): Terraform then asks again for something that has been made, and is refused.

    A connection whose client has gone would wait until its time to be idle is over. That is an hour
    here, and each run of Terraform leaves a hundred.
    """

    _held = b""

    async def protocol_send(self, event: Any) -> None:
        if isinstance(event, RawData):
            data = self._held + event.data
            if len(data) < PIECE_BYTES:
                if not self._held:
                    self.loop.call_soon(self._send_held)
                self._held = data
                return
            self._held, event = b"", RawData(data=data)
        else:
            self._send_held()
        await super().protocol_send(event)

    def _send_held(self) -> None:
        data, self._held = self._held, b""
        if data and not self.writer.is_closing():
            self.writer.write(data)

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()

    async def _idle_timeout(self) -> None:
        if not self.reader.at_eof():
            await super()._idle_timeout()
