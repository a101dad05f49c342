"""Probing uploads from an event loop: a few media processes, any of which may crash, hang or lie."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
from pathlib import Path

from loguru import logger

from voxq.processes.child import Child, ChildDied
from voxq.processes.media import MEDIA_MODULE, protocol
from voxq.processes.media.owner_turns import OwnerTurns
from voxq.processes.messages import ProtocolError
from voxq.speech.audio import AudioError, AudioInfo

_MEGABYTES = 1024
"""Of address space for each process; one that has decoded its first file takes about 230."""
_KILL_SECONDS = 0.05
"""How long the loop may stand still to hear how a process ended."""


class ProbePool:
    """`size` media processes, each looking into one recording at a time. Owners take turns at them.

    A process that answers nonsense, dies, or takes longer than `timeout_seconds` is killed and replaced, and
    its recording is refused. Belongs to one event loop, in the main thread: the processes die with the thread
    that started them.
    """

    def __init__(self, size: int, timeout_seconds: float, max_seconds: float) -> None:
        """A recording of more than `max_seconds` of audio is refused."""
        self._timeout = timeout_seconds
        self._max_seconds = max_seconds
        self._ids = map(str, itertools.count())
        self._running: set[Child] = set()
        self._dying: set[Child] = set()
        self._closed = False
        self._children: OwnerTurns[Child | None] = OwnerTurns(
            [None] * size
        )  # whoever gets None starts the process

    async def start(self) -> None:
        """Start the processes, so that their libraries are loaded before the first probe needs them."""
        for child in self._children.take_idle():
            self._children.give_back(child or self._start_child())

    async def probe(self, path: Path, owner: str) -> AudioInfo:
        """What the recording at `path` is. Waits for its owner's turn first, for as long as it takes.

        Raises AudioError, with the code "undecodable" for a recording that hangs or crashes the decoder;
        OSError if no process can be started; RuntimeError if the pool is closed.
        """
        try:
            reply = await self._probe(path, owner)
        except ChildDied:  # somebody may have killed it: a recording to be blamed takes two with it
            try:
                reply = await self._probe(path, owner)
            except ChildDied as error:
                raise AudioError("undecodable", "The file crashed the decoder.") from error
        if isinstance(reply, protocol.Failed):
            raise AudioError(reply.code, reply.message)
        return reply.info

    async def _probe(self, path: Path, owner: str) -> protocol.Probed | protocol.Failed:
        """As `probe`, by one process. Raises ChildDied as well."""
        child = await self._children.borrow(owner)
        try:
            if self._closed:
                raise RuntimeError("the pool is closed")
            child = child or self._start_child()
            return await self._ask(child, path)
        except BaseException as error:  # cancelled, too: the answer of this process would be the next one's
            child = self._replace(child)
            if isinstance(error, TimeoutError):
                message = f"The file could not be read within {self._timeout:g} seconds."
                raise AudioError("undecodable", message) from None
            if isinstance(error, ProtocolError):
                raise AudioError("undecodable", "The file crashed the decoder.") from error
            raise
        finally:
            if self._closed and child is not None:
                self._end(child)
                child = None
            self._children.give_back(child)

    async def close(self) -> None:
        """End the processes; probes that still run or wait fail. The pool cannot be used again."""
        self._closed = True
        for child in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)  # those at work are ended by the probe that waits for them
        for child in self._children.take_idle():
            if child is not None:
                self._end(child)
            self._children.give_back(None)

    def _start_child(self) -> Child:
        child = Child.start(MEDIA_MODULE, [str(_MEGABYTES)])
        # A process that has been taken over may send half a message: that must fail, and not stop the loop.
        os.set_blocking(child.fileno(), False)
        self._running.add(child)
        return child

    def _replace(self, child: Child | None) -> Child | None:
        """End a process that cannot be trusted any more. Its successor, unless none can be started now."""
        if child is not None:
            logger.warning("media: ended a probing process ({})", self._end(child))
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
        self._dying = {one for one in (*self._dying, child) if one.is_alive()}  # asking reaps the dead
        return ended

    async def _ask(self, child: Child, path: Path) -> protocol.Probed | protocol.Failed:
        request = protocol.Probe(next(self._ids), path, self._max_seconds)
        child.send(protocol.CODEC.encode(request))
        async with asyncio.timeout(self._timeout):
            await _readable(child)
        reply = protocol.CODEC.decode_reply(child.receive())
        if reply.id != request.id or not isinstance(reply, protocol.Probed | protocol.Failed):
            raise ProtocolError("not the answer to this probe")
        return reply


async def _readable(child: Child) -> None:
    loop = asyncio.get_running_loop()
    fd, event = child.fileno(), asyncio.Event()
    loop.add_reader(fd, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(fd)
