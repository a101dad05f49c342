"""Streaming of uploads from the socket into a file. They are counted and hashed on the way, never held in
memory."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fastapi import Request
from starlette.requests import ClientDisconnect

from voxq.api.limits import check_disk
from voxq.api.submission.form import OVERHEAD_BYTES, Fields, FormReader
from voxq.core.refusal import Refusal
from voxq.locale import Message
from voxq.settings import Settings
from voxq.speech.audio import SUPPORTED_FORMATS
from voxq.storage.blobs.port import Blobs
from voxq.tasks.intake import Upload

FIELD = "audio"
"""Field of a form with the recording, unless a route says otherwise."""

Header = Callable[[bytes], bytes]
"""Function that returns what is to stand before an uploaded file, given its first bytes."""

_BUFFER_BYTES = 512 << 10
_STALL_SECONDS = 60.0
_LEAST_BYTES_PER_SECOND = 1024
_FIRST_BYTES = 64


def no_header(first: bytes) -> bytes:
    """Keep a file as it is."""
    return b""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits: `bytes` of one file, and `free_bytes` that must remain free on the disk."""

    bytes: int
    free_bytes: int
    fsync: bool

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        return cls(settings.max_upload_mb << 20, settings.min_free_disk_mb << 20, settings.fsync)


@dataclass(slots=True)
class Received:
    """A complete form: its file, which the receiver must move or remove, and its other fields."""

    upload: Upload
    fields: Fields
    is_taken: bool = False
    """Whether the receiver has moved or removed the file."""


def check_size(request: Request, limits: Limits) -> int:
    """Return the announced size of the body, 0 if unknown. Raises Refusal ("too_large")."""
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isdecimal() and len(announced) < 20 else 0
    if size > limits.bytes + OVERHEAD_BYTES:
        raise _too_large(limits)
    return size


async def receive(
    request: Request,
    blobs: Blobs,
    limits: Limits,
    check: Callable[[Fields], object] = lambda fields: None,
    *,
    file_field: str = FIELD,
    header: Header = no_header,
) -> Received:
    """Read the form in a request's body, with the recording in its field `file_field`; `header` is written
    before it, and counts as a part of it.

    `check` gets the fields after each complete one, so that it can refuse before a long recording has been
    sent. Raises Refusal ("bad_form", "missing_audio", "too_large", "disk_full", "upload_stalled"),
    ClientDisconnect, OSError or what `check` raises, and then leaves no file behind.
    """
    form = FormReader(request.headers.get("content-type"), file_field)
    part = _Part(blobs.part(secrets.token_hex(16)), limits, check_size(request, limits), header)
    checked = 0
    try:
        async for data in _body(request, limits):
            form.feed(data)
            if len(form.fields) > checked:
                checked = len(form.fields)
                check(form.fields)
            if form.pending >= _BUFFER_BYTES:
                await asyncio.to_thread(part.write, form.take())
        form.finish()
        if not form.has_file:
            raise Refusal(
                "missing_audio",
                Message("The form has no field {file_field!r} with a recording", file_field=file_field),
                supported_formats=list(SUPPORTED_FORMATS),
            )
        upload = await asyncio.to_thread(part.finish, form.take())
    except BaseException:
        await asyncio.to_thread(part.discard)
        raise
    return Received(upload, form.fields)


@asynccontextmanager
async def received(
    request: Request,
    blobs: Blobs,
    limits: Limits,
    check: Callable[[Fields], object],
    *,
    file_field: str = FIELD,
    header: Header = no_header,
) -> AsyncIterator[Received]:
    """Read the form like `receive`, and remove its file at the end unless it was taken."""
    form = await receive(request, blobs, limits, check, file_field=file_field, header=header)
    try:
        yield form
    finally:
        if not form.is_taken:
            await asyncio.to_thread(form.upload.part.unlink, missing_ok=True)


class _Part:
    """File that receives an upload. Every method blocks."""

    def __init__(self, path: Path, limits: Limits, announced: int, header: Header) -> None:
        self._path = path
        self._header = header
        self._limits = limits
        self._announced = announced
        self._file: BinaryIO | None = None
        self._size = 0
        self._hash = hashlib.sha256()

    def write(self, pieces: Iterable[bytes]) -> None:
        self._check_disk()
        if self._file is None:
            pieces = list(pieces)
            pieces.insert(0, self._header(b"".join(pieces)[:_FIRST_BYTES]))
        file = self._opened()
        for piece in pieces:
            self._size += len(piece)
            if self._size > self._limits.bytes:
                raise _too_large(self._limits)
            self._hash.update(piece)
            file.write(piece)

    def finish(self, pieces: Iterable[bytes]) -> Upload:
        self.write(pieces)
        with self._opened() as file:
            if self._limits.fsync:
                file.flush()
                os.fsync(file.fileno())
        return Upload(self._path, self._size, self._hash.hexdigest())

    def discard(self) -> None:
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # closing flushes, and the disk may be full
                self._file.close()

    def _check_disk(self) -> None:
        needed = self._limits.free_bytes + max(0, self._announced - self._size)
        check_disk(self._path.parent, needed)

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = self._path.open("xb")
        return self._file


async def _body(request: Request, limits: Limits) -> AsyncIterator[bytes]:
    """Yield the pieces of the body. Raises Refusal ("upload_stalled") if the client pauses for too long."""
    started = time.monotonic()
    received = 0
    while True:
        behind = time.monotonic() - started - received / _LEAST_BYTES_PER_SECOND
        if behind > _STALL_SECONDS:
            raise _stalled()
        try:
            async with asyncio.timeout(_STALL_SECONDS):
                message = await request.receive()
        except TimeoutError:
            raise _stalled() from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        received += len(message.get("body", b""))
        if received > limits.bytes + OVERHEAD_BYTES:
            raise _too_large(limits)
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


def _too_large(limits: Limits) -> Refusal:
    megabytes = limits.bytes >> 20
    return Refusal(
        "too_large",
        Message("A recording may have at most {megabytes} MB", megabytes=megabytes),
        max_upload_mb=megabytes,
    )


def _stalled() -> Refusal:
    return Refusal("upload_stalled", Message("The upload arrives too slowly, please try again"))
