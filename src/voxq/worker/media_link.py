"""The parent's end of a media process: one recording at a time, killed when late, replaced if it dies."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from voxq.child import Child, ChildDied
from voxq.media import protocol
from voxq.speech.chunking import Chunking
from voxq.worker.assignment import Assignment, Prepared, Span

_MODULE = "voxq.media"


@dataclass(frozen=True, slots=True)
class MediaFailed:
    """The recording cannot be used. `is_crash`: the process died, which may be worth another try."""

    code: str
    message: str
    is_crash: bool = False

    @property
    def is_disk_trouble(self) -> bool:
        """The disk did not take the decoded sound; the recording may be perfect."""
        return self.code == _STORAGE


News = list[Span] | Prepared | MediaFailed
"""Chunks that were found, the end of the preparation, or why there is none."""

_STORAGE = "storage"


class MediaLink:
    """One media process, started when it is first needed. Times are on the monotonic clock."""

    def __init__(self, timeout: float, max_seconds: float) -> None:
        """`timeout`: seconds that one recording may take; `max_seconds`: of audio decoded at most."""
        self._timeout = timeout
        self._max_seconds = max_seconds
        self._child: Child | None = None
        self._found = 0
        self.decoded = 0.0
        """Seconds of the recording so far."""
        self.assignment: Assignment | None = None
        self.deadline = float("inf")
        """When the process is to be killed."""

    @property
    def child(self) -> Child | None:
        return self._child

    def start(self) -> Child:
        """Have a process ready; decoding libraries take a moment to load."""
        if self._child is None:
            self._child = Child.start(_MODULE)
        return self._child

    def prepare(self, assignment: Assignment, recording: Path, chunking: Chunking) -> None:
        """Decode `recording` into the assignment's work directory and find its chunks.

        Raises OSError when no process can be started, or the disk is not writable.
        """
        pcm = assignment.directory.pcm
        pcm.unlink(missing_ok=True)  # whoever reads the old one goes on with it
        request = protocol.encode(
            protocol.Prepare(
                assignment.task.id,
                recording,
                pcm,
                self._max_seconds,
                chunking,
                assignment.task.options.use_vad,
            )
        )
        try:
            self.start().send(request)
        except ChildDied:  # between two recordings: nobody's fault
            self.kill()
            self.start().send(request)
        self.assignment, self._found, self.decoded = assignment, 0, 0.0
        self.deadline = time.monotonic() + self._timeout

    def receive(self) -> tuple[Assignment, News] | None:
        """Take one message. None if it concerns nobody any more."""
        assert self._child is not None
        assignment = self.assignment
        try:
            reply = protocol.decode_reply(self._child.receive())
            self._check(reply)
        except (ChildDied, protocol.ProtocolError):
            ended = self.kill()
            if assignment is None:
                return None
            message = f"The decoder crashed on this recording ({ended})."
            return assignment, MediaFailed("decoder_crashed", message, is_crash=True)
        if assignment is None or reply.id != assignment.task.id:
            return None
        news = _news(reply)
        if not isinstance(news, list):
            self.assignment, self.deadline = None, float("inf")
        return assignment, news

    def expire(self) -> tuple[Assignment, News] | None:
        """The time is up: end the process."""
        assignment = self.assignment
        self.kill()
        if assignment is None:
            return None
        return assignment, MediaFailed("decode_timeout", f"Decoding timeout ({self._timeout:g}s exceeded)")

    def kill(self) -> str:
        """End the process, whatever it does; says how it ended."""
        ended = self._child.kill() if self._child else "not running"
        self._child, self.assignment, self.deadline = None, None, float("inf")
        return ended

    def _check(self, reply: protocol.Reply) -> None:
        """A process that has been taken over may send any numbers. Raises ProtocolError."""
        if not isinstance(reply, protocol.Chunks):
            return
        self.decoded = reply.decoded
        for start, end in reply.chunks:
            if not self._found <= start < end:
                raise protocol.ProtocolError("chunks out of order")
            self._found = end


def _news(reply: protocol.Reply) -> News:
    match reply:
        case protocol.Chunks():
            return [Span(start, end) for start, end in reply.chunks]
        case protocol.Prepared():
            return Prepared(reply.duration, reply.decode_seconds, reply.vad_seconds)
        case protocol.Failed():
            return MediaFailed(reply.code, reply.message)
        case protocol.Probed():
            return MediaFailed("internal", "The recording could not be decoded.")
