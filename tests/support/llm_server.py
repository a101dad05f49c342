"""A server of a language model on the loopback, with OpenAI's chat API and Ollama's own, which can misbehave.

What its model writes is a function of the transcript in the request, so a test decides whether it obeys,
invents or does what it was asked for.
"""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from voxq.llm.provider import Provider

_BLOCK = re.compile(r"<transcript (\w+)>\n(.*)\n</transcript \1>", re.DOTALL)
MODEL = "qwen3:8b"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its path, its headers in lower case, its body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        return "\n".join(message["content"] for message in self.body["messages"])


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request instead of an answer."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hangs: bool = False
    """Nothing is sent; with `after` pieces of the answer, nothing more."""
    after: int | None = None
    """Pieces of the answer after which it hangs, or the connection is closed."""
    resets: bool = False
    """The connection is closed before anything is sent."""


def failed(status: int, **headers: str) -> Fault:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(status, names, json.dumps({"error": {"message": "out of luck", "type": "x"}}).encode())


HANGS = Fault(hangs=True)
RESETS = Fault(resets=True)
CUT_OFF = Fault(after=2)
GOES_SILENT = Fault(after=2, hangs=True)
NO_JSON = Fault(body=b"data: certainly, here is the text\n\ndata: [DONE]\n\n")
WRONG_SHAPE = Fault(body=b'data: {"choices": [{"delta": {"content": ["a"]}}]}\n\ndata: [DONE]\n\n')
HTML = Fault(headers={"Content-Type": "text/html"}, body=b"<html><body>Please log in</body></html>")
EMPTY = Fault(body=b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n')
REDIRECT = Fault(302, {"Location": "http://127.0.0.1:9/elsewhere"})


@dataclass
class LlmServer:
    """The server, and how it behaves; mutable."""

    write: Callable[[str], str] = lambda text: text
    """What the model writes about a transcript; of a request without one, about the last message."""
    context: int = 4096
    """Tokens of the model's context; a request to Ollama's own API sets it (`num_ctx`)."""
    cuts_prompts: bool = False
    """Whether a prompt that is too long loses its beginning without a word, instead of being refused."""
    is_ollama: bool = False
    key: str = ""
    thoughts: str = ""
    """What the model thinks, in a field of its own."""
    streams: bool = True
    """Whether it sends its answer piece by piece if asked to."""
    seconds: float = 0.0
    """How long it takes before it answers."""
    pause: float = 0.0
    """Seconds between two pieces of its answer."""
    refused_fields: tuple[str, ...] = ()
    is_endless: bool = False
    stops_early: bool = False
    """Whether its answers end in the middle because the context is full."""
    faults: deque[Fault] = field(default_factory=deque)
    """What happens to the next requests, one after the other."""
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    most_at_once: int = 0
    closing: Event = field(default_factory=Event)
    gone: Event = field(default_factory=Event)
    """Set once a client has gone in the middle of an answer."""

    def provider(self, name: str = "local", **changes: Any) -> Provider:
        return Provider(name, f"{self.url}/v1", MODEL, **{"context": 4096, "seconds": 20.0} | changes)

    @property
    def chats(self) -> list[Asked]:
        return [each for each in self.asked if each.path.endswith(("/chat/completions", "/api/chat"))]


def tokens_of(text: str) -> int:
    """Tokens as this server counts them: of three bytes each."""
    return len(text.encode()) // 3


def transcript_of(messages: list[dict[str, Any]]) -> str:
    """The transcript in a request of the rewriting engine, or the last message of any other."""
    last = str(messages[-1]["content"])
    found = _BLOCK.search(last)
    return found[2] if found else last


@contextmanager
def llm_server(**behaviour: Any) -> Iterator[LlmServer]:
    """Run a server on a free port."""
    ours = LlmServer(**behaviour)
    at_once, lock = [0], Lock()

    class Handler(_Handler):
        server_state = ours

        def do_POST(self) -> None:
            with lock:
                at_once[0] += 1
                ours.most_at_once = max(ours.most_at_once, at_once[0])
            try:
                super().do_POST()
            finally:
                with lock:
                    at_once[0] -= 1

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    ours.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield ours
    finally:
        ours.closing.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_state: LlmServer

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        state = self.server_state
        self._note({})
        if self.path == "/api/version" and state.is_ollama:
            self._send(200, {"version": "0.34.0"})
        elif self.path == "/v1/models" and not self._is_refused():
            self._send(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        elif self.path != "/v1/models":
            self._send(404, {"error": {"message": "File Not Found", "type": "not_found_error"}})

    def do_POST(self) -> None:
        state = self.server_state
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._note(body)
        is_own = self.path == "/api/chat"
        if self._is_refused():
            return
        if self.path != "/v1/chat/completions" and not (is_own and state.is_ollama):
            self._send(404, {"error": "not found"})
            return
        if state.seconds and state.closing.wait(state.seconds):
            return
        fault = state.faults.popleft() if state.faults else None
        if fault is not None and fault.after is None:
            self._misbehave(fault)
        elif body["model"] != MODEL:
            self._send(404, {"error": {"message": f"model {body['model']!r} not found", "type": "not_found"}})
        elif name := next((each for each in state.refused_fields if each in body), None):
            self._send(400, {"error": {"message": f"Unsupported parameter: {name!r}", "type": "bad"}})
        elif prompt := self._fitting(body, is_own):
            self._answer(body, prompt, is_own, fault)

    def _note(self, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server_state.asked.append(Asked(self.path, headers, body))

    def _is_refused(self) -> bool:
        key = self.server_state.key
        if not key or self.headers.get("Authorization") == f"Bearer {key}":
            return False
        given = self.headers.get("Authorization", "")
        self._send(401, {"error": {"message": f"Incorrect API key provided: {given}", "type": "auth"}})
        return True

    def _fitting(self, body: dict[str, Any], is_own: bool) -> list[dict[str, Any]] | None:
        """The messages as the model gets them; None if they are too long and were refused."""
        state, messages = self.server_state, body["messages"]
        context = body.get("options", {}).get("num_ctx", 4096) if is_own else state.context
        size = sum(tokens_of(str(message["content"])) for message in messages)
        if size <= context:
            return messages
        if state.cuts_prompts or (is_own and (body.get("truncate", True) or body.get("shift", True))):
            kept = str(messages[-1]["content"]).encode()[-context * 3 :].decode("utf-8", "ignore")
            return [{"role": "user", "content": kept}]
        says = f"request ({size} tokens) exceeds the available context size ({context} tokens)"
        error = {"code": 400, "message": says, "type": "exceed_context_size_error"}
        self._send(400, {"error": says if is_own else error})
        return None

    def _answer(
        self, body: dict[str, Any], messages: list[dict[str, Any]], is_own: bool, fault: Fault | None
    ) -> None:
        state = self.server_state
        text = state.write(transcript_of(messages))
        if not (body.get("stream") and state.streams):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            whole = {"id": "chatcmpl-1", "object": "chat.completion", "model": MODEL, "choices": [choice]}
            own = {"model": MODEL, "message": message, "done": True, "done_reason": "stop"}
            self._send(200, own if is_own else whole)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson" if is_own else "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for number, line in enumerate(self._lines(text, is_own)):
                if fault is not None and number >= (fault.after or 0):
                    if fault.hangs:
                        state.closing.wait(30)
                    self.close_connection = True
                    return
                self._chunk(line)
            self._chunk(b"")
        except (BrokenPipeError, ConnectionResetError):
            state.gone.set()
            self.close_connection = True

    def _lines(self, text: str, is_own: bool) -> Iterator[bytes]:
        state = self.server_state
        make = _ollama_line if is_own else _openai_line
        if state.thoughts:
            yield make({"thinking" if is_own else "reasoning_content": state.thoughts}, None)
        while True:
            for start in range(0, len(text), 12):
                yield make({"content": text[start : start + 12]}, None)
                state.closing.wait(state.pause)
            if not state.is_endless or state.closing.is_set():
                break
            time.sleep(0.001)
        yield make({"content": ""}, "length" if state.stops_early else "stop")
        if not is_own:
            yield b"data: [DONE]\n\n"

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _misbehave(self, fault: Fault) -> None:
        if fault.hangs:
            self.server_state.closing.wait(30)
        if fault.hangs or fault.resets:
            self.close_connection = True
            return
        self.send_response(fault.status)
        for name, value in {"Content-Type": "text/event-stream", **fault.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(fault.body)))
        self.end_headers()
        self.wfile.write(fault.body)

    def _send(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _openai_line(delta: dict[str, str], end: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": end}
    content = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": MODEL, "choices": [choice]}
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n".encode()


def _ollama_line(message: dict[str, str], end: str | None) -> bytes:
    content: dict[str, Any] = {"model": MODEL, "message": {"role": "assistant", "content": ""} | message}
    content |= {"done": end is not None} | ({"done_reason": end} if end else {})
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"
