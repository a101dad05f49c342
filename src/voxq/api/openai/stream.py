"""A transcription as server-sent events: its text as chunks are finished, then the whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import Request
from redis.exceptions import RedisError

from voxq.api.lookup import Found
from voxq.api.openai import sse
from voxq.api.openai.beginning import Begun
from voxq.api.openai.waiting import lease_kept, looks, transcript_of
from voxq.api.service import Service
from voxq.core.refusal import Refusal
from voxq.core.task import Status


async def events(service: Service, begun: Begun, request: Request) -> AsyncGenerator[str]:
    """The stream of a task until its end. What fails on the way is an event, too."""
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
            return [*_delta(text, whole), sse.event({"type": "transcript.text.done", "text": whole})]


def _delta(text: _Text, whole: str) -> list[str]:
    new = text.delta(whole)
    return [sse.event({"type": "transcript.text.delta", "delta": new})] if new else []
