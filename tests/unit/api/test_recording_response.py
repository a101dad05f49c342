"""Recordings as response bodies."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.types import Message

from voxq.api.routes.audio import RecordingResponse
from voxq.core.refusal import Refusal


@pytest.mark.parametrize("headers", [[], [(b"range", b"bytes=1-2")], [(b"range", b"bytes=1-2,5-6")]])
async def test_a_recording_deleted_during_the_request_gives_410(
    tmp_path: Path, headers: list[tuple[bytes, bytes]]
) -> None:
    """Delete the file before the response starts: a started one could only be broken off."""
    path = tmp_path / "2025-12-01_001_abc123abc123.wav"
    path.write_bytes(bytes(100))
    response = RecordingResponse(path, path.stat())
    path.unlink()
    sent: list[Message] = []

    async def still_there() -> Message:
        return await asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(Refusal) as refused:
        await response({"type": "http", "method": "GET", "headers": headers}, still_there, send)
    assert refused.value.code == "recording_gone"
    assert not sent
