"""HTTP connections with limits on the size and duration of request heads, and on unread responses.

Uvicorn collects a head, and the trailers behind a chunked body, for as long and as large as a client sends
them. One client could fill the memory with a header, or use up all file descriptors with idle connections, so
that no file could be opened for the requests already in progress.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any

from voxq.api.http_protocol import OneProtocol

MAX_HEAD_BYTES = 64 << 10
"""Maximum size of a request line with its headers, or of anything else around bodies, give or take one
read."""
HEAD_SECONDS = 20.0
"""Seconds for a complete head, from its first byte or from the first byte sent after a response."""
TAKE_SECONDS = 60.0
"""Seconds that a response may wait in the send buffer before its client counts as gone."""

_FILES_BESIDE = 64
"""File descriptors reserved for Redis, logs and helper processes."""
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


def most_connections() -> int:
    """Return the maximum number of open connections: each may need a second descriptor, for a recording."""
    most_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, most_files // 2 - _FILES_BESIDE)


class BoundedHttpProtocol(OneProtocol):
    """HTTP protocol that closes a connection whose client exceeds the limits above. For `uvicorn --http`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._steps = 0  # complete heads, complete bodies and pieces of bodies
        self._bytes_in_step = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._take_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        # A client that leaves less unread than a full buffer must not stay for ever, either.
        transport.set_write_buffer_limits(high=0)
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
            self._expect_head()  # these bytes have cancelled the server's own timeout for the next request

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # a trailer would become a header after the headers have been checked
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
        # Not `close`, which waits until the client has read everything.
        self.transport.abort()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_take_timer(self) -> None:
        if self._take_timer is not None:
            self._take_timer.cancel()
            self._take_timer = None
