"""Server-sent events as OpenAI's SDKs read them: one JSON object each, without a name."""

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
    """What went wrong after the answer had begun, which is too late for a status."""
    if isinstance(error, Refusal):
        problem = await errors.refused(request, error)
    else:
        problem = await errors.redis_away(request, error)
    return event({"error": body(problem)})
