"""Joins speech while it is made: the sentences of each text, in order, into a growing file."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from voxq.kinds.work import Joined, OutputFile
from voxq.locale import Message
from voxq.processes.child import Child, ChildDied
from voxq.processes.media import JOINER_MODULE
from voxq.processes.media import join_protocol as protocol
from voxq.processes.messages import ProtocolError
from voxq.worker.disk_trouble import DiskRetry, DiskWarnings
from voxq.worker.media.media_link import MediaFailed
from voxq.worker.media.news_queue import NewsQueue
from voxq.worker.poller import Poller
from voxq.worker.runs.task_run import TaskRun

_AT_ONCE = 8
"""Sentences in one request: resuming a long text must not delay the others."""


@dataclass(frozen=True, slots=True)
class Grown:
    """Reports that more of the speech can be heard."""


News = Grown | Joined | MediaFailed
"""News of a text's file: it has grown, is complete, or cannot be made."""


@dataclass(slots=True)
class _Case:
    """Progress of joining one text."""

    id: str | None = None
    """Id of the attempt under way."""
    given: int = 0
    """Sentences given in this attempt."""
    is_asked: bool = False
    """Whether an answer is due."""
    times: list[tuple[float, float]] = field(default_factory=list)
    disk_retry: DiskRetry = field(default_factory=DiskRetry)

    def start_over(self) -> None:
        self.id, self.given, self.is_asked = None, 0, False
        self.times.clear()


