"""Server-sent events as OpenAI's SDKs read them: unnamed, each with one JSON object."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse
from redis.exceptions import RedisError
from starlette.types import Receive, Scope, Send

from voxq.api import errors
from voxq.api.openai.errors import body
from voxq.core.refusal import Refusal

DONE = "data: [DONE]\n\n"


class EventStream(StreamingResponse):
    """Response that closes the generator of its events with the connection, so that a lease or a file is
    released at once."""

    def __init__(self, events: AsyncGenerator[str | bytes], headers: Mapping[str, str]) -> None:
        # nginx buffers a response unless told otherwise
        unbuffered = {**headers, "X-Accel-Buffering": "no"}
        super().__init__(events, media_type="text/event-stream", headers=unbuffered)
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._events):
            await super().__call__(scope, receive, send)


def event(content: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n"


async def failure(request: Request, error: Refusal | RedisError) -> str:
    """Make an event for a failure after the response has started, when a status can no longer be sent."""
    if isinstance(error, Refusal):
        problem = await errors.refused(request, error)
    else:
        problem = await errors.redis_away(request, error)
    return event({"error": body(problem)})
