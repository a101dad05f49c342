"""A transcription as server-sent events: its text as chunks are finished, then the whole."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from fastapi import Request
from redis.exceptions import RedisError

from voxq.api import errors
from voxq.api.lookup import Found
from voxq.api.openai.errors import body
from voxq.api.openai.waiting import transcript_of
from voxq.tasks.refusal import Refusal
from voxq.tasks.task import Status


async def events(looks: AsyncGenerator[Found], request: Request) -> AsyncIterator[str]:
    """The stream for a task that is looked at until its end. What fails on the way is an event, too."""
    text = _Text()
    try:
        async with contextlib.aclosing(looks):
            async for found in looks:
                for event in _events(found, text):
                    yield event
    except Refusal as refusal:
        yield _data({"error": body(await errors.refused(request, refusal))})
    except RedisError as error:
        yield _data({"error": body(await errors.redis_away(request, error))})
    yield "data: [DONE]\n\n"


class _Text:
    """What the client has of the text."""

    def __init__(self) -> None:
        self._sent = ""

    def delta(self, whole: str) -> str:
        """What is new at its end; nothing once it differs from what was sent: the end tells the whole."""
        if not whole.startswith(self._sent):
            return ""
        new, self._sent = whole[len(self._sent) :], whole
        return new


def _events(found: Found, text: _Text) -> list[str]:
    match found.status:
        case Status.QUEUED:
            return [f": queued {found.place.position if found.place else 0}\n\n"]
        case Status.PROCESSING:
            return [*_delta(text, found.document["text"]), f": progress {found.document['progress']}%\n\n"]
        case _:
            whole = transcript_of(found).text
            return [*_delta(text, whole), _data({"type": "transcript.text.done", "text": whole})]


def _delta(text: _Text, whole: str) -> list[str]:
    new = text.delta(whole)
    return [_data({"type": "transcript.text.delta", "delta": new})] if new else []


def _data(event: dict[str, Any]) -> str:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
