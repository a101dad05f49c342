"""Server-sent events as OpenAI's SDKs read them: unnamed, each with one JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from redis.exceptions import RedisError

from voxq.api import errors
from voxq.api.openai.errors import body
from voxq.core.refusal import Refusal

CONTENT_TYPE = "text/event-stream"
DONE = "data: [DONE]\n\n"


def event(content: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n"


async def failure(request: Request, error: Refusal | RedisError) -> str:
    """Make an event for a failure after the response has started, when a status can no longer be sent."""
    if isinstance(error, Refusal):
        problem = await errors.refused(request, error)
    else:
        problem = await errors.redis_away(request, error)
    return event({"error": body(problem)})
