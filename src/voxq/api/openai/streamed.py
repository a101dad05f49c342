"""Streaming response that releases its resources with the connection."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Streamed(StreamingResponse):
    """Response that closes its generator with the connection, so that a lease or a file is released at
    once."""

    def __init__(
        self, pieces: AsyncGenerator[str | bytes], media_type: str, headers: Mapping[str, str]
    ) -> None:
        # nginx buffers a response unless told otherwise
        super().__init__(pieces, media_type=media_type, headers={**headers, "X-Accel-Buffering": "no"})
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._pieces):
            await super().__call__(scope, receive, send)
