"""Clips: the part of an uploaded recording whose language is wanted."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from voxq.api.service import Service
from voxq.core.refusal import invalid
from voxq.locale import Message
from voxq.tasks.intake import Upload


@asynccontextmanager
async def clip_of(
    service: Service, whole: Upload, owner: str, start: float, seconds: float
) -> AsyncIterator[Upload]:
    """Decode up to `seconds` of an upload, from second `start` on, into a file of its own. It is removed at
    the end unless it was moved.

    A film is uploaded as a whole, and only what is listened to shall be kept, and be counted.

    Raises AudioError and OSError as `ProbePool.clip`, and Refusal ("invalid_option") for a start after the
    end.
    """
    part = service.parts.blobs.part(secrets.token_hex(16))
    try:
        if not await service.probes.clip(whole.part, part, owner, start, seconds):
            raise invalid("detect_lang_offset", Message("must lie before the end of the recording"))
        yield await asyncio.to_thread(_upload, part, service.settings.fsync)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)


def _upload(part: Path, fsync: bool) -> Upload:
    with part.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if fsync:
            os.fsync(file)
        return Upload(part, file.tell(), sha256)
