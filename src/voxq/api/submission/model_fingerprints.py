"""Fingerprints of everything besides the request that a result depends on: the model's files, operator
defaults."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator

import voxq
from voxq.api.recent import Recent
from voxq.core.options import Options
from voxq.engines import voices
from voxq.engines.contract import Capability, EngineError, EngineRequest
from voxq.kinds import Kind
from voxq.model_catalogue import ModelCatalogue
from voxq.model_store.published import UnknownModel
from voxq.model_store.stamp import revision_of
from voxq.model_store.store import ModelStore
from voxq.settings import Settings

_KEPT_SECONDS = 10.0
_MOST_KEPT = 1000
"""Digests in memory: a client may name any model of a kind that leaves the names to its workers."""


class ModelFingerprints:
    """Fingerprints by kind of task and name of a model. Belongs to one event loop.

    They cover the files of the machine where the API runs; for a model that only workers have, only its name.
    """

    def __init__(self, settings: Settings, model_catalogue: ModelCatalogue) -> None:
        self._settings = settings
        self._catalogue = model_catalogue
        self._store = ModelStore(search=[settings.asr_model_path])
        self._known: dict[tuple[str, str, str], Recent[str]] = {}

    async def of(self, kind: Kind, name: str, capability: str = "") -> str:
        """Return a digest that differs after any change of the model `name`.

        `capability` is what the model is used for: by default, what the first step of the kind needs.
        """
        key = kind.name, name, capability or kind.capability
        if key not in self._known:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            read = self._recognition if key[2] == Capability.RECOGNISE else self._speech
            self._known[key] = Recent(
                lambda: asyncio.to_thread(lambda: _digest(kind.name, name, *read(name))), _KEPT_SECONDS
            )
        return await self._known[key].get()

    async def of_steps(self, kind: Kind, options: Options) -> str:
        """Return a digest that differs after any change of a model that these options choose for a step.

        Of a kind with one step it is that of its model.
        """
        digests: list[str] = []
        for step in kind.steps:
            name = kind.model_name(step.name, options) or self._default_of(step.capability)
            digests.append(await self.of(kind, name, step.capability))
        return digests[0] if len(digests) == 1 else _digest(*digests)

    def _default_of(self, capability: str) -> str:
        """Name of the model that a worker takes where the options name none."""
        return self._catalogue.default.name if capability == Capability.RECOGNISE else voices.models()[0]

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
        try:
            family = voices.family_of(name)
        except EngineError:
            return  # only workers know it
        for model in family.roles_for(EngineRequest(name, name)).values():
            yield self._revision(model)

    def _revision(self, model: str) -> str:
        try:
            path = self._store.find(model)
            return revision_of(path) if path else model
        except (UnknownModel, OSError):
            return model


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
