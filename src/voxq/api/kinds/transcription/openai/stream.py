"""Transcription as server-sent events: text as chunks are finished, then the complete text."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import Request
from redis.exceptions import RedisError

from voxq.api import views
from voxq.api.lookup import Found
from voxq.api.openai import sse
from voxq.api.openai.beginning import Begun
from voxq.api.openai.waiting import document_of, lease_kept, looks
from voxq.api.service import Service
from voxq.core.refusal import Refusal
from voxq.core.task import Status


async def events(service: Service, begun: Begun, request: Request) -> AsyncGenerator[str]:
    """Stream a task until its end. A failure on the way is an event, too."""
    text = _Text()
    try:
        async with lease_kept(service, begun), aclosing(looks(service, begun, progress=True)) as seen:
            async for found in seen:
                for event in _events(found, text):
                    yield event
    except (Refusal, RedisError) as error:
        yield await sse.failure(request, error)
    yield sse.DONE


class _Text:
    """Text that the client has received so far."""

    def __init__(self) -> None:
        self._sent = ""

    def delta(self, whole: str) -> str:
        """Return the text added since the last call; empty once the beginning has changed, until the last
        event sends the complete text."""
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
            document = document_of(found)
            whole = document["text"]
            end = {"type": "transcript.text.done", "text": whole, **views.rewritten_json(document)}
            return [*_delta(text, whole), sse.event(end)]


def _delta(text: _Text, whole: str) -> list[str]:
    new = text.delta(whole)
    return [sse.event({"type": "transcript.text.delta", "delta": new})] if new else []
