"""Requests that no HTTP library would send, against the API as `voxq api` serves it."""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from api_server import NOTE
from served import MEGABYTE, Served, received
from worker_lab import wait_for

from voxq.api.submission.form import OVERHEAD_BYTES

CLOSE = b"Host: localhost\r\nConnection: close\r\n"
POST = b"POST /api/v1/tts/submit HTTP/1.1\r\n" + CLOSE
UPLOAD = (
    b"POST /api/v1/asr/submit HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: multipart/form-data; boundary=xyz\r\n"
)
FILE = b'--xyz\r\nContent-Disposition: form-data; name="audio"\r\n\r\n'
SECOND = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

UNCLEAR = {
    "two lengths": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": POST + b"Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a length twice": POST + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n",
    "a list of lengths": POST + b"Content-Length: 0, 40\r\n\r\n",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length with a sign": POST + b"Content-Length: +5\r\n\r\n",
    "a hexadecimal length": POST + b"Content-Length: 0x5\r\n\r\n",
    "a length beyond integers": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "a chunk beyond integers": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "a negative chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "a space before the colon": POST + b"Content-Length : 40\r\n\r\n",
    "a folded header": POST + b"X: a\r\n Content-Length: 40\r\n\r\n",
    "line feeds alone": POST.replace(b"\r\n", b"\n") + b"Content-Length: 40\n\n",
    "a return in a header": POST + b"X: a\rContent-Length: 40\r\n\r\n",
    "nul in a header": POST + b"X: a\0b\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a tunnel": b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n" + CLOSE + b"\r\n",
    "an offer with two lengths": POST.replace(b"close", b"Upgrade\r\nUpgrade: h2c")
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_ambiguous_requests_are_refused(served: Served, name: str) -> None:
    """Otherwise a proxy might take for a body what is a second request here, with another client's key."""
    answer = served.told(UNCLEAR[name] + SECOND)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_nothing_is_answered_after_the_last_request(served: Served) -> None:
    answer = served.told(POST + b"Content-Length: 2\r\n\r\n{}" + SECOND)
    assert answer.startswith(b"HTTP/1.1 422 ")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"TRACE /livez HTTP/1.1", 405),
        (b"PUT /api/v1/asr/submit HTTP/1.1", 405),
        (b"OPTIONS * HTTP/1.1", 404),
        (b"GET /docs/assets/../../../../../../etc/passwd HTTP/1.1", 404),
        (b"GET /docs/assets/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd HTTP/1.1", 404),
        (b"GET /docs/assets/%2fetc%2fpasswd HTTP/1.1", 404),
        (b"GET /docs/assets/%00 HTTP/1.1", 404),
        (b"GET //etc/passwd HTTP/1.1", 404),
        (b"GET /../../etc/passwd HTTP/1.1", 404),
        (b"GET /api/v1/asr/audio/..%2f..%2fjournal HTTP/1.1", 404),
        (b"GET /%ff%fe%00 HTTP/1.1", 404),
    ],
)
def test_paths_outside_the_routes_are_404(served: Served, request_line: bytes, status: int) -> None:
    answer = served.told(request_line + b"\r\n" + CLOSE + b"Cookie: secret\r\n\r\n")
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"root:" not in answer
    assert b"secret" not in answer


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
def test_a_protocol_upgrade_is_ignored(served: Served, protocol: bytes) -> None:
    """The body after the upgrade request is a body, not a request; a WebSocket would bypass all limits and
    the log."""
    model_catalogue = b"Host: localhost\r\nConnection: Upgrade\r\nUpgrade: " + protocol + b"\r\n"
    head = b"POST /api/v1/tts/submit HTTP/1.1\r\n" + model_catalogue + b"Sec-WebSocket-Version: 13\r\n"
    with served.connect() as client:
        client.sendall(head + b"Content-Length: " + str(len(SECOND)).encode() + b"\r\n\r\n")
        time.sleep(0.2)  # a packet of its own for the body
        client.sendall(SECOND + head + b"Content-Length: 2\r\n\r\n{}")
        client.sendall(
            b"GET /livez HTTP/1.1\r\n"
            + model_catalogue
            + b"\r\n"
            + b"GET /livez HTTP/1.1\r\n"
            + CLOSE
            + b"\r\n"
        )
        answers = received(client)
    assert re.findall(rb"HTTP/1.1 (\d+) ", answers) == [b"400", b"422", b"200", b"200"], answers


def test_a_refused_upload_gets_no_100_continue(served: Served) -> None:
    """With `Expect: 100-continue`, the client waits for permission before it sends gigabytes."""
    head = UPLOAD + b"Connection: close\r\nExpect: 100-continue\r\n"
    refused = served.told(head + b"Content-Length: 5000000000\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 413 ")
    with served.connect() as client:
        client.sendall(head + b"Content-Length: 1000\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")


