"""Acceptance of texts, for every kind that is made from one."""

from __future__ import annotations

import asyncio

from voxq.api.limits import check_disk
from voxq.api.service import Service
from voxq.core.refusal import Refusal
from voxq.kinds import Kind
from voxq.locale import Message
from voxq.queue.enqueueing import EntryCheck
from voxq.tasks import intake
from voxq.tasks.intake import Submission


def check_length(kind: Kind, text: str, longest: int) -> None:
    """Check that a text has at most `longest` characters. Raises Refusal ("too_large")."""
    if len(text) > longest:
        message = Message("A {noun} may have at most {longest} characters", noun=kind.noun, longest=longest)
        raise Refusal("too_large", message, max_text_characters=longest)


async def accept(
    service: Service, kind: Kind, text: str, wanted: intake.Request, entry: EntryCheck | None = None
) -> Submission:
    """Make a text a task and queue it; `entry`: the result of `check_entry`, if that was asked before.

    Raises Refusal, or OSError if the disk is full.
    """
    settings, texts = service.settings, service.texts[kind.name]
    await asyncio.to_thread(check_disk, settings.storage_path, settings.min_free_disk_mb << 20)
    if entry is None:
        entry = await texts.check_entry(wanted.owner, wanted.idempotency_key)
    return await texts.accept(entry, text, wanted)
