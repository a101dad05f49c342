"""Bounded reading of a provider's response: its lines as they come, or its body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from voxq.llm import errors
from voxq.llm.provider import Provider
from voxq.locale import Message

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 8 << 20
"""Maximum size of a response; an answer of 100,000 characters in single tokens takes less."""
_LONGEST_LINE = 1 << 20
_MOST_ERROR_BYTES = 16 << 10
_SILENCE_SECONDS = 30.0
"""Time limit between two pieces of a response that has begun."""


async def pieces(
    provider: Provider, response: httpx.Response, *, first_seconds: float
) -> AsyncIterator[bytes]:
    """Yield the body as it comes, which begins within `first_seconds`. Raises ProviderError."""
    if response.headers.get("content-encoding", "identity") != "identity":
        says = Message("The provider {provider} compressed its answer unasked.", provider=provider.name)
        raise errors.bad_answer(says)
    size = 0
    patience = first_seconds
    stream = response.aiter_raw()  # with a size it would collect pieces until there is so much
    while True:
        try:
            async with asyncio.timeout(patience):
                piece = await anext(stream, b"")
        except TimeoutError:
            if size:
                raise errors.went_silent(provider.name, patience) from None
            raise errors.timed_out(provider.name, patience) from None
        if not piece:
            return
        size += len(piece)
        if size > MOST_BYTES:
            says = Message(
                "The provider {provider} sent more than {most} MB.",
                provider=provider.name,
                most=MOST_BYTES >> 20,
            )
            raise errors.bad_answer(says)
        yield piece
        patience = _SILENCE_SECONDS


async def lines(
    provider: Provider, response: httpx.Response, *, first_seconds: float
) -> AsyncIterator[bytes]:
    """Yield the lines as they come, without their ends; the last may have none. Raises ProviderError."""
    line = bytearray()
    async for piece in pieces(provider, response, first_seconds=first_seconds):
        *ended, rest = piece.split(b"\n")
        for end in ended:
            yield bytes(line + end).strip()
            line.clear()
        line += rest
        if len(line) > _LONGEST_LINE:
            raise errors.no_answer(provider.name)
    if line:
        yield bytes(line).strip()


async def whole(provider: Provider, response: httpx.Response, *, first_seconds: float) -> bytes:
    """Read the body. Raises ProviderError."""
    body = bytearray()
    async for piece in pieces(provider, response, first_seconds=first_seconds):
        body += piece
    return bytes(body)


async def error_text(provider: Provider, response: httpx.Response) -> str:
    """Read the beginning of the body of an error; empty if it does not come."""
    import httpx

    body = bytearray()
    try:
        async for piece in pieces(provider, response, first_seconds=_SILENCE_SECONDS):
            body += piece
            if len(body) > _MOST_ERROR_BYTES:
                break
    except (errors.ProviderError, httpx.HTTPError):
        pass
    return bytes(body[:_MOST_ERROR_BYTES]).decode("utf-8", "replace")


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds in the header Retry-After; None for a date, or nothing."""
    text = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < 86_400 else None
