"""The parent's end of a media process: one task at a time, killed when late, replaced if it dies."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from voxq.kinds.pieces import Phrase, Span
from voxq.kinds.work import Prepared
from voxq.locale import Message
from voxq.processes.child import Child, ChildDied
from voxq.processes.media import MEDIA_MODULE, protocol
from voxq.processes.messages import ProtocolError
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.markup import Utterance
from voxq.speech.sentences import spoken_seconds
from voxq.worker.runs.task_run import TaskRun

_SLACK_SECONDS = 1.0
"""Seconds by which decoded sound may exceed the allowed length, because it comes in blocks."""
_SHORTEST_CHUNK = SAMPLE_RATE // 20
"""Samples of the shortest chunk that is accepted. Real ones are longer, and chunks of a sample each could be
far too many."""
_MOST_GROWTH = 100
"""Characters that a text may become for each of its own: those of a reading that SSML asks for, and of
sentences about what is left out."""


@dataclass(frozen=True, slots=True)
class MediaFailed:
    """Failure of a recording or text. `is_crash`: the process died, which may be worth another try."""

    code: str
    message: str
    is_crash: bool = False

    @property
    def is_disk_trouble(self) -> bool:
        """Whether the disk did not accept the sound; the recording or text may be perfect."""
        return self.code == _STORAGE


News = list[Span] | list[Phrase] | Prepared | MediaFailed
"""Chunks that were found, the end of the request, or the reason why it failed."""

_STORAGE = "storage"


class MediaLink:
    """Link to one media process, started when it is first needed. Times are on the monotonic clock."""

    def __init__(self, timeout: float) -> None:
        """Start no process yet. `timeout`: seconds that one request may take."""
        self._timeout = timeout
        self._child: Child | None = None
        self._found = 0
        self._longest = 0.0
        self._said = self._most_said = 0
        self.decoded = 0.0
        """Seconds of sound on disk so far, those of separate channels added up."""
        self.task_run: TaskRun | None = None
        self.deadline = float("inf")
        """Time at which the process is to be killed."""

    @property
    def child(self) -> Child | None:
        return self._child

    def start(self) -> Child:
        """Return the process, started if need be; decoding libraries take a moment to load."""
        if self._child is None:
            self._child = Child.start(MEDIA_MODULE)
        return self._child

    def ask(self, task_run: TaskRun, request: protocol.Request) -> None:
        """Send a request; `receive` returns its news.

        Raises OSError when no process can be started, or the disk is not writable.
        """
        if isinstance(request, protocol.Prepare):
            request.scratch.unlink(missing_ok=True)  # a process that reads the old file keeps it
        message = protocol.CODEC.encode(request)
        try:
            self.start().send(message)
        except ChildDied:  # between two tasks: none is to blame
            self.kill()
            self.start().send(message)
        self.task_run, self._found, self.decoded = task_run, 0, 0.0
        self._longest, self._said, self._most_said = 0.0, 0, 0
        if isinstance(request, protocol.Prepare):
            self._longest = (request.max_seconds + _SLACK_SECONDS) * (2 if request.separate else 1)
        elif isinstance(request, protocol.Split):
            self._most_said = _MOST_GROWTH * len(request.text)
        self.deadline = time.monotonic() + self._timeout

    def receive(self) -> tuple[TaskRun, Sequence[News]] | None:
        """Take one message, with the news in their order. None if no task needs it any more."""
        assert self._child is not None
        task_run = self.task_run
        try:
            reply = protocol.CODEC.decode_reply(self._child.receive())
            self._check(reply)
        except (ChildDied, ProtocolError):
            ended = self.kill()
            if task_run is None:
                return None
            kind = task_run.kind
            message = Message(
                "The {preparer} crashed on this {noun} ({ended}).",
                preparer=kind.preparer,
                noun=kind.noun,
                ended=ended,
            )
            return task_run, [MediaFailed("decoder_crashed", message, is_crash=True)]
        if task_run is None or reply.id != task_run.task.id:
            return None
        news = self._news(reply)
        if not isinstance(news[-1], list):
            self.task_run, self.deadline = None, float("inf")
        return task_run, news

    def expire(self) -> tuple[TaskRun, News] | None:
        """End the process because the time is up."""
        task_run = self.task_run
        self.kill()
        if task_run is None:
            return None
        what = task_run.kind.preparation
        return task_run, MediaFailed(
            "decode_timeout",
            Message("{what} timeout ({seconds:g}s exceeded)", what=what, seconds=self._timeout),
        )

    def kill(self) -> str:
        """End the process, whatever it does. Returns how it ended."""
        ended = self._child.kill() if self._child else "not running"
        self._child, self.task_run, self.deadline = None, None, float("inf")
        return ended

    def _check(self, reply: protocol.Reply) -> None:
        """Check the numbers of a reply: a compromised process may send any. Raises ProtocolError."""
        match reply:
            case protocol.Chunks():
                self._check_length(reply.decoded)
                self.decoded = reply.decoded
                for start, end in reply.chunks:
                    if not self._found <= start <= end - _SHORTEST_CHUNK:
                        raise ProtocolError("chunks out of order")
                    self._found = end
                self._check_length(self._found / SAMPLE_RATE)
                if len(_spans(reply)) != len(reply.chunks) + len(reply.rests):
                    raise ProtocolError("rests out of order")
            case protocol.Prepared():
                self._check_length(reply.duration)
                if reply.last is not None:
                    self._check(reply.last)
                first, last = reply.channel_starts[0], reply.channel_starts[-1]
                if first != 0 or not 0 <= last <= self._longest * SAMPLE_RATE:
                    raise ProtocolError("channels that begin nowhere")
            case protocol.Sentences():
                self._said += sum(map(_size, reply.sentences))
                if self._said > self._most_said:
                    raise ProtocolError("more text than was given")
            case _:
                pass

    def _check_length(self, seconds: float) -> None:
        if not 0 <= seconds <= self._longest:
            raise ProtocolError("more than was requested")

    def _news(self, reply: protocol.Reply) -> list[News]:
        match reply:
            case protocol.Chunks():
                return [_spans(reply)]
            case protocol.Sentences():
                return [list(map(self._phrase, reply.sentences))]
            case protocol.Prepared():
                prepared = Prepared(
                    reply.duration,
                    reply.decode_seconds,
                    reply.vad_seconds,
                    reply.tracks,
                    reply.taken,
                    reply.channel_starts,
                )
                return [prepared] if reply.last is None else [_spans(reply.last), prepared]
            case protocol.Failed():
                return [MediaFailed(reply.code, reply.message)]
            case protocol.Probed() | protocol.Clipped():
                return [MediaFailed("internal", Message("The recording could not be decoded."))]

    def _phrase(self, said: Utterance) -> Phrase:
        start = self._found + len(said.joint or "")  # so the sentences after a cut one are where they were
        self._found = start + len(said.text)
        seconds = spoken_seconds(said.text)
        return Phrase(
            start, self._found, said.text, said.ending, seconds, said.delivery, said.skipped, said.joint
        )


def _size(said: Utterance) -> int:
    """Characters of a sentence and of what is left out in it; at least one."""
    return max(1, len(said.text)) + sum(len(each.text) + len(each.why) for each in said.skipped)


def _spans(reply: protocol.Chunks) -> list[Span]:
    """Pieces of the chunks; a rest that is out of order, or too near to another, divides nothing."""
    spans: list[Span] = []
    rests = deque(reply.rests)
    for start, end in reply.chunks:
        places = [start]
        while rests and places[-1] + _SHORTEST_CHUNK <= rests[0] <= end - _SHORTEST_CHUNK:
            places.append(rests.popleft())
        pieces = pairwise([*places, end])
        spans += [Span(first, last, is_part=first > start) for first, last in pieces]
    return spans
