"""Submission of texts to be rewritten: given as such, or as the transcript of a task."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from voxq.api import lookup, rewriters, views
from voxq.api.rewriters import Wish
from voxq.api.service import Service
from voxq.api.submission import text_route, texts
from voxq.core.refusal import Refusal, invalid
from voxq.core.request_reader import Asked
from voxq.core.task import Status
from voxq.kinds import first
from voxq.kinds.text import TEXT_KIND, TextOptions
from voxq.locale import Message
from voxq.rewriting.request import Mode

_TextField = Annotated[str, Field(description="The text; or give `task_id`.")]
_TaskField = Annotated[
    str, Field(description="Id of a transcription that is done: its transcript is the text.")
]


async def _chosen(service: Service, owner: str, asked: Asked[TextOptions]) -> tuple[str, TextOptions]:
    text, task_id = asked.besides["text"], asked.besides["task_id"]
    options = await _checked(service, asked.options)
    if bool(text.strip()) == bool(task_id):
        raise invalid("text", Message("is needed, or else task_id"))
    if task_id:
        text, options = await _of_transcript(service, owner, task_id, options)
    texts.check_length(TEXT_KIND, text, service.settings.max_text_characters)
    return text, options


async def _checked(service: Service, asked: TextOptions) -> TextOptions:
    """Check what is to be made of the text. Raises Refusal and RedisError as `rewriters.checked`."""
    wish = Wish(Mode(asked.mode), asked.provider, asked.target, asked.prompt)
    wish = rewriters.checked(wish, (await service.models.recent()).providers)
    return replace(asked, target=wish.target, language=rewriters.language_code("language", asked.language))


async def _of_transcript(
    service: Service, owner: str, task_id: str, asked: TextOptions
) -> tuple[str, TextOptions]:
    """Return the text of a task's transcript and the options with its language and, for a summary, its times.

    Raises Refusal ("not_found"; "not_done") and RedisError.
    """
    found = await lookup.find(service, first().name, owner, task_id)
    if found.status is not Status.DONE:
        raise Refusal(
            "not_done",
            Message("There is no transcript: the task is {status}", status=found.status),
            status=found.status.value,
        )
    transcript = views.transcript(found.document)
    if not transcript.text:
        raise invalid("task_id", Message("names a transcript without a word"))
    is_timed = asked.mode == Mode.SUMMARY
    segments = tuple((each.start, each.end, each.text) for each in transcript.segments if is_timed)
    return transcript.text, replace(asked, language=asked.language or transcript.language, segments=segments)


router = text_route.router_of(TEXT_KIND, {"text": (_TextField, ""), "task_id": (_TaskField, "")}, _chosen)
