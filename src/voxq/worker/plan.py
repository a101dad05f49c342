"""Models that a worker has, and the operator's defaults for all tasks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from loguru import logger

from voxq import kinds
from voxq.core.options import operator_defaults
from voxq.engines import mixtures, registry
from voxq.engines.contract import Capability, EngineError, EngineRequest, Traits, Voice
from voxq.kinds.work import Defaults, ModelUnavailable
from voxq.locale import Message
from voxq.model_catalogue import ListedModel, Listing, listings_of
from voxq.model_store.published import UnknownModel
from voxq.model_store.store import ModelError, ModelStore
from voxq.settings import Settings
from voxq.storage.tuning import Subject, Tuning, Tunings

T = TypeVar("T")

_NET = "net"
"""Class of devices that are servers elsewhere. Each is a device of its own, so that one does not wait for the
batches of another."""
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
    subject: Subject
    """The model as the settings ask for it; `request` has the layout that was measured to be the fastest."""
    tuning: Tuning | None = None
    """What was measured of its layouts, if anything was."""
    size_mb: int = 0
    """Size on disk."""
    voices: tuple[Voice, ...] = ()
    """Voices of a model that speaks; other models have none."""
    languages: tuple[str, ...] = ()
    """Languages that it can speak here."""

    @property
    def paths(self) -> Mapping[str, Path]:
        """Directories by role, see `EngineFamily.model_paths`."""
        return self.subject.paths

    def voice(self, name: str) -> Voice:
        """Return the voice of this name, mixed if need be. Raises ModelUnavailable."""
        voice = mixtures.find(name, self.voices)
        if voice is None:
            raise ModelUnavailable(Message("The model {model} has no voice of this name.", model=self.name))
        return voice

    def not_honoured(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the options of speech that the model cannot do."""
        return self.subject.family.not_honoured(options)


