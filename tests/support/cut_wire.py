"""A proxy to Redis that can break at the worst moment: after a command has arrived, before its reply."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator


class Wire:
    """TCP proxy on the loopback. While `deaf`, no reply comes back; while `cut`, no connection is possible.

    While it is clogged, as on a network that drops packets, connections stay open and nothing arrives; the
    data arrives later, unless an end has closed the connection.
    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self._server_port = port
        self._closers: set[asyncio.StreamWriter] = set()
        self.deaf = False
        self.cut = False
        self._flows = asyncio.Event()
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut:
            writer.close()
            return
        await self._flows.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:  # the server is not running
            writer.close()
            return
        self._closers |= {writer, back}
        with contextlib.suppress(asyncio.CancelledError):  # its loop has ended
            await asyncio.gather(
                self._pass(reader, back, answers=False), self._pass(there, writer, answers=True)
            )

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await self._flows.wait()
                if answers and self.deaf:
                    break
                sink.write(data)
                await sink.drain()
        sink.close()

    def clog(self) -> None:
        self._flows.clear()

    def unclog(self) -> None:
        self._flows.set()

    def lose(self) -> None:
        """Cut all connections now, in the middle of a command or reply."""
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


class OtherThreadsWire:
    """`Wire` in its own thread, for processes and tests without an event loop."""

    def __init__(self, wire: Wire, loop: asyncio.AbstractEventLoop) -> None:
        self._wire = wire
        self._loop = loop

    @property
    def port(self) -> int:
        return self._wire.port

    @contextlib.contextmanager
    def lost(self) -> Iterator[None]:
        """Cut all connections and refuse new ones until the end of the context."""
        self._loop.call_soon_threadsafe(self._wire.lose)
        try:
            yield
        finally:
            self._wire.cut = False

    @contextlib.contextmanager
    def clogged(self) -> Iterator[None]:
        """Let nothing arrive until the end of the context."""
        self._loop.call_soon_threadsafe(self._wire.clog)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._wire.unclog)


@contextlib.contextmanager
def other_threads_wire_to(port: int) -> Iterator[OtherThreadsWire]:
    laid: list[tuple[Wire, asyncio.AbstractEventLoop, Callable[[], None]]] = []
    ready = threading.Event()

    async def run() -> None:
        end, loop = asyncio.Event(), asyncio.get_running_loop()
        async with wire_to(port) as wire:
            laid.append((wire, loop, lambda: loop.call_soon_threadsafe(end.set)))
            ready.set()
            await end.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(60)
    (wire, loop, end) = laid[0]
    try:
        yield OtherThreadsWire(wire, loop)
    finally:
        end()
        thread.join(10)
