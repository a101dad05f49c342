"""A few words of each voice to listen to: spoken once, and kept as a file from then on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from voxq.api import background
from voxq.core.refusal import Refusal
from voxq.engines.voices import Speaker

FORMAT = "mp3"
"""Whatever plays sound plays it, and it is small."""

_PATIENCE_SECONDS = 20.0
"""A request waits for so long; making the sample goes on without it."""


class VoiceSamples:
    """The files in `directory`, one a voice. Whoever asks for one that is just being made waits for the same.

    Belongs to one event loop.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._making: dict[str, asyncio.Task[Path]] = {}

    async def get(self, speaker: Speaker, make: Callable[[Path], Awaitable[None]]) -> Path:
        """The file of a voice that is known to be there; `make` puts it to its path if it is not yet.

        Raises Refusal ("sample_pending" while it is being made), and whatever `make` raises.
        """
        name = f"{speaker.engine}-{speaker.voice.name}.{FORMAT}"
        path = self._directory / name
        making = self._making.get(name) or self._begin(name, path, make)
        await asyncio.wait({making}, timeout=_PATIENCE_SECONDS)
        if not making.done():
            raise Refusal("sample_pending", "The sample of this voice is being made, please ask again")
        return making.result()

    async def close(self) -> None:
        """Give up waiting for what is being made."""
        for making in list(self._making.values()):
            await background.end(making)

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
    """Those who waited may all have gone, and nobody else would look at what went wrong."""
    with contextlib.suppress(asyncio.CancelledError):
        making.exception()
