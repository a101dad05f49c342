"""Answering a request with what was recognised before, or is being recognised."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from loguru import logger
from redis.exceptions import RedisError

from voxq.api.available import AvailableModels
from voxq.api.service import Service
from voxq.tasks import script, twins
from voxq.tasks.task import AsrOptions, Kind, Task

HEADER = "x-voxq-cache"
"""hit, miss or joined."""


async def fingerprint(
    service: Service, owner: str, audio_sha256: str, options: AsrOptions, models: AvailableModels
) -> str:
    """See `voxq.tasks.twins`. Whether the default model was named or not makes no difference."""
    name = options.model or models.default
    recipe = await service.recipes.of(name)
    return twins.fingerprint_of(owner, audio_sha256, recipe, replace(options, model=name))


async def adopt(service: Service, fingerprint: str, task: Task, *, leased: bool) -> None:
    """Let later requests of this fingerprint find the task. Without Redis they will not, and that is all."""
    try:
        await script.run_async(
            service.client, twins.adopt(service.parts.stores[Kind.ASR], fingerprint, task.id, leased=leased)
        )
    except RedisError as error:
        logger.warning("task={} cannot be found again: {}", task.short_id, type(error).__name__)


async def answer_from_cache(service: Service, task: Task, models: AvailableModels) -> bool:
    """End a task that has just been accepted with the result of one that did the same for the same owner.

    False if there is none: then this one's result is what the next gets.
    """
    ours = await fingerprint(service, task.owner, task.audio_sha256, task.recognition, models)
    try:
        twin = await script.run_async(
            service.client, twins.look(service.parts.stores[Kind.ASR], ours, join=False)
        )
        if twin is not None and await asyncio.to_thread(
            service.control[Kind.ASR].answer_as, task, twin.task_id
        ):
            return True
    except RedisError as error:
        logger.warning("task={} is done anew: {}", task.short_id, type(error).__name__)
        return False
    await adopt(service, ours, task, leased=False)
    return False
