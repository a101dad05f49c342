"""Voices that clients may request."""

from __future__ import annotations

import asyncio

from loguru import logger

from voxq.api.monitoring.workers import WorkerWatch
from voxq.api.recent import Recent
from voxq.engines import voices
from voxq.engines.voices import Speaker
from voxq.model_store.store import ModelStore

_KEPT_SECONDS = 10.0


class VoiceWatch:
    """Voices of living workers, for the languages whose packages they have; without workers, those of this
    machine."""

    def __init__(self, overview: WorkerWatch, store: ModelStore) -> None:
        self._overview = overview
        self._store = store
        self._installed = Recent(self._look_here, _KEPT_SECONDS)

    async def recent(self) -> tuple[Speaker, ...]:
        """Return the voices, the best of each language first. Raises redis.exceptions.RedisError when Redis
        is away."""
        overview = await self._overview.recent()
        if not overview.synthesisers:
            return await self._installed.get()
        # In the local order, with the embedded model first; a worker of another version may have more models.
        known = voices.speakers_of(name for name in voices.models() if name in overview.synthesisers)
        return tuple(each for each in known if overview.speaks(each.model, each.voice.language))

    async def _look_here(self) -> tuple[Speaker, ...]:
        return await asyncio.to_thread(self._installed_here)

    def _installed_here(self) -> tuple[Speaker, ...]:
        try:
            spoken = voices.spoken_here(self._store)
        except OSError as error:
            logger.warning("installed voices cannot be listed: {}", error.strerror)
            return voices.speakers_of(voices.models()[:1])
        if not spoken:  # a machine for the API alone may lack packages that its workers have
            return voices.speakers_of(voices.models()[:1])
        return tuple(each for each in voices.speakers_of(spoken) if each.voice.language in spoken[each.model])
