"""Doubles of a worker's helper processes, which answer each message at once."""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from voxq.engines.contract import Cost, Layout
from voxq.processes.child import Child, ChildDied, Message
from voxq.processes.media import protocol as media
from voxq.processes.model import protocol as model
from voxq.speech.markup import Utterance
from voxq.speech.sentences import Break

Answer = Callable[[Any], Any]
"""Function from the reference to a chunk, as a model process gets it, to the chunk's result or a ChunkError.
It may raise ChildDied to end the process."""


class FakeChild:
    """Double of a `Child`. It has a real descriptor, so that a real poller sees its messages."""

    def __init__(self, answers: Callable[[Message], Iterable[Message]]) -> None:
        self._answers = answers
        self._inbox: deque[Message] = deque()
        self._near, self._far = socket.socketpair()
        self._is_dead = False
        self.pid = os.getpid()

    def fileno(self) -> int:
        return self._near.fileno()

    def poll(self, seconds: float = 0.0) -> bool:
        return bool(self._inbox) or self._is_dead

    def is_alive(self) -> bool:
        return not self._is_dead

    def send(self, message: Message) -> None:
        """Answer a message. Raises ChildDied if the process has ended."""
        if self._is_dead:
            raise ChildDied
        try:
            for answer in self._answers(message):
                self._put(answer)
        except ChildDied:
            self.die()

    def receive(self) -> Message:
        """Return the next message. Raises ChildDied when there are no more."""
        self._near.recv(1)
        if not self._inbox:
            raise ChildDied
        return self._inbox.popleft()

    def die(self) -> None:
        """End the process, after the messages that it has sent."""
        self._is_dead = True
        self._far.send(b".")

    def kill(self, wait: float = 5.0) -> str:
        self._is_dead = True
        self._near.close()
        self._far.close()
        return "signal SIGKILL"

    def _put(self, message: Message) -> None:
        self._inbox.append(message)
        self._far.send(b".")


class FakeProcesses(AbstractContextManager["FakeProcesses"]):
    """Makes every helper process that is started within its context a `FakeChild`.

    Texts are cut at ". "; a recording is one chunk of its `seconds`. `answer` gives the result of each chunk;
    `calls` lists the batches that models were given, `trials` what was measured; `speed` gives the speed of a
    layout, which by default grows with it, and `waited` is the share of that time without a processor.
    """

    def __init__(self, answer: Answer, *, seconds: float = 10.0) -> None:
        self.answer = answer
        self.calls: list[tuple[model.ChunkRef, ...]] = []
        self.trials: list[model.Trial] = []
        self.waited = 0.0
        self.speed: Callable[[Layout], float] = lambda layout: float(layout.replicas * layout.items)
        self.children: list[FakeChild] = []
        self._seconds = seconds
        self._start = Child.__dict__["start"]

    def __enter__(self) -> Self:
        Child.start = self._started  # pyright: ignore[reportAttributeAccessIssue]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        Child.start = self._start

    def _started(self, module: str, *_: Any, **__: Any) -> FakeChild:
        is_model = module == model.MODEL_PROCESS_MODULE
        self.children.append(FakeChild(self._of_model if is_model else self._of_media))
        return self.children[-1]

    def _of_media(self, message: Message) -> list[Message]:
        request = media.CODEC.decode_request(message)
        replies: list[media.Reply] = []
        match request:
            case media.Split():
                texts = [f"{text.rstrip('.')}." for text in request.text.split(". ")]
                found = tuple(Utterance(text, Break.SENTENCE) for text in texts)
                replies = [media.Sentences(request.id, found), media.Prepared(request.id, 0.0, 0.0, 0.0)]
            case media.Prepare():
                end = round(self._seconds * 16_000)
                chunks = media.Chunks(request.id, ((0, end),), self._seconds)
                replies = [chunks, media.Prepared(request.id, self._seconds, 0.0, 0.0)]
            case media.Probe():
                replies = [media.Failed(request.id, "internal", "A double knows no recordings.")]
        return [media.CODEC.encode(reply) for reply in replies]

    def _of_model(self, message: Message) -> Iterator[Message]:
        request = model.CODEC.decode_request(message)
        if isinstance(request, model.Load | model.Trial):
            yield model.CODEC.encode(model.Loaded(0.1, "revision", 10, 10, Cost(0.01, 0.01)))
            if isinstance(request, model.Trial):
                self.trials.append(request)
                for items in request.items:
                    speed = self.speed(Layout(request.request.replicas, items))
                    yield model.CODEC.encode(model.Measured(items, speed, speed, self.waited))
            return
        self.calls.append(request.items)
        yield model.CODEC.encode(model.Started(request.batch))
        results = tuple(self.answer(item) for item in request.items)
        yield model.CODEC.encode(model.Finished(request.batch, 0.1, results))
