"""Start of a recognition whose text is the response to its request."""

from __future__ import annotations

from fastapi import Request

from voxq.api.access_log import note
from voxq.api.openai.beginning import Begun, begin
from voxq.api.service import Service
from voxq.api.submission import reuse
from voxq.core.task import Task, short_id
from voxq.kinds.transcription import TRANSCRIPTION
from voxq.queue.enqueueing import EntryCheck
from voxq.tasks import intake


async def begin_recognition(
    request: Request,
    service: Service,
    entry: EntryCheck,
    upload: intake.Upload,
    asked: intake.Request,
    *,
    may_reuse: bool,
) -> Begun:
    """Find a reusable task for an upload, or make it a new one. The part file is moved only by a new task.

    Raises AudioError and Refusal as the intake of recordings does, and RedisError.
    """
    fingerprint = await reuse.fingerprint_of(
        service, TRANSCRIPTION, asked.owner, asked.options, sha256=upload.sha256
    )

    async def accept() -> Task:
        return (await service.recordings[TRANSCRIPTION.name].accept(entry, upload, asked)).task

    begun = await begin(service, TRANSCRIPTION.name, asked.owner, fingerprint, accept, may_reuse=may_reuse)
    note(request, task=short_id(begun.task_id), cache=begun.cache)
    return begun