@pytest.mark.parametrize("announced", [b"Transfer-Encoding: chunked\r\n", b"Content-Length: 9000000\r\n"])
def test_a_stream_without_end_fills_neither_memory_nor_disk(served: Served, announced: bytes) -> None:
    """Anything beyond MAX_UPLOAD_MB and a little more is dropped, whatever the headers say."""
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n" if b"chunked" in announced else b"x" * 0x10000
    before, most = served.memory(), 0
    with served.connect() as client:
        client.sendall(UPLOAD + announced + b"\r\n" + (b"37\r\n" if b"chunked" in announced else b""))
        client.sendall(FILE + (b"\r\n" if b"chunked" in announced else b""))
        for _ in range(200 * MEGABYTE // len(piece)):
            try:
                client.sendall(piece)
            except OSError:
                break
            most = max(most, served.arriving())
        assert client.recv(65536).startswith(b"HTTP/1.1 4")
    assert most <= 8 * MEGABYTE + OVERHEAD_BYTES
    wait_for(lambda: served.arriving() == 0, "the end of the upload", 30)
    assert served.memory() - before < 30 * MEGABYTE
    assert served.is_alive()


@pytest.mark.parametrize("path", [b"/api/v1/tts/submit", b"/api/v1/asr/submit", b"/livez"])
@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"2\r\n{}\r\n0\r\n", b"a: b\r\n" * 10_000),
        (b"2\r\n{}\r\n0\r\nX: ", b"a" * 65536),
        (b"2\r\n{}\r\n0\r\n", b"a" * 65536),
        (b"2;", b"a" * 65536),
    ],
    ids=["trailers", "a trailer", "its name", "an extension"],
)
def test_endless_data_after_a_body_is_cut_off(served: Served, path: bytes, begin: bytes, more: bytes) -> None:
    head = b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    before, sent = served.memory(), 0
    with served.connect() as client:
        client.sendall(head + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + begin)
        with pytest.raises(OSError):
            while sent < 30 * MEGABYTE:
                sent += client.send(more)
    assert sent < 10 * MEGABYTE
    assert served.memory() - before < 20 * MEGABYTE
    assert served.is_alive()


def test_trailers_are_not_treated_as_headers(served: Served) -> None:
    """A proxy checks headers and knows nothing of what comes after a body."""
    trailers = b"Accept-Language: zh\r\nAuthorization: Bearer x\r\n"
    answer = served.told(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + trailers + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 422 ")
    assert b"content-language: en\r\n" in answer.lower()


def test_ten_thousand_fields_are_not_read(served: Served) -> None:
    def parts() -> Iterator[bytes]:
        for number in range(10_000):
            name = f'Content-Disposition: form-data; name="field{number}"'.encode()
            yield b"--xyz\r\n" + name + b"\r\n\r\n" + b"x" * 100 + b"\r\n"
        yield b"--xyz--\r\n"

    body = b"".join(parts())
    started = time.monotonic()
    answer = served.told(
        UPLOAD + b"Connection: close\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert time.monotonic() - started < 25


def test_nested_and_strange_forms_are_refused_or_read(served: Served) -> None:
    inner = b'--abc\r\nContent-Disposition: form-data; name="audio"\r\n\r\n' + NOTE + b"\r\n--abc--\r\n"
    nested = FILE.replace(b"\r\n\r\n", b"\r\nContent-Type: multipart/mixed; boundary=abc\r\n\r\n") + inner
    for body in (
        nested + b"\r\n--xyz--\r\n",
        FILE.replace(b'name="audio"', b"name*=utf-8''audio") + NOTE + b"\r\n--xyz--\r\n",
        FILE.replace(b'name="audio"', b'name="audio"; name="x"') + NOTE[:100] + b"\r\n--xyz--\r\n",
        FILE.replace(b"form-data", b"attachment") + NOTE[:100] + b"\r\n--xyz--\r\n",
        b"--xyz\r\n\r\n" + NOTE + b"\r\n--xyz--\r\n",
        b"--xyz\n" + FILE + b"\n--xyz--\n",
        b"--xyz--\r\n",
        b"\r\n" * 1000,
        b"",
    ):
        length = b"Content-Length: " + str(len(body)).encode()
        answer = served.told(UPLOAD + b"Connection: close\r\n" + length + b"\r\n\r\n" + body)
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 422 ")), (body[:80], answer)
        assert b'"code":"' in answer
    assert served.arriving() == 0


def test_large_texts_of_many_clients_do_not_fill_the_memory(served: Served) -> None:
    """Each client sends most of a batch, which is allowed, and holds back the rest."""
    head = b"POST /api/v1/tts/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000000\r\n\r\n"
    begun = head + b'{"texts": ["' + b"a" * 20 * MEGABYTE
    before = served.memory()
    with ExitStack() as clients:
        waiting = [clients.enter_context(served.connect()) for _ in range(12)]
        for client in waiting:
            client.sendall(begun)
        wait_for(lambda: len(_answered(waiting)) >= 5, "refusals", 30)
        time.sleep(1)
        refused = _answered(waiting)
        assert 5 <= len(refused) <= 8, "a hundred and twenty-eight megabytes are for six"
        assert all(client.recv(100).startswith(b"HTTP/1.1 429 ") for client in refused)
        assert served.memory() - before < 300 * MEGABYTE

    def there_is_room() -> bool:
        body = b'{"texts": ["..."' + b" " * MEGABYTE + b"]}"
        length = b"Content-Length: " + str(len(body)).encode()
        answer = served.told(b"POST /api/v1/tts/batch HTTP/1.1\r\n" + CLOSE + length + b"\r\n\r\n" + body)
        return answer.startswith(b"HTTP/1.1 422 ")

    wait_for(there_is_room, "room after those clients have gone", 20)


def _answered(clients: list[socket.socket]) -> list[socket.socket]:
    """Return the connections with data to read."""
    return select.select(clients, [], [], 0)[0]
