"""Speech as server-sent events: pieces of its file as sentences are finished, then the usage."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import Request
from redis.exceptions import RedisError

from voxq.api import lookup
from voxq.api.live.speech_stream import BrokenOff, SpeechStream
from voxq.api.openai import sse
from voxq.api.openai.beginning import Begun
from voxq.api.openai.waiting import lease_kept
from voxq.api.service import Service
from voxq.core.refusal import Refusal

_TOKEN_SECONDS = 0.05


async def events(
    service: Service, begun: Begun, request: Request, sound: SpeechStream, text: str
) -> AsyncGenerator[str]:
    """Stream until the end of the speech. A failure on the way is an event, too."""
    try:
        async with lease_kept(service, begun), aclosing(sound):
            async for piece in sound:
                yield sse.event({"type": "speech.audio.delta", "audio": b64encode(piece).decode()})
        found = await lookup.find(service, begun.kind, begun.owner, begun.task_id)
        yield sse.event({"type": "speech.audio.done", "usage": usage(text, found.document["duration"])})
    except BrokenOff as broken:
        yield await sse.failure(request, broken.refusal)
    except (Refusal, RedisError) as error:
        yield await sse.failure(request, error)


def usage(text: str, seconds: float) -> dict[str, int]:
    """Return the usage object. Models here have no tokens: a character of text counts as one, and so do 50 ms
    of speech."""
    said, heard = len(text), math.ceil(seconds / _TOKEN_SECONDS)
    return {"input_tokens": said, "output_tokens": heard, "total_tokens": said + heard}
