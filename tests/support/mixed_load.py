"""Mixed load of about sixty clients: notes, long files and texts, some cancelled, some with a webhook.

The clients are persistent, as a client with an Idempotency-Key can be: after any error they repeat the
request with the same key until they get an id.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from stack import RunningStack
from webhook_receiver import SECRET, Receiver
from worker_lab import NOTE, recording_of

from voxq.core.task import Priority

CALLBACK = "ends"
"""Name of the webhook that some clients request."""

_CLIENTS = 4
_PAUSE = 0.2
"""Seconds before a client repeats its request."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Request of one client: a recording with a path, or a text with its sentences."""

    key: str
    kind: str
    fields: dict[str, Any]
    recording: Path = NOTE
    text: str = ""
    is_cancelled: bool = False
    """Whether the client cancels it shortly after it was accepted."""


@dataclass(slots=True)
class Answers:
    """Responses to the clients: ids by key, and the time (seconds since the epoch) of each."""

    ids: dict[str, str] = field(default_factory=dict)
    at: list[float] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)
    """Ids of tasks that were cancelled after their end, so that they may have been deleted."""
    tries: int = 0
    """Number of requests that failed."""


def webhook(told: Receiver) -> dict[str, Any]:
    """Settings that register this receiver as a webhook."""
    return {
        "webhooks": f"{CALLBACK}={told.url()}",
        "webhook_secrets": f"{CALLBACK}:{SECRET}",
        "webhook_allow_private": True,
    }


def long_file(directory: Path) -> Path:
    """Two minutes of speech, about twenty chunks."""
    return recording_of(directory / "long.wav", *["zh_meeting"] * 5)


def wishes(
    chance: random.Random,
    count: int,
    long: Path,
    *,
    callback: str | None = CALLBACK,
    how: str = "slowly",
) -> list[Wish]:
    """Random requests, mostly notes and texts: one in twenty is long, one in ten cancelled, one in eight has
    a webhook.

    `how`: a word of `counting_voice` for the texts.
    """
    return [_wish(chance, number, long, callback, how) for number in range(count)]


def post(stack: RunningStack, wish: Wish, *, key: str | None = None) -> httpx.Response:
    """Send the request once."""
    if wish.kind == "tts":
        return stack.post_text(wish.text, key=key, **wish.fields)
    return stack.post(wish.recording, key=key, **wish.fields)


def _wish(chance: random.Random, number: int, long: Path, callback: str | None, how: str) -> Wish:
    key = f"{chance.getrandbits(64):x}-{number}"
    fields: dict[str, Any] = {"priority": chance.choice(list(Priority)).value}
    if callback and number % 8 == 3:
        fields["callback"] = callback
    is_cancelled = number % 10 == 7
    if number % 20 == 5:
        return Wish(key, "asr", fields | {"batch_size": "8"}, long, is_cancelled=is_cancelled)
    if number % 15 == 4:
        return Wish(key, "asr", fields | {"hotwords": "fault-error"})
    if chance.random() < 0.5:
        return Wish(key, "asr", fields, is_cancelled=is_cancelled)
    count = chance.randint(1, 4)
    sentences = (f"Sentence {each} of text {number} is said {how}." for each in range(count))
    return Wish(key, "tts", fields, text=" ".join(sentences), is_cancelled=is_cancelled)


class MixedLoad:
    """Context manager that submits requests over a number of seconds, while the test kills processes."""

    def __init__(
        self, stack: RunningStack, wanted: Sequence[Wish], seconds: float, patience: float = 90
    ) -> None:
        self.answers = Answers()
        self._stack = stack
        self.wanted = wanted
        self._every = seconds / max(1, len(wanted))
        self._patience = patience
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_CLIENTS)
        self._began = time.monotonic()
        self._pending = [self._pool.submit(self._client, *each) for each in enumerate(wanted)]

    def __enter__(self) -> MixedLoad:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def wait(self) -> Answers:
        """Wait until every client has got an id. Raises AssertionError if one has not."""
        for each in self._pending:
            each.result()
        return self.answers

    def ask_again(self) -> None:
        """Repeat every request with its key, and assert that the client gets the same task."""
        for wish in self.wanted:
            known = self.answers.ids[wish.key]
            if known in self.answers.forgotten:
                continue
            answer = post(self._stack, wish, key=wish.key)
            assert (answer.status_code, answer.json().get("task_id")) == (200, known), answer.text

    def _client(self, number: int, wish: Wish) -> None:
        time.sleep(max(0.0, self._began + number * self._every - time.monotonic()))
        task_id = self._insist(lambda: post(self._stack, wish, key=wish.key)).json()["task_id"]
        with self._lock:
            self.answers.ids[wish.key] = task_id
            self.answers.at.append(time.time())
        if wish.is_cancelled:
            with self._lock:
                self.answers.forgotten.add(task_id)
            self._insist(lambda: self._stack.http.delete(f"/api/v1/{wish.kind}/task/{task_id}"))

    def _insist(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """Repeat a request until it succeeds; a 404 counts, too, since the task may be gone already."""
        deadline = time.monotonic() + self._patience
        said = "nothing"
        while time.monotonic() < deadline:
            try:
                answer = ask()
            except httpx.HTTPError as error:
                said = repr(error)
            else:
                if answer.status_code in (200, 404):
                    return answer
                said = f"{answer.status_code} {answer.text}"
                # If its probing process was killed, nobody can tell whether the file was at fault.
                assert answer.status_code >= 500 or answer.json().get("code") == "undecodable", said
            with self._lock:
                self.answers.tries += 1
            time.sleep(_PAUSE)
        raise AssertionError(f"not answered within {self._patience} s; the last time: {said}")
