"""Connections that never end, against the API as `voxq api` serves it."""

from __future__ import annotations

import asyncio
import gc
import resource
import socket
import time
import weakref
from collections.abc import Callable, Iterator
from threading import Thread

import pytest
import uvicorn
from own_port import own_port
from served import MEGABYTE, Served, received
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from voxq.api import connection
from voxq.api.connection import BoundedHttpProtocol


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"GET /livez HTTP/1.1\r\nX: ", b"a" * 65536),
        (b"GET /livez HTTP/1.1\r\n", b"a: b\r\n" * 10_000),
        (b"GET /", b"a" * 65536),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /", b"a" * 65536),
    ],
    ids=["a header", "headers", "a path", "a second request"],
)
def test_a_head_without_end_is_cut_off(served: Served, begin: bytes, more: bytes) -> None:
    before = served.memory()
    with served.connect() as client:
        assert _sent_until_cut_off(client, begin, more, most=20 * MEGABYTE) < 10 * MEGABYTE
    assert served.memory() - before < 20 * MEGABYTE
    assert served.is_alive()


@pytest.mark.parametrize("requests", [1, 2000])
def test_long_heads_and_many_requests_are_served(served: Served, requests: int) -> None:
    """Legitimate clients may send 32 KB of headers, or requests in a row without waiting for responses."""
    padding = b"X: " + b"a" * (32_000 // requests) + b"\r\n"
    head = b"GET /livez HTTP/1.1\r\nHost: x\r\n" + padding
    with served.connect() as client:
        client.sendall((head + b"\r\n") * (requests - 1) + head + b"Connection: close\r\n\r\n")
        assert received(client).count(b"HTTP/1.1 200") == requests


class Impatient(uvicorn.Server):
    """A server in a thread. Its application answers with 20 MB, at /unread with a little more than the system
    takes for a client that does not read, and at /size with the size of the request's body."""

    def __init__(self) -> None:
        super().__init__(
            uvicorn.Config(
                self._answer,
                port=own_port(),
                http=BoundedHttpProtocol,
                lifespan="off",
                log_config=None,
                interface="asgi3",
            )
        )

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.config.port), timeout=30)

    def open_connections(self) -> int:
        return len(self.server_state.connections)

    def unsent(self) -> int:
        """Bytes of responses that the system has not taken yet."""
        protocols = [each for each in self.server_state.connections if isinstance(each, BoundedHttpProtocol)]
        return sum(each.transport.get_write_buffer_size() for each in protocols)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/size":
            body = str(len(await Request(scope, receive).body())).encode()
            head = [(b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": body})
        elif scope["path"] == "/unread":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while not self.unsent():
                await send({"type": "http.response.body", "body": bytes(32 << 10), "more_body": True})
                await asyncio.sleep(0.002)
            await send({"type": "http.response.body", "body": b""})
        else:
            await _twenty_megabytes(scope, receive, send)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Impatient]:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(connection, "TAKE_SECONDS", 1.0)
    server = Impatient()
    thread = Thread(target=server.run)
    thread.start()
    _wait_until(lambda: server.started)
    yield server
    server.should_exit = True
    thread.join(30)


@pytest.mark.parametrize(
    ("requests_before", "beginning"),
    [(0, b""), (0, b"\r\n"), (0, b"GET / HTTP/1.1\r\nHo"), (1, b"\r\n"), (1, b"GET / HTTP/1.1\r\nHo")],
)
def test_a_client_that_sends_nothing_or_half_a_head_is_disconnected(
    impatient: Impatient, requests_before: int, beginning: bytes
) -> None:
    with impatient.connect() as client:
        for _ in range(requests_before):
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert len(client.makefile("rb").read(20 * MEGABYTE)) == 20 * MEGABYTE
        client.sendall(beginning)
        received(client)  # until the server closes the connection


def test_a_head_that_comes_byte_by_byte_is_no_excuse(impatient: Impatient) -> None:
    deadline = time.monotonic() + 30
    with impatient.connect() as client, pytest.raises(OSError):
        client.sendall(b"GET / HTTP/1.1\r\nX: ")
        while time.monotonic() < deadline:
            client.sendall(b"a")
            time.sleep(0.02)


def test_an_active_request_may_take_longer_than_a_head(impatient: Impatient) -> None:
    """Its head came in two pieces, and its body comes slowly."""
    with impatient.connect() as client:
        for piece in (b"POST /size HTTP/1.1\r\nConn", b"ection: close\r\nContent-Length: 20\r\n\r\n"):
            client.sendall(piece)
            time.sleep(0.1)
        for _ in range(20):
            client.sendall(b"a")
            time.sleep(0.06)
        assert received(client).endswith(b"\r\n\r\n20")


def test_nothing_is_kept_of_closed_connections(impatient: Impatient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise clients that come and go fill the memory."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 60.0)
    monkeypatch.setattr(connection, "TAKE_SECONDS", 60.0)
    for request in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
        with impatient.connect() as client:
            client.sendall(request)
            _wait_until(lambda: impatient.open_connections() == 1)
            if request.endswith(b"\r\n\r\n"):
                _wait_until(lambda: impatient.unsent() > 0)
            kept = weakref.WeakSet(impatient.server_state.connections)
        _wait_until(lambda: impatient.open_connections() == 0)
        _wait_until(lambda kept=kept: gc.collect() >= 0 and not kept, seconds=10)


def test_many_connections_leave_file_handles_for_active_requests(
    impatient: Impatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "most_connections", lambda: 2)
    monkeypatch.setattr(connection, "HEAD_SECONDS", 30.0)
    with impatient.connect() as first, impatient.connect() as second:
        with impatient.connect() as third:
            assert received(third).startswith(b"HTTP/1.1 503 ")
        for client in (first, second):
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert received(client).startswith(b"HTTP/1.1 200 ")
    with impatient.connect() as another:
        another.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert received(another).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("files", "connections"), [(64, 16), (256, 64), (1024, 448), (1 << 20, (1 << 19) - 64)]
)
def test_connections_never_take_all_files(
    files: int, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (files, resource.RLIM_INFINITY))
    assert connection.most_connections() == connections


def test_the_limit_follows_from_how_many_files_may_be_open(served: Served) -> None:
    own, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 16 <= connection.most_connections() < own / 2
    assert served.open_files() >= (1 << 16 if most == resource.RLIM_INFINITY else min(most, 1 << 16))


@pytest.mark.parametrize("then", [b"", b"Connection: close\r\n"])
@pytest.mark.parametrize("path", [b"/", b"/unread"])
def test_a_client_that_does_not_read_is_disconnected(impatient: Impatient, path: bytes, then: bytes) -> None:
    """However little it leaves unread, and whether or not the connection is to be used again."""
    with impatient.connect() as client:
        client.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n" + then + b"\r\n")
        _wait_until(lambda: impatient.unsent() > 0)
        _wait_until(lambda: impatient.open_connections() == 0)


def test_a_client_that_keeps_sending_after_the_response_is_disconnected(impatient: Impatient) -> None:
    deadline = time.monotonic() + 30
    with impatient.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert len(client.makefile("rb").read(20 * MEGABYTE)) == 20 * MEGABYTE
        with pytest.raises(OSError):
            while time.monotonic() < deadline:
                client.sendall(b"1\r\na\r\n")
                time.sleep(0.02)


def test_a_slow_reader_gets_the_whole_response(impatient: Impatient) -> None:
    received = 0
    with impatient.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        while data := client.recv(MEGABYTE // 2):
            received += len(data)
            time.sleep(0.05)
    assert received > 20 * MEGABYTE


async def _twenty_megabytes(scope: Scope, receive: Receive, send: Send) -> None:
    head = [(b"content-length", str(20 * MEGABYTE).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    for _ in range(20):
        await send({"type": "http.response.body", "body": bytes(MEGABYTE), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _sent_until_cut_off(client: socket.socket, begin: bytes, more: bytes, most: int) -> int:
    """Return the bytes that the server accepted before it closed the connection, or `most`."""
    sent = 0
    try:
        client.sendall(begin)
        while sent < most:
            sent += client.send(more)
    except (ConnectionResetError, BrokenPipeError):
        pass
    return sent


def _wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
