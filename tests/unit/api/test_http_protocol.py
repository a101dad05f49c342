"""Responses without a length, to clients of HTTP/1.0 and 1.1."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from threading import Thread
from time import monotonic, sleep

import pytest
import uvicorn
from own_port import own_port
from served import received
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from voxq.api.connection import BoundedHttpProtocol

PIECES = (b"RIFF", b"", b"\r\n" * 50_000, b"end")
WHOLE = b"".join(PIECES)


async def streamed(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in PIECES:
            yield piece

    return StreamingResponse(pieces(), media_type="audio/wav")


async def known(request: Request) -> Response:
    return PlainTextResponse("known")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = Starlette(routes=[Route("/streamed", streamed), Route("/known", known)])
    config = uvicorn.Config(app, port=own_port(), http=BoundedHttpProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    deadline = monotonic() + 30
    while not server.started and monotonic() < deadline:
        sleep(0.01)
    yield config.port
    server.should_exit = True
    thread.join(30)


def told(port: int, request: bytes) -> tuple[bytes, bytes]:
    """Head in lower case, and the bytes behind it."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(request)
        head, _, body = received(client).partition(b"\r\n\r\n")
    return head.lower(), body


@pytest.mark.parametrize("connection", [b"", b"Connection: keep-alive\r\n", b"Connection: close\r\n"])
def test_a_client_of_http_1_0_gets_the_bytes_of_a_stream_and_nothing_else(
    port: int, connection: bytes
) -> None:
    """The sizes of chunks would be noise in the middle of the sound."""
    head, body = told(port, b"GET /streamed HTTP/1.0\r\n" + connection + b"\r\n")
    assert body == WHOLE
    assert b"transfer-encoding" not in head
    assert b"connection: close" in head


def test_a_client_of_http_1_1_gets_chunks(port: int) -> None:
    head, body = told(port, b"GET /streamed HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert body.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_both_versions_get_a_content_length(port: int, method: bytes) -> None:
    for version in (b"1.0", b"1.1"):
        request = method + b" /known HTTP/" + version + b"\r\nHost: x\r\nConnection: close\r\n\r\n"
        head, body = told(port, request)
        assert b"content-length: 5" in head
        assert body == (b"known" if method == b"GET" else b"")


def test_the_head_of_a_stream_has_no_body(port: int) -> None:
    assert told(port, b"HEAD /streamed HTTP/1.0\r\n\r\n")[1] == b""
