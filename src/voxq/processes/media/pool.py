"""Probing and clipping of uploads from an event loop by a few media processes that may crash, hang or lie."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import signal
from pathlib import Path
from typing import TypeVar

from loguru import logger

from voxq.locale import Message, recognised
from voxq.processes.child import Child, ChildDied
from voxq.processes.media import MEDIA_MODULE, protocol
from voxq.processes.media.owner_turns import OwnerTurns
from voxq.processes.messages import ProtocolError
from voxq.speech.audio import AudioError, AudioInfo

R = TypeVar("R", protocol.Probed, protocol.Clipped)

_MEGABYTES = 1024
"""Limit of each process's address space; after its first file, a process takes about 230."""
_KILL_SECONDS = 0.05
"""Maximum time to block the event loop while waiting for a killed process to end."""


class ProbePool:
    """`size` media processes, each with one recording at a time. Owners take turns.

    A process that sends an invalid message, dies, or takes longer than `timeout_seconds` is killed and
    replaced, and its recording is refused. Belongs to one event loop, in the main thread, because the
    processes die with the thread that started them.
    """

    def __init__(self, size: int, timeout_seconds: float, max_seconds: float) -> None:
        """A recording with more than `max_seconds` of audio is refused."""
        self._timeout = timeout_seconds
        self._max_seconds = max_seconds
        self._ids = map(str, itertools.count())
        self._running: set[Child] = set()
        self._dying: set[Child] = set()
        self._closed = False
        # The process of a None is started by its first borrower.
        self._children: OwnerTurns[Child | None] = OwnerTurns([None] * size)

    async def start(self) -> None:
        """Start the first process, so that its libraries are loaded before the first probe. The others are
        started when several recordings come at once."""
        *others, first = self._children.take_idle()
        for child in (*others, first or self._start_child()):
            self._children.give_back(child)

    async def probe(self, path: Path, owner: str, track: str | None = None) -> AudioInfo:
        """Probe the recording at `path`, or rather the `track` of it that was asked for, see
        `voxq.speech.tracks.candidates`. Waits for the owner's turn first, without a limit.

        Raises AudioError, with the code "undecodable" for a recording that hangs or crashes the decoder;
        OSError if no process can be started; RuntimeError if the pool is closed.
        """
        request = protocol.Probe(next(self._ids), path, self._max_seconds, track)
        return (await self._answer(request, owner, protocol.Probed)).info

    async def clip(self, path: Path, to: Path, owner: str, start: float, seconds: float) -> float:
        """Decode up to `seconds` of the recording at `path`, from second `start` on, into the new WAV file
        `to`, and return how many seconds there were. Waits for the owner's turn as `probe` does.

        Raises as `probe`, and OSError if the file cannot be written.
        """
        request = protocol.Clip(next(self._ids), path, to, start, seconds, self._max_seconds)
        try:
            return (await self._answer(request, owner, protocol.Clipped)).seconds
        except AudioError as error:
            if error.code == "storage":
                raise OSError(errno.EIO, str(error)) from None
            raise

    async def _answer(self, request: protocol.Request, owner: str, wanted: type[R]) -> R:
        """Return the reply to a request."""
        try:
            reply = await self._one_answer(request, owner, wanted)
        # tried twice, because the process may have been killed by somebody and not by the recording
        except ChildDied:
            try:
                reply = await self._one_answer(request, owner, wanted)
            except ChildDied as error:
                raise AudioError("undecodable", Message("The file crashed the decoder.")) from error
        if isinstance(reply, protocol.Failed):
            raise AudioError(reply.code, recognised(reply.message))
        return reply

    async def _one_answer(
        self, request: protocol.Request, owner: str, wanted: type[R]
    ) -> R | protocol.Failed:
        """Ask once, as `_answer` does. Raises ChildDied as well."""
        child = await self._children.borrow(owner)
        try:
            if self._closed:
                raise RuntimeError("the pool is closed")
            child = child or self._start_child()
            return await self._ask(child, request, wanted)
        # after a cancellation, too: the pending reply would be taken for that to the next request
        except BaseException as error:
            child = self._replace(child)
            if isinstance(error, TimeoutError):
                message = Message(
                    "The file could not be read within {seconds:g} seconds.", seconds=self._timeout
                )
                raise AudioError("undecodable", message) from None
            if isinstance(error, ProtocolError):
                raise AudioError("undecodable", Message("The file crashed the decoder.")) from error
            raise
        finally:
            if self._closed and child is not None:
                self._end(child)
                child = None
            self._children.give_back(child)

    async def close(self) -> None:
        """End the processes; requests in progress or waiting fail. The pool cannot be used again."""
        self._closed = True
        for child in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)  # the busy ones are ended by those who wait for them
        for child in self._children.take_idle():
            if child is not None:
                self._end(child)
            self._children.give_back(None)

    def _start_child(self) -> Child:
        child = Child.start(MEDIA_MODULE, [str(_MEGABYTES)])
        # A compromised process may send half a message, which must fail instead of blocking the event loop.
        os.set_blocking(child.fileno(), False)
        self._running.add(child)
        return child

    def _replace(self, child: Child | None) -> Child | None:
        """Kill an untrusted process and return its replacement; None if none can be started now."""
        if child is not None:
            logger.warning("media: ended a process of the pool ({})", self._end(child))
        if self._closed:
            return None
        try:
            return self._start_child()
        except OSError as error:
            logger.error("media: cannot start a process: {}", error.strerror)
            return None

    def _end(self, child: Child) -> str:
        self._running.discard(child)
        ended = child.kill(_KILL_SECONDS)
        self._dying = {one for one in (*self._dying, child) if one.is_alive()}  # polling reaps dead processes
        return ended

    async def _ask(self, child: Child, request: protocol.Request, wanted: type[R]) -> R | protocol.Failed:
        child.send(protocol.CODEC.encode(request))
        async with asyncio.timeout(self._timeout):
            await _readable(child)
        reply = protocol.CODEC.decode_reply(child.receive())
        if reply.id != request.id or not isinstance(reply, (wanted, protocol.Failed)):
            raise ProtocolError("not the answer to this request")
        return reply


async def _readable(child: Child) -> None:
    loop = asyncio.get_running_loop()
    fd, event = child.fileno(), asyncio.Event()
    loop.add_reader(fd, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(fd)
