"""A wire to Redis that can be cut at the worst moment: after a command has arrived, before its answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Wire:
    """A TCP proxy on the loopback. While `deaf`, no answer comes back; while `cut`, nothing goes through."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self._server_port = port
        self._closers: set[asyncio.StreamWriter] = set()
        self.deaf = False
        self.cut = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut:
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._server_port)
        self._closers |= {writer, back}
        await asyncio.gather(self._pass(reader, back, answers=False), self._pass(there, writer, answers=True))

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if answers and self.deaf:
                    break
                sink.write(data)
                await sink.drain()
        sink.close()

    def lose(self) -> None:
        """Cut it now, in the middle of whatever is said."""
        self.cut = True
        self.close()

    def close(self) -> None:
        for writer in self._closers:
            writer.close()


@contextlib.asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    wire = Wire(port)
    server = await asyncio.start_server(wire._serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        wire.close()
        server.close()
