"""Streaming of speech while it is synthesised, by reading its file as a worker writes it.

Any process with access to the storage can do this. Streams are woken by the task's events like all other
waiting requests; a client that is slow or disconnects delays nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping

from fastapi import Request
from fastapi.responses import StreamingResponse
from loguru import logger
from redis.exceptions import RedisError
from starlette.types import Receive, Scope, Send

from voxq.api import lookup
from voxq.api.access_log import note
from voxq.api.lookup import Found
from voxq.api.service import Service
from voxq.core.refusal import Refusal, TaskFailed
from voxq.core.task import Status
from voxq.locale import Message
from voxq.speech.audio import SPEECH_FORMATS
from voxq.storage.speech_file import SpeechChanged, SpeechFile

_PIECE = 64 << 10
_LOOK_SECONDS = 5.0
"""Seconds after which the task is checked even without an event, because events can be lost."""


class BrokenOff(Exception):
    """The stream ended before the end of the speech; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class SpeechStream:
    """Bytes of a speech file in pieces of at most 64 KiB: iterate once, then call `aclose`.

    The iteration waits for sentences that are not synthesised yet. It ends with the speech, or raises
    BrokenOff if the speech breaks off. A WAV or FLAC header read before the end is known declares an unknown
    length; all other bytes are those of the finished file.
    """

    def __init__(self, task_id: str, name: str, first: bytes, others: AsyncGenerator[bytes]) -> None:
        """`name` is that of the stored file."""
        self.task_id = task_id
        self.name = name
        self._first = first
        self._others = others

    @property
    def media_type(self) -> str:
        return SPEECH_FORMATS[self.name.rpartition(".")[2]]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._first
        try:
            async for piece in self._others:
                yield piece
        except Refusal as refusal:
            raise BrokenOff(refusal) from refusal
        except OSError as error:
            logger.error("the speech of {} cannot be read: {}", self.task_id, error.strerror)
            raise BrokenOff(Refusal("internal", Message("The speech could not be read"))) from error

    async def aclose(self) -> None:
        """Close the file. Must be called even if not everything was iterated."""
        await self._others.aclose()


async def begin(service: Service, kind: str, owner: str, task_id: str) -> SpeechStream:
    """Return the speech of a task once its first bytes exist; waits for them without a time limit.

    `task_id` may be short. Raises NotFound; TaskFailed for a task that failed or was cancelled; Refusal
    ("recording_gone"; "unavailable" if the process is about to stop); RedisError if Redis is unavailable at
    first (a later outage is waited out). May be cancelled while it waits.
    """
    found = await lookup.find(service, kind, owner, task_id)
    pieces = _pieces(service, owner, found)
    return SpeechStream(found.task_id, found.file, await anext(pieces, b""), pieces)


class SpeechResponse(StreamingResponse):
    """Response with the stream as a chunked body.

    If the stream breaks off, the body stays unterminated and the server closes the connection.
    """

    def __init__(self, stream: SpeechStream, headers: Mapping[str, str]) -> None:
        """`headers` are sent in addition to those that a stream needs."""
        own = {"X-Accel-Buffering": "no"}  # nginx buffers a response unless told otherwise
        super().__init__(stream, headers={**headers, **own}, media_type=stream.media_type)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except BrokenOff as broken:
            note(Request(scope), broken_off=broken.refusal.code)
        finally:
            await self._stream.aclose()


async def _pieces(service: Service, owner: str, found: Found) -> AsyncGenerator[bytes]:
    """Yield the present and future content of the file. Raises as `begin` does, at any time."""
    parts = service.parts
    file = SpeechFile(parts.work, parts.blobs, found.task_id, found.document["run"], found.file)
    try:
        with service.events.following(found.task_id) as woken:
            while True:
                woken.clear()
                is_done = await _is_done(service, owner, found)
                while data := await _read(file):
                    yield data
                if is_done:
                    break
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), _LOOK_SECONDS)
        if not await asyncio.to_thread(lambda: file.is_whole):
            raise Refusal("recording_gone", Message("The sound of this task has been deleted"))
    finally:
        # Not awaited, because closing waits for a read that may still be in progress.
        asyncio.get_running_loop().run_in_executor(None, file.close)


async def _read(file: SpeechFile) -> bytes:
    try:
        return await asyncio.to_thread(file.read, _PIECE)
    except SpeechChanged:
        raise Refusal(
            "recording_gone", Message("The speech was made again and differs; request it again")
        ) from None


async def _is_done(service: Service, owner: str, found: Found) -> bool:
    """Whether the speech is complete; False without Redis. Raises NotFound, TaskFailed, Refusal."""
    if service.events.is_over:
        raise Refusal(
            "unavailable", Message("The server is stopping; the task continues"), task_id=found.task_id
        )
    try:
        now = await lookup.find(service, found.kind, owner, found.task_id)
    except RedisError:
        return False
    if now.document["run"] != found.document["run"]:
        raise Refusal(
            "recording_gone", Message("The text is being synthesised again; request the speech again")
        )
    match now.status:
        case Status.FAILED:
            raise TaskFailed(now.document["code"], now.document["error"], task_id=now.task_id)
        case Status.CANCELLED:
            raise TaskFailed("cancelled", Message("The task was cancelled"), task_id=now.task_id)
        case status:
            return status is Status.DONE
