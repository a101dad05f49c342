"""HTTP connections with an end: small request heads that come soon, and clients that take their answers.

Uvicorn collects a head for as long and as large as a client sends it, and the trailers behind a body in
chunks, too. One client could fill the memory with a header, or hold every file descriptor with connections
that say nothing: then those who are served already would find that no file can be opened for them.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any

from voxq.api.http_protocol import OneProtocol

MAX_HEAD_BYTES = 64 << 10
"""Of a request line with its headers, or of anything else around bodies, give or take what arrives in one
piece."""
HEAD_SECONDS = 20.0
"""Until a head is whole, from its first byte or that of what a client still sends behind its answer."""
TAKE_SECONDS = 60.0
"""How long an answer may wait in the send buffer before its client counts as gone."""

_FILES_BESIDE = 64
"""For Redis, logs and helper processes."""
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


def most_connections() -> int:
    """As many as may be open at once: each can need a file as well, for a recording that comes or goes."""
    most_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, most_files // 2 - _FILES_BESIDE)


class BoundedHttpProtocol(OneProtocol):
    """Closes a connection whose client does not keep to the limits above. For `uvicorn --http`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._steps = 0  # heads and bodies that are complete, and pieces of bodies
        self._bytes_in_step = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._take_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.write(_FULL)
            transport.close()
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self._stop_take_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        steps = self._steps
        super().data_received(data)
        self._bytes_in_step = self._bytes_in_step + len(data) if steps == self._steps else 0
        if self._bytes_in_step > MAX_HEAD_BYTES:
            self._drop()
        elif self._head_timer is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_head()  # these bytes have ended the server's own wait for the next request

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # a trailer would become a header after the headers have been looked at
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._steps += 1
        self._stop_head_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._steps += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._steps += 1
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._take_timer = self.loop.call_later(TAKE_SECONDS, self._drop)

    def resume_writing(self) -> None:
        self._stop_take_timer()
        super().resume_writing()

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._drop)

    def _drop(self) -> None:
        # Not `close`, which waits until the client has taken everything.
        self.transport.abort()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_take_timer(self) -> None:
        if self._take_timer is not None:
            self._take_timer.cancel()
            self._take_timer = None
