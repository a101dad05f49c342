"""HTTP/1.1 that ignores a client's wish to upgrade to another protocol, and HTTP/1.0 without chunks.

HTTP allows a server to ignore the `Upgrade` header, and this one always does. But the parser treats
everything after the head as the other protocol: the body of the request would be lost, or parsed as a request
of its own, with whatever rights a proxy in front gives it. Java's HttpClient offers HTTP/2 with its first
request to a server, and curl does so on demand.

HTTP/1.0 has no chunks: a body without a length ends with the connection. uvicorn sends chunks to everybody,
and their sizes would be noise in the speech. Proxies may ask that way, as nginx does unless told otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent


class OneProtocol(HttpToolsProtocol):
    """Protocol class that never leaves HTTP/1.1, not even for WebSockets."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ws_protocol_class = None
        self.parser = _Parser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as in uvicorn's own parser

    @property
    def asks_for_upgrade(self) -> bool:
        """Whether the head just completed asks for an upgrade, so that it will be parsed again without that
        header."""
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def on_headers_complete(self) -> None:
        if self.asks_for_upgrade:
            return
        super().on_headers_complete()
        if self.parser.get_http_version() == "1.0":
            _leave_out_chunks(self.cycle)

    def on_message_complete(self) -> None:
        if not self.asks_for_upgrade:
            super().on_message_complete()

    def head_without_upgrade(self) -> bytes:
        """Return the last head without its `Upgrade` header, ready to be parsed."""
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])


def _leave_out_chunks(cycle: RequestResponseCycle) -> None:
    """Make a cycle send a body without a length as it is; it ends where the connection does."""
    send_in_chunks = cycle.send
    is_unframed = False

    async def send(message: ASGISendEvent) -> None:
        nonlocal is_unframed
        if message["type"] == "http.response.start":
            is_unframed = all(name.lower() != b"content-length" for name, _ in message.get("headers", ()))
            if is_unframed:
                cycle.chunked_encoding = False
        elif is_unframed and message["type"] == "http.response.body":
            cycle.expected_content_length = len(message.get("body", b""))
        await send_in_chunks(message)

    cycle.send = send


class _Parser(httptools.HttpRequestParser):
    def __init__(self, protocol: OneProtocol) -> None:
        super().__init__(protocol)
        self._protocol = protocol

    def feed_data(self, data: Any) -> None:
        rest = memoryview(data)
        while True:
            try:
                return super().feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:
                if not self._protocol.asks_for_upgrade:
                    raise
                super().feed_data(self._protocol.head_without_upgrade())
                rest = rest[upgrade.args[0] :]
