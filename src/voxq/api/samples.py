"""Samples of the voices: each is synthesised at the first request and kept as a file."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from voxq.api import cancellation
from voxq.core.refusal import Refusal
from voxq.engines.voices import Speaker
from voxq.locale import Message

FORMAT = "mp3"
"""Format that every player supports, and small."""

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "en": "Good morning, and welcome. This is how I sound.",
        "zh": "大家早上好，欢迎你们。这就是我的声音。",
        "ja": "皆さん、おはようございます。これが私の声です。",
        "es": "Buenos días y bienvenidos. Así suena mi voz.",
        "fr": "Bonjour et bienvenue. Voici comment sonne ma voix.",
    }
)
"""What a sample says, by ISO 639-1 code of the voice's language."""

_PATIENCE_SECONDS = 20.0
"""Seconds that a request waits; the sample is finished without it."""


class VoiceSamples:
    """Files in `directory`, one for each voice. Requests for a sample that is being made wait for the same
    task.

    Belongs to one event loop.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._making: dict[str, asyncio.Task[Path]] = {}

    async def get(self, speaker: Speaker, make: Callable[[Path], Awaitable[None]]) -> Path:
        """Return the file for a known voice; `make` writes it to the given path if it does not exist.

        Raises Refusal ("sample_pending" while it is being made), and whatever `make` raises.
        """
        name = f"{speaker.model}-{speaker.voice.name}.{FORMAT}"
        path = self._directory / name
        making = self._making.get(name) or self._begin(name, path, make)
        await asyncio.wait({making}, timeout=_PATIENCE_SECONDS)
        if not making.done():
            raise Refusal(
                "sample_pending", Message("The sample of this voice is being made, please ask again")
            )
        return making.result()

    async def close(self) -> None:
        """Cancel the samples that are being made."""
        for making in list(self._making.values()):
            await cancellation.end(making)

    def _begin(self, name: str, path: Path, make: Callable[[Path], Awaitable[None]]) -> asyncio.Task[Path]:
        async def made() -> Path:
            try:
                if not await asyncio.to_thread(path.is_file):
                    await asyncio.to_thread(self._directory.mkdir, mode=0o700, exist_ok=True)
                    await make(path)
                return path
            finally:
                del self._making[name]

        making = self._making[name] = asyncio.create_task(made())
        making.add_done_callback(_look_at)
        return making


def _look_at(making: asyncio.Task[Path]) -> None:
    """Retrieve the exception, which asyncio would report as never retrieved if all waiting requests have
    gone."""
    with contextlib.suppress(asyncio.CancelledError):
        making.exception()
