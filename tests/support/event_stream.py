"""Client of server-sent events that keeps the last id, as an EventSource does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Event:
    """An event; `at` is its arrival by `time.monotonic`."""

    id: str
    name: str
    data: dict[str, Any]
    at: float


class EventStream:
    """Iterator over an open stream. `comments` and `retry` are those read so far."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.comments: list[str] = []
        self.retry: int | None = None
        self._events = self._read()

    def __iter__(self) -> Iterator[Event]:
        return self._events

    def __next__(self) -> Event:
        return next(self._events)

    def _read(self) -> Iterator[Event]:
        fields: dict[str, str] = {}
        for line in self.answer.iter_lines():
            if not line:
                if "event" in fields:
                    data = json.loads(fields["data"])
                    yield Event(fields["id"], fields["event"], data, time.monotonic())
                fields = {}
                continue
            name, _, value = line.partition(": ")
            if not name:
                self.comments.append(value)
            elif name == "retry":
                self.retry = int(value)
            else:
                fields[name] = value


@contextmanager
def event_stream(url: str, seen: str = "", **headers: str) -> Iterator[EventStream]:
    """Open the stream of events at `url` after the one with the id `seen`."""
    headers |= {"Last-Event-ID": seen} if seen else {}
    with (
        httpx.Client(trust_env=False, timeout=60) as http,
        http.stream("GET", url, headers=headers) as answer,
    ):
        if answer.status_code >= 400:
            answer.read()
        stream = EventStream(answer)  # a reference, without which httpx closes the connection
        yield stream