class Joining:
    """Joins the texts of a worker in one process, which is started when it is first needed.

    When that process dies, or the disk accepts no data for a while, the files are begun anew, from sentences
    that lie on disk: encoding is many times faster than speaking.
    """

    def __init__(
        self, poller: Poller, disk_warnings: DiskWarnings, *, timeout: float, patience: float
    ) -> None:
        """Start no process yet. `timeout`: seconds that one request may take; `patience`: seconds to wait for
        a disk."""
        self._poller = poller
        self._disk_warnings = disk_warnings
        self._timeout = timeout
        self._patience = patience
        self._child: Child | None = None
        self._cases: dict[TaskRun, _Case] = {}
        self._asked: deque[tuple[TaskRun, protocol.Append]] = deque()
        """Requests that the process has not answered; it works on the first."""
        self._late_at = float("inf")
        self._numbers = count(1)
        self.news: NewsQueue[News] = NewsQueue()
        """News of texts that nobody has taken yet."""

    def start(self) -> None:
        """Start the process before the first sentence is spoken."""
        try:
            self._ready()
        except OSError as error:  # tried again with the first sentence
            self._disk_warnings.about(error)

    def go_on(self, text: TaskRun) -> bool:
        """Have the sentences spoken so far joined. True if a request is under way, so that news will
        follow."""
        case = self._cases.setdefault(text, _Case())
        if case.is_asked or self._has_failed(text):
            return True
        sounds = _sounds(text, case.given)
        if not sounds or time.monotonic() < case.disk_retry.not_before:
            return False
        try:
            self._give(text, case, sounds)
        except (OSError, ChildDied) as error:
            reason = (
                error.strerror
                if isinstance(error, OSError)
                else Message("the joining process does not start")
            )
            self._put_off(text, case, Message("The speech could not be written: {reason}.", reason=reason))
        return case.is_asked

    def advance(self) -> None:
        """Continue with all texts that have something to join and could not be joined a moment ago."""
        for text in list(self._cases):
            self.go_on(text)

    def remove(self, text: TaskRun) -> None:
        """Stop joining a text that is no longer wanted, and discard its news."""
        self.news.discard(text)
        case = self._cases.pop(text, None)
        if case is not None and case.id is not None and self._child is not None:
            try:
                self._child.send(protocol.CODEC.encode(protocol.Drop(case.id)))
            except ChildDied:
                self._end()

    def _has_failed(self, text: TaskRun) -> bool:
        """Whether there is news of a failure that has not been taken: another attempt would fail again."""
        return any(isinstance(news, MediaFailed) for news in self.news.of(text))

    @property
    def deadline(self) -> float:
        """Time at which there is news, or `enforce_deadlines` or `advance` has something to do (monotonic
        clock)."""
        if self.news:
            return 0.0
        waiting = (case.disk_retry.not_before for case in self._cases.values() if case.id is None)
        return min([self._late_at, *(at for at in waiting if at > time.monotonic())])

    def enforce_deadlines(self) -> None:
        if time.monotonic() >= self._late_at:
            message = Message("Encoding timeout ({seconds:g}s exceeded)", seconds=self._timeout)
            self._fail_first(lambda _: MediaFailed("encode_timeout", message))

    def close(self) -> None:
        self._end()

    def _give(self, text: TaskRun, case: _Case, sounds: tuple[protocol.Sound, ...]) -> None:
        """Send a request to the process. Raises OSError, ChildDied."""
        try:
            self._send(text, case, sounds)
        except ChildDied:  # between two requests: no text is to blame
            self._end()
            self._send(text, case, _sounds(text, 0))

    def _send(self, text: TaskRun, case: _Case, sounds: tuple[protocol.Sound, ...]) -> None:
        child = self._ready()
        if case.id is None:
            id = f"{text.task.id}.{next(self._numbers)}"
            child.send(protocol.CODEC.encode(_file_of(text).begin(id)))
            case.id = id
        given = case.given + len(sounds)
        append = protocol.Append(case.id, sounds, is_last=given == len(text.first.chunks))
        child.send(protocol.CODEC.encode(append))
        case.given, case.is_asked = given, True
        if not self._asked:
            self._late_at = time.monotonic() + self._timeout
        self._asked.append((text, append))

    def _on_message(self) -> None:
        assert self._child is not None
        try:
            reply = protocol.CODEC.decode_reply(self._child.receive())
            if not self._asked or not protocol.is_answer_to(self._asked[0][1], reply):
                raise ProtocolError("an answer to nothing")
        except (ChildDied, ProtocolError):
            self._fail_first(
                lambda ended: MediaFailed(
                    "encoder_crashed",
                    Message("The encoder crashed on this text ({ended}).", ended=ended),
                    is_crash=True,
                )
            )
            return
        text, asked = self._asked.popleft()
        self._late_at = time.monotonic() + self._timeout if self._asked else float("inf")
        case = self._cases.get(text)
        if case is not None and case.id == asked.id:
            case.is_asked = False
            self._take(text, case, reply)

    def _take(self, text: TaskRun, case: _Case, reply: protocol.Reply) -> None:
        match reply:
            case protocol.Appended():
                case.disk_retry.over()
                case.times += reply.times
                self.go_on(text)  # at once: handling the news may keep the worker busy for a while
                self.news.add(text, Grown())
            case protocol.Joined():
                del self._cases[text]
                times = (*case.times, *reply.times)
                self.news.add(text, Joined(reply.duration, reply.rate, times, reply.encode_seconds))
            case protocol.Failed(code="storage"):
                self._put_off(text, case, reply.message)
            case protocol.Failed():
                case.start_over()
                self.news.add(text, MediaFailed(reply.code, reply.message))

    def _put_off(self, text: TaskRun, case: _Case, message: str) -> None:
        case.start_over()
        if case.disk_retry.again(time.monotonic(), self._patience):
            self._disk_warnings.about(message)
        else:
            self.news.add(text, MediaFailed("storage", message))

    def _fail_first(self, failed: Callable[[str], MediaFailed]) -> None:
        """Fail the first request, with which the process died or has to be ended. `failed` gets how the
        process ended."""
        text = self._asked[0][0] if self._asked else None
        ended = self._end()
        if text is not None and text in self._cases:
            self.news.add(text, failed(ended))

    def _ready(self) -> Child:
        """Return the process, started if need be. Raises OSError."""
        if self._child is None:
            self._child = Child.start(JOINER_MODULE)
            self._poller.watch(self._child.fileno(), self._on_message)
        return self._child

    def _end(self) -> str:
        """End the process; every file will be begun anew. Returns how it ended."""
        ended = "not running"
        if self._child is not None:
            self._poller.unwatch(self._child.fileno())
            ended = self._child.kill()
        self._child, self._late_at = None, float("inf")
        self._asked.clear()
        for case in self._cases.values():
            case.start_over()
        return ended


def _file_of(text: TaskRun) -> OutputFile:
    assert text.output is not None  # or it would not be here
    return text.output


def _sounds(text: TaskRun, first: int) -> tuple[protocol.Sound, ...]:
    """Sounds that can be joined next; none until every piece is known, because the last has no pause after
    it."""
    return _file_of(text).sounds(first, _AT_ONCE) if text.prepared is not None else ()
