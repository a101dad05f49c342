"""A small server that receives webhooks and verifies their signatures."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

SECRET = "a-secret-of-the-tests"


@dataclass(frozen=True, slots=True)
class Told:
    """A POST with a valid signature."""

    path: str
    delivery: str
    message: dict[str, Any]


class Receiver:
    """Received webhooks `told`, in order of arrival; `answer` returns the status of the next, or blocks."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.hosts: list[str] = []
        self.answer: Callable[[], int] = lambda: 200
        self.closing = Event()
        self.port = 0

    def url(self, path: str = "/ends") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def hang(self) -> int:
        self.closing.wait(20)
        return 200


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    """Run a receiver on a free port, or on `port`."""
    ours = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            timestamp = self.headers["X-VoxQ-Timestamp"]
            signed = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
            assert self.headers["X-VoxQ-Signature"] == f"sha256={signed}"
            assert abs(time.time() - int(timestamp)) < 60
            told = Told(self.path, self.headers["X-VoxQ-Delivery"], json.loads(body))
            ours.hosts.append(self.headers["Host"])
            ours.told.append(told)
            self.send_response(ours.answer())
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    ours.port = server.server_port
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield ours
    finally:
        ours.closing.set()
        server.shutdown()
        server.server_close()
