"""Reuse of finished results and of tasks in progress for identical requests."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from loguru import logger
from redis.exceptions import RedisError

from voxq.api.available import AvailableModels
from voxq.api.service import Service
from voxq.core.options import Options
from voxq.core.task import Task
from voxq.kinds import Kind
from voxq.kinds.transcription import TRANSCRIPTION, TranscriptionOptions
from voxq.queue import fingerprints, script

HEADER = "x-voxq-cache"
"""Response header; its values are hit, miss and joined."""


async def of_recording(
    service: Service, owner: str, sha256: str, options: TranscriptionOptions, models: AvailableModels
) -> str:
    """Return the fingerprint of a recording's request, see `voxq.queue.fingerprints`.

    It is the same whether the default model is named or not.
    """
    name = options.model or models.default
    model_fingerprint = await service.model_fingerprints.of(TRANSCRIPTION, name)
    return fingerprints.fingerprint_of(owner, sha256, model_fingerprint, replace(options, model=name))


async def of_text(service: Service, kind: Kind, owner: str, text: str, options: Options) -> str:
    """Return the fingerprint of a request for a task of this kind, which is made from a text."""
    model_fingerprint = await service.model_fingerprints.of_steps(kind, options)
    return fingerprints.fingerprint_of(owner, "", model_fingerprint, options, text=text)


async def adopt(service: Service, fingerprint: str, task: Task, *, leased: bool) -> None:
    """Let later requests with this fingerprint find the task. Without Redis they will not; that is only
    logged."""
    store = service.parts.stores[task.kind]
    try:
        await script.run_async(service.client, fingerprints.adopt(store, fingerprint, task.id, leased=leased))
    except RedisError as error:
        logger.warning("task={} cannot be found again: {}", task.short_id, type(error).__name__)


async def answer_from_cache(service: Service, task: Task, fingerprint: str) -> bool:
    """End a newly accepted task with the result of an identical one of the same owner, and return whether
    there was one.

    If there was none, its own result will serve the next request.
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
