"""What a result depends on besides recording and request: the model's files and the operator's defaults."""

from __future__ import annotations

import asyncio
import hashlib
import json

from voxq.api.recent import Recent
from voxq.models.catalogue import UnknownModel
from voxq.models.offer import Offer
from voxq.models.stamp import revision_of
from voxq.models.store import ModelStore
from voxq.settings import Settings

_KEPT_SECONDS = 10.0


class Recipes:
    """By name of a model. Belongs to one event loop.

    Looks at the files of the machine where the API runs: of a model that only workers have, the name must do.
    """

    def __init__(self, settings: Settings, offer: Offer) -> None:
        self._settings = settings
        self._offer = offer
        self._store = ModelStore(search=[settings.asr_model_path])
        self._known: dict[str, Recent[str]] = {}

    async def of(self, name: str) -> str:
        """A digest that is another one after anything has changed. `name` is that of an available model."""
        if name not in self._known:
            self._known[name] = Recent(lambda: asyncio.to_thread(self._read, name), _KEPT_SECONDS)
        return await self._known[name].get()

    def _read(self, name: str) -> str:
        settings = self._settings
        try:
            hotwords = settings.hotwords_path.read_text("utf-8")
        except (OSError, ValueError):
            hotwords = ""  # no worker starts with such a file
        parts = [name, self._revision(name), settings.asr_language, settings.asr_batch_size, hotwords]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _revision(self, name: str) -> str:
        offered = self._offer.described(name)
        if offered is None:
            return ""
        try:
            path = self._store.find(offered.model)
            return f"{offered.engine}:{revision_of(path) if path else offered.model}"
        except (UnknownModel, OSError):
            return f"{offered.engine}:{offered.model}"
