"""Models that a worker has, and the operator's defaults for all tasks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from loguru import logger

from voxq import kinds
from voxq.core.options import operator_defaults
from voxq.engines import mixtures, registry, voices
from voxq.engines.contract import Capability, EngineError, EngineRequest, Traits, Voice
from voxq.kinds.work import Defaults, ModelUnavailable
from voxq.model_catalogue import ListedModel, ModelCatalogue
from voxq.model_store.published import UnknownModel
from voxq.model_store.store import ModelError, ModelStore
from voxq.settings import Settings

_LOOK_AGAIN_SECONDS = 60.0
"""Seconds after which the directories of models are read again to list the installed ones."""


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """A model that can be loaded: all that its model process needs, and the facts known before it is
    loaded."""

    name: str
    capability: Capability
    request: EngineRequest
    traits: Traits
    paths: Mapping[str, Path]
    """Directories by role, see `EngineFamily.model_paths`."""
    size_mb: int = 0
    """Size on disk."""
    voices: tuple[Voice, ...] = ()
    """Voices of a model that speaks; other models have none."""

    def voice(self, name: str) -> Voice:
        """Return the voice of this name, mixed if need be. Raises ModelUnavailable."""
        voice = mixtures.find(name, self.voices)
        if voice is None:
            raise ModelUnavailable(f"The model {self.name} has no voice of this name.")
        return voice


class WorkPlan:
    """The models that one worker serves and the operator's defaults for all of them."""

    def __init__(
        self,
        model_catalogue: ModelCatalogue,
        store: ModelStore,
        *,
        devices: Mapping[Capability, str],
        threads: int,
        defaults: Defaults,
    ) -> None:
        """Choose the default model. `devices`: the device of each capability that the worker serves, the main
        one first.

        Raises EngineError, UnknownModel or ModelError if there is no default model of the main capability.
        """
        self._catalogue = model_catalogue
        self._store = store
        self._devices = devices
        self._threads = threads
        self.defaults = defaults
        """Operator's options, used where a client sets none."""
        self._names: tuple[str, ...] = ()
        self._names_until = 0.0
        self._models: dict[tuple[Capability, str], ModelPlan] = {}
        main = next(iter(devices))
        self.default = self._resolve(main, self._default_of(main))
        """Model of the main capability without which the worker is of no use."""
        self._models[main, self.default.name] = self.default
        self._spoken: Mapping[str, tuple[str, ...]] = {}
        self._spoken_until = 0.0

    @classmethod
    def of(cls, settings: Settings, device: str) -> Self:
        """Make the plan from the settings. Raises as the constructor, and OSError if the hotwords cannot be
        read."""
        return cls(
            ModelCatalogue.of(settings),
            ModelStore(search=[settings.asr_model_path]),
            devices={
                each: settings.tts_device if each is Capability.SPEAK else device
                for each in settings.capabilities
            },
            threads=settings.asr_threads,
            defaults=Defaults(
                options={
                    name: operator_defaults(kind.options, settings)
                    for name, kind in kinds.registered().items()
                },
                script=None if settings.asr_chinese_script == "unchanged" else settings.asr_chinese_script,
                batch_seconds=settings.asr_batch_size,
                max_seconds=settings.max_audio_seconds,
            ),
        )

    @property
    def device(self) -> str:
        """Device of the main capability."""
        return next(iter(self._devices.values()))

    def names(self) -> tuple[str, ...]:
        """Names of the recognisers that tasks may ask for, the default first; none if the worker does not
        recognise. Reads directories once a minute."""
        if Capability.RECOGNISE not in self._devices:
            return ()
        if time.monotonic() >= self._names_until:
            self._names = tuple(listed.name for listed in self._listed())
            self._names_until = time.monotonic() + _LOOK_AGAIN_SECONDS
        return self._names

    def find(self, name: str | None) -> ModelPlan:
        """Return the listed recogniser of this name, the default for None. Reads directories the first time.

        Raises ModelUnavailable.
        """
        if Capability.RECOGNISE not in self._devices:
            raise ModelUnavailable("No recordings are recognised here.")
        try:
            listed = self._catalogue.find(name)
        except UnknownModel as error:
            raise ModelUnavailable(str(error)) from None
        except OSError as error:
            raise _unusable(str(name), error) from None
        return self._model(Capability.RECOGNISE, listed)

    def synthesisers(self) -> tuple[str, ...]:
        """Models for speech synthesis that tasks may ask for. Reads directories once a minute."""
        return tuple(self.spoken())

    def spoken(self) -> Mapping[str, tuple[str, ...]]:
        """Languages that each of them can speak here. Reads directories once a minute."""
        if Capability.SPEAK not in self._devices:
            return {}
        if time.monotonic() >= self._spoken_until:
            self._spoken = voices.spoken_here(self._store)
            self._spoken_until = time.monotonic() + _LOOK_AGAIN_SECONDS
        return self._spoken

    def models(self) -> Mapping[str, tuple[str, ...]]:
        """Names that tasks may ask for, by each kind that the worker serves."""
        there = {Capability.RECOGNISE: self.names, Capability.SPEAK: self.synthesisers}
        return {
            name: there[Capability(kind.capability)]()
            for name, kind in kinds.registered().items()
            if kind.capability in self._devices
        }

    def synthesiser(self, name: str) -> ModelPlan:
        """Return the model of this name for speech synthesis. Reads directories the first time. Raises
        ModelUnavailable."""
        if Capability.SPEAK not in self._devices:
            raise ModelUnavailable("No texts are spoken here.")
        try:
            listed = _speaking(name)
        except EngineError as error:
            raise _unusable(name, error) from None
        return self._model(Capability.SPEAK, listed)

    def model(self, capability: str, name: str | None) -> ModelPlan:
        """Return the model of this name with this capability, the default for None. Raises
        ModelUnavailable."""
        if capability == Capability.SPEAK:
            return self.synthesiser(name or voices.models()[0])
        return self.find(name)

    def forget(self, name: str) -> None:
        """Forget what is known of a model that cannot be loaded: it may be installed differently by now."""
        self._models = {
            key: plan for key, plan in self._models.items() if plan.name != name or plan is self.default
        }

    def largest_batch(self) -> int:
        """Number of chunks in the largest batch that any listed model takes. Reads directories."""
        sizes = [self.default.traits.max_items]
        for listed in self._listed() if Capability.RECOGNISE in self._devices else ():
            try:
                request = self._request(Capability.RECOGNISE, listed)
                sizes.append(registry.find(request.engine).traits_for(request).max_items)
            except EngineError as error:
                logger.warning("the model {} cannot be used: {}", listed.name, error)
        return max(sizes)

    def _listed(self) -> tuple[ListedModel, ...]:
        try:
            return self._catalogue.all()
        except OSError as error:
            logger.warning("the directories of models cannot be read: {}", error)
            return (self._catalogue.default,)

    def _default_of(self, capability: Capability) -> ListedModel:
        """Return the default model of a capability. Raises EngineError."""
        if capability is Capability.RECOGNISE:
            return self._catalogue.default
        installed = voices.installed(self._store)
        if not installed:
            raise EngineError("No model that speaks is installed. Run: voxq models list")
        return _speaking(installed[0])

    def _model(self, capability: Capability, listed: ListedModel) -> ModelPlan:
        """Resolve a listed model. Raises ModelUnavailable."""
        if (capability, listed.name) not in self._models:
            try:
                self._models[capability, listed.name] = self._resolve(capability, listed)
            except (EngineError, ModelError, UnknownModel, OSError) as error:
                raise _unusable(listed.name, error) from None
        return self._models[capability, listed.name]

    def _request(self, capability: Capability, listed: ListedModel) -> EngineRequest:
        """Build the request to load a listed model. Raises EngineError."""
        device = self._devices[capability]
        if capability is Capability.SPEAK:
            device = registry.find(listed.engine).device_for(device)
        return EngineRequest(listed.engine, listed.model, device, self._threads)

    def _resolve(self, capability: Capability, listed: ListedModel) -> ModelPlan:
        """Resolve a listed model. Raises EngineError, UnknownModel, ModelError or OSError."""
        family = registry.find(listed.engine, capability)
        request = self._request(capability, listed)
        traits = family.traits_for(request)
        paths = family.model_paths(request, self._store.resolve)
        return ModelPlan(
            listed.name,
            capability,
            request,
            traits,
            paths,
            _size_mb(paths.values()),
            family.voices_for(listed.model),
        )


def _speaking(name: str) -> ListedModel:
    """Return the model for speech synthesis of this name as a listed one. Raises EngineError."""
    return ListedModel(name, voices.family_of(name).name, name)


def _unusable(name: str, error: Exception) -> ModelUnavailable:
    logger.error("the model {} cannot be used: {}", name, error)
    return ModelUnavailable(f"The model {name} cannot be used at the moment.")


def automatic_slots(largest_batch: int, models: int) -> int:
    """Default of MAX_INFLIGHT: enough tasks for two batches, because voice notes have one chunk, and for each
    model work to do before another is loaded; at least a slot for each lane and one more, and no more than a
    parent serves with ease."""
    return min(32, max(2 * largest_batch, 4 * models))


def _size_mb(directories: Iterable[Path]) -> int:
    files = (file for directory in directories for file in directory.rglob("*"))
    return sum(file.stat().st_size for file in files if file.is_file()) >> 20
