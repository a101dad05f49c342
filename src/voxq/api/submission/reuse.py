"""Answering a request with what was made for the same one before, or is being made."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from loguru import logger
from redis.exceptions import RedisError

from voxq.api.available import AvailableModels
from voxq.api.service import Service
from voxq.core.task import Task
from voxq.kinds.speech import SPEECH, SpeechOptions
from voxq.kinds.transcription import TRANSCRIPTION, TranscriptionOptions
from voxq.queue import fingerprints, script

HEADER = "x-voxq-cache"
"""hit, miss or joined."""


async def of_recording(
    service: Service, owner: str, sha256: str, options: TranscriptionOptions, models: AvailableModels
) -> str:
    """The fingerprint of a recording's request, see `voxq.queue.fingerprints`.

    Whether the default model was named or not makes no difference.
    """
    name = options.model or models.default
    model_fingerprint = await service.model_fingerprints.of(TRANSCRIPTION, name)
    return fingerprints.fingerprint_of(owner, sha256, model_fingerprint, replace(options, model=name))


async def of_text(service: Service, owner: str, text: str, options: SpeechOptions) -> str:
    """The fingerprint of a text's request; its options name the model."""
    model_fingerprint = await service.model_fingerprints.of(SPEECH, options.model or "")
    return fingerprints.fingerprint_of(owner, "", model_fingerprint, options, text=text)


async def adopt(service: Service, fingerprint: str, task: Task, *, leased: bool) -> None:
    """Let later requests of this fingerprint find the task. Without Redis they will not, and that is all."""
    store = service.parts.stores[task.kind]
    try:
        await script.run_async(service.client, fingerprints.adopt(store, fingerprint, task.id, leased=leased))
    except RedisError as error:
        logger.warning("task={} cannot be found again: {}", task.short_id, type(error).__name__)


async def answer_from_cache(service: Service, task: Task, fingerprint: str) -> bool:
    """End a task that has just been accepted with the result of one that did the same for the same owner.

    False if there is none: then this one's result is what the next gets.
    """
    look = fingerprints.look(service.parts.stores[task.kind], fingerprint, join=False)
    try:
        earlier = await script.run_async(service.client, look)
        if earlier is not None:
            answer_as = service.control[task.kind].answer_as
            if await asyncio.to_thread(answer_as, task, earlier.task_id):
                return True
    except (RedisError, OSError) as error:
        logger.warning("task={} is done anew: {}", task.short_id, type(error).__name__)
        return False
    await adopt(service, fingerprint, task, leased=False)
    return False
