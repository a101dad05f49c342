"""The voices that clients may ask for."""

from __future__ import annotations

import asyncio

from loguru import logger

from voxq.api.crew import CrewWatch
from voxq.api.recent import Recent
from voxq.engines import synthesisers, voices
from voxq.engines.voices import Speaker
from voxq.models.store import ModelStore

_KEPT_SECONDS = 10.0


class VoiceWatch:
    """Those of living workers; while there are none, what is installed on this machine."""

    def __init__(self, crew: CrewWatch, store: ModelStore) -> None:
        self._crew = crew
        self._store = store
        self._installed = Recent(self._look_here, _KEPT_SECONDS)

    async def recent(self) -> tuple[Speaker, ...]:
        """Of each language the best first. Raises redis.exceptions.RedisError when Redis is away."""
        crew = await self._crew.recent()
        offered = crew.synthesisers or await self._installed.get()
        # In our order, which puts the embedded one first; a worker of another version may have others.
        return voices.speakers_of(name for name in synthesisers.names() if name in offered)

    async def _look_here(self) -> tuple[str, ...]:
        try:
            return await asyncio.to_thread(voices.installed, self._store)
        except OSError as error:
            logger.warning("installed voices cannot be listed: {}", error.strerror)
            return synthesisers.names()[:1]
