"""A hub on the loopback with Hugging Face's and ModelScope's protocols, which can misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
"""Commit of the main branch on the Hugging Face side."""


@dataclass
class Hub:
    """A repository "owner/name", and how the server misbehaves."""

    files: dict[str, bytes]
    url: str = ""
    truncate_after: int | None = None
    """Bytes of a file after which each connection is closed; None for no limit."""
    ranges: bool = True
    """Whether Range headers are honoured."""
    serve: dict[str, bytes] = field(default_factory=dict)
    """Contents, by name, that differ from the listing."""
    listing: Any = None
    """Response in place of the listing, if not None."""
    status: int = 200
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def hugging_face(self) -> dict[str, Any]:
        siblings = []
        for path, content in self.files.items():
            entry: dict[str, Any] = {"rfilename": path, "size": len(content)}
            if path.endswith(".bin"):  # large files are in LFS and have a SHA-256, small ones are in git
                digest = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"size": len(content), "sha256": digest, "pointerSize": 134}
            else:
                entry["blobId"] = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
            siblings.append(entry)
        return {"id": "owner/name", "sha": COMMIT, "siblings": siblings}

    def hugging_face_tree(self) -> list[dict[str, Any]]:
        """File tree that Hugging Face's own tools request in addition to the model's entry."""
        return [
            {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
            for path, content in self.files.items()
        ]

    def model_scope(self) -> dict[str, Any]:
        files: list[dict[str, Any]] = [
            {"Name": "sub", "Path": "sub", "Type": "tree", "Size": 0, "Sha256": ""}
        ]
        for path, content in self.files.items():
            digest = hashlib.sha256(content).hexdigest()
            files.append({"Name": path, "Path": path, "Type": "blob", "Size": len(content), "Sha256": digest})
        return {"Code": 200, "Success": True, "Data": {"Files": files}}


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Run the hub on a free port; its URL is in `hub.url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.requests.append((self.path, dict(self.headers)))
            _answer(hub, self)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def _answer(hub: Hub, request: BaseHTTPRequestHandler) -> None:
    url = urlsplit(request.path)
    if hub.status != 200:
        _send(request, hub.status, b"{}")
    elif url.path == "/api/models/owner/name/revision/main":
        _send(request, 200, json.dumps(hub.listing or hub.hugging_face()).encode())
    elif url.path == f"/api/models/owner/name/tree/{COMMIT}":
        _send(request, 200, json.dumps(hub.hugging_face_tree()).encode())
    elif url.path == "/api/v1/models/owner/name/repo/files":
        _send(request, 200, json.dumps(hub.listing or hub.model_scope()).encode())
    elif match := re.fullmatch(rf"/owner/name/resolve/{COMMIT}/(.+)", url.path):
        content = hub.files[unquote(match[1])]
        if request.command == "HEAD":  # the first request of Hugging Face's own tools
            request.send_response(200)
            request.send_header("Content-Length", str(len(content)))
        else:
            request.send_response(302)  # the real hub redirects large files to its storage
            request.send_header("Location", f"/storage/{match[1]}")
            request.send_header("Content-Length", "0")
        request.send_header("X-Repo-Commit", COMMIT)
        request.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        request.end_headers()
    elif url.path.startswith("/storage/"):
        _send_file(hub, request, unquote(url.path.removeprefix("/storage/")))
    elif url.path == "/api/v1/models/owner/name/repo":
        _send_file(hub, request, parse_qs(url.query)["FilePath"][0])
    else:
        _send(request, 404, b"{}")


def _send_file(hub: Hub, request: BaseHTTPRequestHandler, path: str) -> None:
    content = hub.serve.get(path, hub.files[path])
    start = 0
    if hub.ranges and (match := re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))):
        start = int(match[1])
    body = content[start:]
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    with contextlib.suppress(ConnectionError):  # clients that disconnect are part of the tests
        request.wfile.write(b"" if request.command == "HEAD" else body[: hub.truncate_after])


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(b"" if request.command == "HEAD" else body)
