"""Forms that are slow to parse, and the clients that wait meanwhile."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from fastapi import Request
from starlette.types import Message

from voxq.api.submission.form import FormReader
from voxq.api.submission.upload import Limits, receive
from voxq.core.refusal import Refusal
from voxq.storage.blobs.files import FileBlobs

HEAD = b'--xyz\r\nContent-Disposition: form-data; name="audio"\r\n\r\n'


async def test_near_boundaries_delay_no_other_client(tmp_path: Path) -> None:
    """Half a megabyte in one piece, made of bytes that begin like a boundary over and over."""
    body = HEAD + b"\r\n--xyX" * (1 << 16) + b"\r\n--xyz--\r\n"
    scope = {"type": "http", "headers": [(b"content-type", b"multipart/form-data; boundary=xyz")]}

    async def once() -> Message:
        return {"type": "http.request", "body": body}

    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    recordings = FileBlobs(tmp_path / "recordings", tmp_path / "incoming")
    limits = Limits(bytes=1 << 20, free_bytes=0, fsync=False)
    received = await receive(Request(scope, once), recordings, limits)
    waiting.cancel()
    assert received.upload.size == 7 << 16
    assert turns > 10


@pytest.mark.parametrize("filling", [";", "; a=b", '; a="\\"', "; boundary=xyz", " "])
def test_a_long_content_type_is_refused_unread(filling: str) -> None:
    started = time.thread_time()
    with pytest.raises(Refusal, match="boundary"):
        FormReader("multipart/form-data" + filling * 100_000, "audio")
    assert time.thread_time() - started < 0.1
