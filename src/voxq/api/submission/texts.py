"""Acceptance of texts, for every kind that is made from one."""

from __future__ import annotations

import asyncio

from voxq.api.limits import disk
from voxq.api.service import Service
from voxq.core.refusal import Refusal
from voxq.kinds import Kind
from voxq.tasks import intake
from voxq.tasks.intake import Submission


def check_length(kind: Kind, text: str, longest: int) -> None:
    """Check that a text has at most `longest` characters. Raises Refusal ("too_large")."""
    if len(text) > longest:
        message = f"A {kind.noun} may have at most {longest} characters"
        raise Refusal("too_large", message, max_text_characters=longest)


async def accept(service: Service, kind: Kind, text: str, wanted: intake.Request) -> Submission:
    """Make a text a task and queue it. Raises Refusal, or OSError if the disk is full."""
    await asyncio.to_thread(disk.check_space, service.settings)
    texts = service.texts[kind.name]
    entry = await texts.check_entry(wanted.owner, wanted.idempotency_key)
    return await texts.accept(entry, text, wanted)