class WorkPlan:
    """The models that one worker serves and the operator's defaults for all of them."""

    def __init__(
        self,
        listings: Mapping[Capability, Listing],
        store: ModelStore,
        tunings: Tunings,
        *,
        devices: Mapping[Capability, str],
        threads: int,
        provider: str,
        replicas: int,
        defaults: Defaults,
    ) -> None:
        """Choose the default model. `devices`: the device of each capability that the worker serves, the main
        one first; `provider`: that of ONNX models.

        Raises EngineError, UnknownModel or ModelError if there is no default model of the main capability.
        """
        self._listings = listings
        self._store = store
        self._tunings = tunings
        self._devices = devices
        self._threads = threads
        self._provider = provider
        self._replicas = replicas
        self.defaults = defaults
        """Operator's options, used where a client sets none."""
        self._models: dict[tuple[Capability, str], ModelPlan] = {}
        self._names = {each: _Remembered(partial(self._read_names, each)) for each in devices}
        self._spoken = _Remembered(self._read_spoken)
        main = next(iter(devices))
        self.default = self._resolve(main, self._main_of(main))
        """Model of the main capability without which the worker is of no use."""
        self._models[main, self.default.name] = self.default

    @classmethod
    def of(cls, settings: Settings, device: str) -> Self:
        """Make the plan from the settings; `device` is for all capabilities without a setting of their own.

        Raises as the constructor, and OSError if the hotwords cannot be read.
        """
        others = {Capability.SPEAK: settings.tts_device, Capability.EMBED: settings.speaker_device}
        return cls(
            listings_of(settings),
            ModelStore(search=[settings.asr_model_path]),
            Tunings(settings.tuning_dir),
            devices={each: others.get(each, device) for each in settings.capabilities},
            threads=settings.asr_threads,
            provider=settings.onnx_provider,
            replicas=settings.asr_replicas,
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

    def names(self, capability: str) -> tuple[str, ...]:
        """Names of the models with this capability that tasks may ask for, the default first; none if the
        worker does not serve it. Reads directories once a minute."""
        served = Capability(capability)
        return self._names[served].get() if served in self._devices else ()

    def spoken(self) -> Mapping[str, tuple[str, ...]]:
        """Languages that each model which speaks can speak here. Reads directories once a minute."""
        return self._spoken.get()

    def models(self) -> Mapping[str, tuple[str, ...]]:
        """Names that tasks may ask for, by each kind that the worker serves."""
        return {
            name: self.names(kind.capability)
            for name, kind in kinds.registered().items()
            if kind.capability in self._devices
        }

    def model(self, capability: str, name: str | None) -> ModelPlan:
        """Return the model of this name with this capability, the default for None. May read directories.

        Raises ModelUnavailable.
        """
        served = Capability(capability)
        if served not in self._devices:
            raise ModelUnavailable(
                Message("No model here can {capability}.", capability=Message(served.value))
            )
        try:
            listed = self._listings[served].find(name)
        except UnknownModel as error:
            raise ModelUnavailable(str(error)) from None
        except (EngineError, OSError) as error:
            raise _unusable(str(name), error) from None
        return self._model(served, listed)

    def named(self, name: str) -> ModelPlan:
        """Return the model of this name, whatever it can do. Reads directories. Raises ModelUnavailable."""
        having = (each for each in self._devices if name in self.names(each))
        return self.model(next(having, self.default.capability), name)

    def forget(self, name: str) -> None:
        """Forget what is known of a model that cannot be loaded: it may be installed differently by now."""
        self._models = {
            key: plan for key, plan in self._models.items() if plan.name != name or plan is self.default
        }

    def largest_batch(self) -> int:
        """Number of chunks in the largest batch that any listed model of the main capability takes. Reads
        directories."""
        traits = self._all_traits(self.default.capability)
        return max([self.default.traits.most_at_once, *(each.most_at_once for each in traits)])

    def calls_elsewhere(self) -> int:
        """Number of calls that the models beside those of the main capability can have under way on other
        machines at the same time. Reads directories."""
        beside = (each for each in self._devices if each is not self.default.capability)
        traits = (each for capability in beside for each in self._all_traits(capability))
        return sum(each.calls for each in traits if each.calls > 1)

    def _all_traits(self, capability: Capability) -> Iterator[Traits]:
        for listed in self._listed(capability):
            try:
                request = self._request(capability, listed)
                yield registry.find(request.engine).traits_for(request)
            except EngineError as error:
                logger.warning("the model {} cannot be used: {}", listed.name, error)

    def _read_names(self, capability: Capability) -> tuple[str, ...]:
        return tuple(listed.name for listed in self._listed(capability))

    def _read_spoken(self) -> Mapping[str, tuple[str, ...]]:
        speaking = self._listed(Capability.SPEAK) if Capability.SPEAK in self._devices else ()
        return {each.name: registry.find(each.engine).languages_here(each.model) for each in speaking}

    def _listed(self, capability: Capability) -> tuple[ListedModel, ...]:
        listing = self._listings[capability]
        try:
            return listing.all()
        except OSError as error:
            logger.warning("the directories of models cannot be read: {}", error)
            return (listing.default,)

    def _main_of(self, capability: Capability) -> ListedModel:
        """Return the default model of a capability, which must be installed. Raises EngineError."""
        for listed in self._listed(capability):
            return listed
        raise EngineError(
            Message(
                "No model that can {capability} is installed. Run: voxq models list",
                capability=Message(capability.value),
            )
        )

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
        device = registry.find(listed.engine).device_for(self._devices[capability])
        if device == _NET:
            device = f"{_NET}:{listed.name}"
        return EngineRequest(
            listed.engine,
            listed.model,
            device,
            self._threads,
            self._provider,
            self._replicas,
            config=listed.config,
        )

    def _resolve(self, capability: Capability, listed: ListedModel) -> ModelPlan:
        """Resolve a listed model. Raises EngineError, UnknownModel, ModelError or OSError."""
        family = registry.find(listed.engine, capability)
        asked = self._request(capability, listed)
        subject = Subject(family, asked, family.model_paths(asked, self._store.resolve))
        tuning = self._tunings.find(subject)
        request = asked.with_layout(tuning.best.layout) if tuning else asked
        return ModelPlan(
            listed.name,
            capability,
            request,
            family.traits_for(request),
            subject,
            tuning,
            _size_mb(subject.paths.values()),
            family.voices_for(listed.model),
            family.languages_here(listed.model),
        )


class _Remembered(Generic[T]):
    """Something that is read again after `_LOOK_AGAIN_SECONDS`."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._value: T | None = None
        self._until = 0.0

    def get(self) -> T:
        value = self._value
        if value is None or time.monotonic() >= self._until:
            value = self._value = self._read()
            self._until = time.monotonic() + _LOOK_AGAIN_SECONDS
        return value


def _unusable(name: str, error: Exception) -> ModelUnavailable:
    logger.error("the model {} cannot be used: {}", name, error)
    return ModelUnavailable(Message("The model {name} cannot be used at the moment.", name=name))


def automatic_slots(largest_batch: int, models: int, elsewhere: int = 0) -> int:
    """Default of MAX_INFLIGHT: enough tasks for two batches, because voice notes have one chunk, and for each
    model work to do before another is loaded; at least a slot for each lane and one more, and no more than a
    parent serves with ease. `elsewhere`: tasks that only wait for another machine, and keep no model busy."""
    return min(32, max(2 * largest_batch, 4 * models) + elsewhere)


def _size_mb(directories: Iterable[Path]) -> int:
    files = (file for directory in directories for file in directory.rglob("*"))
    return sum(file.stat().st_size for file in files if file.is_file()) >> 20
