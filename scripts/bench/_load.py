"""Load generator: HTTP uploads over raw sockets, in its own process.

It reads a `Plan` as JSON from stdin and writes an `Outcome` to stdout. Requests are built in memory before
the clock starts, so that each costs one write and one read. The outcome includes how late the generator was
and how much processor time it used.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import count
from math import lcm
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

_BOUNDARY = "d6f1c0a37b2e4598"
_GRACE = 60.0
"""Seconds to wait for the last responses."""
_AFTER_BREAK = 0.05
"""Pause in seconds of a client whose connection broke, so that it does not spin on a dead server."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Plan of a load: `rate` requests per second at even intervals (open loop), or with None `clients` that
    each send the next request after a response (closed loop).

    The k-th request has the k-th of `files` and the k-th of `fields`, cyclically. Ends after `seconds` or
    `requests`.
    """

    url: str
    files: tuple[str, ...]
    clients: int
    seconds: float
    rate: float | None = None
    requests: int | None = None
    fields: tuple[Mapping[str, str], ...] = field(default=({},))

    @property
    def total(self) -> int | None:
        return round(self.rate * self.seconds) if self.rate else self.requests


@dataclass(frozen=True, slots=True)
class Answer:
    """Timing of a request: when it was due and sent, in seconds from the start, and seconds from due to
    response.

    `status` is 0 if the connection broke.
    """

    due: float
    sent: float
    latency: float
    status: int
    task_id: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All responses, and the generator's own use of the processor in seconds.

    `began` is on the monotonic clock, which all processes of a machine share.
    """

    began: float
    answers: tuple[Answer, ...]
    wall: float
    processor: float

    @property
    def accepted(self) -> list[Answer]:
        return [answer for answer in self.answers if 200 <= answer.status < 300]

    @property
    def refused(self) -> int:
        return len(self.answers) - len(self.accepted)

    @property
    def latencies_ms(self) -> list[float]:
        """Latencies of the accepted requests."""
        return [answer.latency * 1000 for answer in self.accepted]

    @property
    def lateness_ms(self) -> list[float]:
        """Delays between the due time of each request and its sending."""
        return [(answer.sent - answer.due) * 1000 for answer in self.answers]

    @property
    def per_second(self) -> float:
        return len(self.accepted) / self.wall


def generate(plan: Plan) -> Outcome:
    """Execute the plan in another process. Raises RuntimeError if that process fails."""
    done = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        timeout=plan.seconds + 2 * _GRACE,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr[-500:]}")
    outcome = json.loads(done.stdout)
    outcome["answers"] = tuple(Answer(**answer) for answer in outcome["answers"])
    return Outcome(**outcome)


class _Connection(asyncio.Protocol):
    """Keep-alive connection with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answer: asyncio.Future[bytes] | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, request: bytes) -> bytes:
        """Send a request and return the response. Raises ConnectionError."""
        if self._transport is None or not self.is_open:
            raise ConnectionResetError
        self._received.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has the interface but is no subclass

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = bytes(self._received).partition(b"\r\n\r\n")
        if found and len(body) >= _content_length(head) and self._answer and not self._answer.done():
            self._answer.set_result(bytes(self._received))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())


class _Generator:
    def __init__(self, plan: Plan) -> None:
        address = urlsplit(plan.url)
        self._plan = plan
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._requests = [
            _request(address.netloc, address.path, Path(file), plan.fields[number % len(plan.fields)])
            for number, file in enumerate(_repeated(plan.files, len(plan.fields)))
        ]
        self._idle: deque[_Connection] = deque()  # used in rotation: a server closes idle ones
        self._answers: list[Answer] = []
        self._started = 0.0

    async def run(self) -> Outcome:
        self._idle.extend([await self._connect() for _ in range(self._plan.clients)])
        processor = time.process_time()
        self._started = time.monotonic()
        if self._plan.rate:
            await self._evenly(self._plan.rate)
        else:
            await self._closed()
        wall = self._now()
        processor = time.process_time() - processor
        for connection in self._idle:
            connection.close()
        return Outcome(self._started, tuple(self._answers), wall, processor)

    async def _evenly(self, rate: float) -> None:
        """Send each request when it is due, whether or not earlier ones are answered (open loop)."""
        async with asyncio.timeout(self._plan.seconds + _GRACE), asyncio.TaskGroup() as group:
            for number in range(self._plan.total or 0):
                due = number / rate
                await asyncio.sleep(due - self._now())
                group.create_task(self._send(number, due))

    async def _closed(self) -> None:
        numbers = count()
        total = self._plan.total

        async def client() -> None:
            for number in numbers:
                if self._now() >= self._plan.seconds or (total is not None and number >= total):
                    return
                await self._send(number, self._now())

        async with asyncio.timeout(self._plan.seconds + _GRACE), asyncio.TaskGroup() as group:
            for _ in range(self._plan.clients):
                group.create_task(client())

    async def _send(self, number: int, due: float) -> None:
        request = self._requests[number % len(self._requests)]
        sent = self._now()
        status, task_id = 0, None
        try:
            connection = self._idle.popleft() if self._idle else await self._connect()
            status, task_id = _parsed(await connection.exchange(request))
            if connection.is_open:
                self._idle.append(connection)
        except OSError:
            await asyncio.sleep(_AFTER_BREAK)
        self._answers.append(Answer(due, sent, self._now() - due, status, task_id))

    def _now(self) -> float:
        return time.monotonic() - self._started

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._host, self._port)
        return connection


def _repeated(files: tuple[str, ...], fields: int) -> tuple[str, ...]:
    """Repeat the files until every combination with `fields` fields that can occur has occurred."""
    return files * (lcm(len(files), fields) // len(files))


def _request(netloc: str, path: str, file: Path, fields: Mapping[str, str]) -> bytes:
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    opening = f'name="audio"; filename="note{file.suffix}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    parts.append(opening.encode() + file.read_bytes())
    before = f"--{_BOUNDARY}\r\nContent-Disposition: form-data; ".encode()
    body = b"".join(before + part + b"\r\n" for part in parts) + f"--{_BOUNDARY}--\r\n".encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {netloc}\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise ConnectionError("an answer without a length")


def _parsed(response: bytes) -> tuple[int, str | None]:
    head, _, body = response.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    task_id = json.loads(body).get("task_id") if 200 <= status < 300 else None
    return status, task_id


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(_Generator(plan).run())
    json.dump(asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()
