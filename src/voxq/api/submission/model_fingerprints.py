"""Fingerprints of everything besides the request that a result depends on: the model's files, operator
defaults."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator

import voxq
from voxq.api.recent import Recent
from voxq.engines import voices
from voxq.engines.contract import EngineRequest
from voxq.kinds import Kind
from voxq.model_catalogue import ModelCatalogue
from voxq.model_store.published import UnknownModel
from voxq.model_store.stamp import revision_of
from voxq.model_store.store import ModelStore
from voxq.settings import Settings

_KEPT_SECONDS = 10.0


class ModelFingerprints:
    """Fingerprints by kind of task and name of a model. Belongs to one event loop.

    They cover the files of the machine where the API runs; for a model that only workers have, only its name.
    """

    def __init__(self, settings: Settings, model_catalogue: ModelCatalogue) -> None:
        self._settings = settings
        self._catalogue = model_catalogue
        self._store = ModelStore(search=[settings.asr_model_path])
        self._known: dict[tuple[str, str], Recent[str]] = {}

    async def of(self, kind: Kind, name: str) -> str:
        """Return a digest that differs after any change. `name` is that of an available model."""
        if (kind.name, name) not in self._known:
            read = self._recognition if kind.capability == "recognise" else self._speech
            self._known[kind.name, name] = Recent(
                lambda: asyncio.to_thread(lambda: _digest(kind.name, name, *read(name))), _KEPT_SECONDS
            )
        return await self._known[kind.name, name].get()

    def _recognition(self, name: str) -> Iterator[object]:
        settings = self._settings
        yield settings.asr_language
        yield settings.asr_chinese_script
        yield settings.asr_batch_size
        try:
            yield settings.hotwords_path.read_text("utf-8")
        except (OSError, ValueError):
            yield ""  # no worker starts with such a file
        if listed := self._catalogue.described(name):
            yield listed.engine
            yield self._revision(listed.model)
        if entry := self._catalogue.entry_of(name):
            yield from map(self._revision, entry.needs)

    def _speech(self, name: str) -> Iterator[object]:
        """Return the fingerprint for speech: text normalisation belongs to this version, which also pins the
        embedded voice."""
        yield voxq.__version__
        for model in voices.family_of(name).roles_for(EngineRequest(name, name)).values():
            yield self._revision(model)

    def _revision(self, model: str) -> str:
        try:
            path = self._store.find(model)
            return revision_of(path) if path else model
        except (UnknownModel, OSError):
            return model


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
