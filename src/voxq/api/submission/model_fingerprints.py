"""Fingerprints of everything besides the request that a result depends on: the model's files, the operator's
settings, the kind's own code."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from voxq.api.recent import Recent
from voxq.core.options import Options
from voxq.engines.contract import Capability
from voxq.kinds import Kind
from voxq.model_catalogue import Listing
from voxq.model_store.published import UnknownModel
from voxq.model_store.stamp import revision_of
from voxq.model_store.store import ModelStore
from voxq.settings import Settings

_KEPT_SECONDS = 10.0
_MOST_KEPT = 1000
"""Digests in memory: a client may name any model of a kind that leaves the names to its workers."""

Offered = Callable[[str], Awaitable[Sequence[str]]]
"""Function that returns the names of models with a capability that workers offer, the default first."""


class ModelFingerprints:
    """Fingerprints by kind of task and name of a model. Belongs to one event loop.

    They cover the files of the machine where the API runs; for a model that only workers have, only its name.
    """

    def __init__(self, settings: Settings, listings: Mapping[Capability, Listing], offered: Offered) -> None:
        self._settings = settings
        self._listings = listings
        self._offered = offered
        self._store = ModelStore(search=[settings.asr_model_path])
        self._known: dict[tuple[str, str, str], Recent[str]] = {}

    async def of(self, kind: Kind, name: str, capability: str = "") -> str:
        """Return a digest that differs after any change of the model `name`.

        `capability` is what the model is used for: by default, what the first step of the kind needs.
        """
        capability = capability or kind.capability
        key = kind.name, name, capability
        if key not in self._known:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            compute = partial(self._compute, kind, name, self._listings[Capability(capability)])
            self._known[key] = Recent(partial(asyncio.to_thread, compute), _KEPT_SECONDS)
        return await self._known[key].get()

    async def of_steps(self, kind: Kind, options: Options) -> str:
        """Return a digest that differs after any change of a model that these options choose for a step.

        Of a task with one step it is that of its model.
        """
        digests: list[str] = []
        for step in kind.steps_for(options):
            name = kind.model_name(step.name, options) or await self._default_of(step.capability)
            digests.append(await self.of(kind, name, step.capability))
        return digests[0] if len(digests) == 1 else _digest(*digests)

    async def with_model(self, kind: Kind, options: Options) -> Options:
        """Return the options with the default model for the first step, if they name none."""
        if kind.model_name(kind.steps[0].name, options) is not None:
            return options
        return kind.with_model(options, await self._default_of(kind.capability))

    async def _default_of(self, capability: str) -> str:
        """Name of the model that a worker takes where the options name none."""
        offered = await self._offered(capability)
        return offered[0] if offered else self._listings[Capability(capability)].default.name

    def _compute(self, kind: Kind, name: str, listing: Listing) -> str:
        return _digest(kind.name, name, *self._facts(kind, name, listing))

    def _facts(self, kind: Kind, name: str, listing: Listing) -> Iterator[object]:
        if kind.revision:
            yield kind.revision
        for setting in kind.settings_used:
            yield _written(getattr(self._settings, setting))
        if listed := listing.described(name):
            yield listed.engine
            yield from map(self._revision, listing.parts_of(name))

    def _revision(self, model: str) -> str:
        try:
            path = self._store.find(model)
            return revision_of(path) if path else model
        except (UnknownModel, OSError):
            return model


def _written(setting: object) -> object:
    """Return the value of a setting as JSON; of a path, what the file says."""
    if not isinstance(setting, Path):
        return setting
    try:
        return setting.read_text("utf-8")
    except (OSError, ValueError):
        return ""  # no worker starts with such a file


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
