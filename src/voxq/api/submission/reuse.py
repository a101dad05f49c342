"""Reuse of finished results and of tasks in progress for identical requests."""

from __future__ import annotations

import asyncio

from loguru import logger
from redis.exceptions import RedisError

from voxq import kinds
from voxq.api.service import Service
from voxq.core.inputs import TEXT, Inline
from voxq.core.options import Options
from voxq.core.task import Task
from voxq.kinds import Kind
from voxq.queue import fingerprints, script

HEADER = "x-voxq-cache"
"""Response header; its values are hit, miss and joined."""


async def fingerprint_of(
    service: Service, kind: Kind, owner: str, options: Options, *, sha256: str = "", text: str | None = None
) -> str:
    """Return the fingerprint of a request for a task of this kind, made from a recording with this hash or
    from a text; see `voxq.queue.fingerprints`.

    It is the same whether the default model is named or not.
    """
    models = service.model_fingerprints
    named = await models.with_model(kind, options)
    return fingerprints.fingerprint_of(owner, sha256, await models.of_steps(kind, named), named, text=text)


async def _fingerprint_of_task(service: Service, task: Task) -> str:
    kind, given = kinds.find(task.kind), task.inputs.get(TEXT)
    if isinstance(given, Inline):
        return await fingerprint_of(service, kind, task.owner, task.options, text=given.text)
    return await fingerprint_of(service, kind, task.owner, task.options, sha256=task.sha256)


async def adopt(service: Service, fingerprint: str, task: Task, *, leased: bool) -> None:
    """Let later requests with this fingerprint find the task. Without Redis they will not; that is only
    logged."""
    store = service.parts.stores[task.kind]
    try:
        await script.run_async(service.trips, fingerprints.adopt(store, fingerprint, task.id, leased=leased))
    except RedisError as error:
        logger.warning("task={} is not shared with equal requests: {}", task.short_id, type(error).__name__)


async def answer_from_cache(service: Service, task: Task) -> bool:
    """End a newly accepted task with the result of an identical one of the same owner, and return whether
    there was one.

    If there was none, its own result will serve the next request.
    """
    fingerprint = await _fingerprint_of_task(service, task)
    look = fingerprints.look(service.parts.stores[task.kind], fingerprint, join=False)
    try:
        earlier = await script.run_async(service.trips, look)
        if earlier is not None:
            answer_as = service.control[task.kind].answer_as
            if await asyncio.to_thread(answer_as, task, earlier.task_id):
                return True
    except (RedisError, OSError) as error:
        logger.warning("task={} uses no earlier result: {}", task.short_id, type(error).__name__)
        return False
    await adopt(service, fingerprint, task, leased=False)
    return False
