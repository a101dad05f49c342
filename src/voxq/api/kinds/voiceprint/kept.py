"""Voiceprints that are kept, as routes use them: off the event loop, and with the errors of the API."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from loguru import logger
from redis.exceptions import RedisError

from voxq.api.service import Service
from voxq.api.submission import reuse
from voxq.core.refusal import Refusal
from voxq.kinds.voiceprint import VOICEPRINT, VoiceprintOptions
from voxq.locale import Message
from voxq.queue import fingerprints, script
from voxq.storage.voiceprints import NoVoiceprint
from voxq.voiceprints.voiceprint import Voiceprint, new_id

T = TypeVar("T")

MOST = 10_000
"""Voiceprints of one owner: more could not be searched quickly."""
_MOST_TASKS = 100


async def found(service: Service, owner: str, id: str) -> Voiceprint:
    """Find a voiceprint of the caller. Raises Refusal ("no_such_voiceprint")."""
    return await _off_loop(service.parts.voiceprints.get, owner, id)


async def every(service: Service, owner: str) -> tuple[Voiceprint, ...]:
    """Return all voiceprints of the caller."""
    return await asyncio.to_thread(service.parts.voiceprints.of, owner)


async def created(service: Service, voiceprint: Voiceprint) -> Voiceprint:
    """Keep a new voiceprint. One of the same id, which a repeated request has made, is kept instead.

    Raises Refusal ("too_many_voiceprints").
    """
    store = service.parts.voiceprints

    def add() -> Voiceprint:
        there = store.of(voiceprint.owner)
        if (known := next((each for each in there if each.id == voiceprint.id), None)) is not None:
            return known
        if len(there) >= MOST:
            raise Refusal(
                "too_many_voiceprints", Message("There are {number} voiceprints already", number=len(there))
            )
        store.add(voiceprint)
        store.audit.add("created", voiceprint.id, voiceprint.owner)
        return voiceprint

    return await asyncio.to_thread(add)


async def withdrawn(service: Service, voiceprint: Voiceprint) -> None:
    """Remove a voiceprint whose first recording was not accepted; one that has a task stays."""
    store = service.parts.voiceprints

    def withdraw() -> None:
        with contextlib.suppress(NoVoiceprint):
            if not store.get(voiceprint.owner, voiceprint.id).tasks:
                store.finish_deletion(store.delete(voiceprint.owner, voiceprint.id))

    await asyncio.to_thread(withdraw)


async def with_task(service: Service, owner: str, id: str, task_id: str) -> None:
    """Note that a task contributes to a voiceprint, so that it is erased with it.

    If the voiceprint has been deleted meanwhile, the task is erased here. Raises Refusal
    ("no_such_voiceprint").
    """

    def add(before: Voiceprint) -> Voiceprint:
        return replace(before, tasks=tuple(dict.fromkeys((*before.tasks, task_id))))

    store = service.parts.voiceprints
    try:
        await asyncio.to_thread(store.change, owner, id, add)
        await asyncio.to_thread(store.audit.add, "recorded", id, owner)
    except NoVoiceprint:
        await asyncio.to_thread(_forget_task, service, task_id)
        raise no_such(id) from None


def check_tasks(voiceprint: Voiceprint) -> None:
    """Check that another recording may be added. Raises Refusal ("too_many_recordings")."""
    if len(voiceprint.tasks) >= _MOST_TASKS:
        raise Refusal(
            "too_many_recordings",
            Message("A voiceprint may have at most {most} recordings, in all versions", most=_MOST_TASKS),
        )


async def renamed(service: Service, owner: str, id: str, name: str) -> Voiceprint:
    """Rename a voiceprint. Raises Refusal ("no_such_voiceprint")."""
    changed = await _off_loop(
        service.parts.voiceprints.change, owner, id, lambda before: replace(before, name=name)
    )
    await asyncio.to_thread(service.parts.voiceprints.audit.add, "changed", id, owner)
    return changed


async def erased(service: Service, owner: str, id: str) -> int:
    """Delete a voiceprint and all that lies of its tasks, and of extractions of the same recordings; return
    how many tasks these are. What cannot be
    erased now, because Redis is away, the janitor of the workers erases later.

    Raises Refusal ("no_such_voiceprint").
    """
    store = service.parts.voiceprints
    for task_id in await _extractions(service, await found(service, owner, id)):
        await with_task(service, owner, id, task_id)
    deleted = await _off_loop(store.delete, owner, id)
    await asyncio.to_thread(store.audit.add, "deleted", id, owner)
    try:
        await asyncio.to_thread(service.parts.erasure(service.blocking).erase, deleted)
    except (RedisError, OSError) as error:
        logger.warning("the deletion of {} will be finished later: {}", id, type(error).__name__)
    return len(deleted.tasks)


def id_for(owner: str, idempotency_key: str | None) -> str:
    """Return the id of a new voiceprint: the same for a request that is repeated with its key."""
    if idempotency_key is None:
        return new_id()
    return f"vp_{hashlib.sha256(f'{owner}|{idempotency_key}'.encode()).hexdigest()[:24]}"


def no_such(id: str) -> Refusal:
    """Make the refusal of a voiceprint that is not there, or another owner's."""
    return Refusal("no_such_voiceprint", Message("Voiceprint not found"), voiceprint_id=id[:40])


async def _extractions(service: Service, voiceprint: Voiceprint) -> list[str]:
    """Return the tasks that have extracted vectors of the same recordings, and whose results are still
    there."""
    store, tasks = service.parts.stores[VOICEPRINT.name], []
    try:
        for sha256 in dict.fromkeys(sample.sha256 for sample in voiceprint.samples):
            fingerprint = await reuse.fingerprint_of(
                service, VOICEPRINT, voiceprint.owner, VoiceprintOptions(), sha256=sha256
            )
            look = fingerprints.look(store, fingerprint, join=False)
            if (earlier := await script.run_async(service.trips, look)) is not None:
                tasks.append(earlier.task_id)
    except RedisError as error:
        logger.warning("results of the same recordings expire by themselves: {}", type(error).__name__)
    return tasks


def _forget_task(service: Service, task_id: str) -> None:
    for control in service.control.values():
        control.cancel(task_id)
        control.forget(task_id)


async def _off_loop(act: Callable[..., T], owner: str, id: str, *others: object) -> T:
    try:
        return await asyncio.to_thread(act, owner, id, *others)
    except NoVoiceprint:
        raise no_such(id) from None
