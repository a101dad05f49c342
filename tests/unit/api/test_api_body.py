"""JSON bodies that are too long, too slow, or too many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fastapi import Request

from voxq.api.limits import Memory
from voxq.api.submission import body
from voxq.api.submission.body import Body
from voxq.core.refusal import Refusal
from voxq.core.request_reader import RequestReader
from voxq.kinds.transcription import TranscriptionOptions

READER = RequestReader(TranscriptionOptions)
MOST = 1000


def request(*pieces: bytes, then: Callable[[], Awaitable[bytes]] | None = None) -> Request:
    """Request whose body comes in these pieces, then without end if `then` makes more."""

    async def all_pieces() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
        while then is not None:
            yield await then()

    waiting = all_pieces()

    async def messages() -> dict[str, Any]:
        piece = await anext(waiting, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    return Request({"type": "http", "method": "POST", "path": "/", "headers": []}, messages)


async def refusal(given: Body, sent: Request) -> str:
    with pytest.raises(Refusal) as refused:
        async with asyncio.timeout(20):
            await given.read(sent, READER, MOST)
    return refused.value.code


async def test_a_body_is_read_up_to_its_limit() -> None:
    text = b'{"language": "en"' + b" " * (MOST - 18) + b"}"
    assert (await Body(Memory(MOST)).read(request(text), READER, MOST)).options.language == "en"
    assert await refusal(Body(Memory(10 * MOST)), request(text, b" ")) == "too_large"


async def test_bodies_share_a_budget_until_they_are_released() -> None:
    memory = Memory(1500)
    first, second = Body(memory), Body(memory)
    assert await refusal(first, request(b"{" * 1000)) == "bad_json"
    assert await refusal(second, request(b"{" * 1000)) == "too_many_waiting"
    first.release()
    second.release()
    assert await refusal(second, request(b"{" * 1000)) == "bad_json"


@pytest.mark.parametrize("pause", [0.01, 3600.0])
async def test_a_body_that_comes_too_slowly_is_refused(pause: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte now and then is no better than none."""
    monkeypatch.setattr(body, "_SECONDS", 0.2)

    async def a_byte() -> bytes:
        await asyncio.sleep(pause)
        return b""

    assert await refusal(Body(Memory(MOST)), request(b"{", then=a_byte)) == "upload_stalled"
