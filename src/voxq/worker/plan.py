"""What a worker does with a task: by which model, with which options, in chunks of which length."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from loguru import logger

from voxq import kinds
from voxq.core.task import Task
from voxq.engines import mixtures, registry, synthesisers, voices
from voxq.engines.base import Chunking, ChunkOptions, EngineError, EngineRequest, EngineTraits
from voxq.engines.synthesis import SentenceOptions, Voice
from voxq.kinds import speech, transcription
from voxq.model_catalogue import ListedModel, ModelCatalogue
from voxq.model_store.published import UnknownModel
from voxq.model_store.store import ModelError, ModelStore
from voxq.settings import Settings
from voxq.speech.chinese_script import Script

_SHORTEST_MAXIMUM = 2.0
"""Seconds: speech cut finer than this is not understood."""
_LOOK_AGAIN_SECONDS = 60.0
"""After which the directories of models are read anew to say which there are."""


class ModelUnavailable(Exception):
    """A task's model cannot be used here; the message is for its client."""


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """A model that can be loaded: all that its model process is told, and what is known before it is
    loaded."""

    name: str
    request: EngineRequest
    traits: EngineTraits
    paths: Mapping[str, Path]
    """Directories by role, see `EngineKind.model_paths`."""
    size_mb: int = 0
    """On disk."""
    voices: tuple[Voice, ...] = ()
    """Of a synthesiser; a recogniser has none."""

    @property
    def speaks(self) -> bool:
        return bool(self.voices)

    @property
    def capability(self) -> str:
        """What it can do, in the words of `Kind.capability`."""
        return "speak" if self.speaks else "recognise"

    def voice(self, name: str) -> Voice:
        """The voice of this name, mixed if need be. Raises ModelUnavailable."""
        voice = mixtures.find(name, self.voices)
        if voice is None:
            raise ModelUnavailable(f"The model {self.name} has no voice of this name.")
        return voice


class WorkPlan:
    """The models of one worker's device and the operator's defaults for all of them."""

    def __init__(
        self,
        model_catalogue: ModelCatalogue,
        store: ModelStore,
        *,
        device: str,
        threads: int,
        language: str | None,
        script: Script | None,
        hotwords: tuple[str, ...],
        batch_seconds: float,
    ) -> None:
        """`batch_seconds` caps a batch, and so every chunk.

        Raises EngineError, UnknownModel or ModelError if there is no default model.
        """
        self._catalogue = model_catalogue
        self._store = store
        self._device = device
        self._threads = threads
        self._language = language
        self._script: Script | None = script
        self._hotwords = hotwords
        self._batch_seconds = batch_seconds
        self._names: tuple[str, ...] = ()
        self._names_until = 0.0
        self.default = self._resolve(model_catalogue.default)
        self._models = {self.default.name: self.default}
        self._speakers: dict[str, ModelPlan] = {}
        self._spoken: Mapping[str, tuple[str, ...]] = {}
        self._spoken_until = 0.0

    @classmethod
    def of(cls, settings: Settings, device: str) -> Self:
        """Raises as the constructor, and OSError if the hotwords cannot be read."""
        return cls(
            ModelCatalogue.of(settings),
            ModelStore(search=[settings.asr_model_path]),
            device=device,
            threads=settings.asr_threads,
            language=None if settings.asr_language == "auto" else settings.asr_language,
            script=None if settings.asr_chinese_script == "unchanged" else settings.asr_chinese_script,
            hotwords=read_hotwords(settings.hotwords_path),
            batch_seconds=settings.asr_batch_size,
        )

    @property
    def device(self) -> str:
        return self._device

    def names(self) -> tuple[str, ...]:
        """The models that tasks may ask for, the default first. Reads directories once a minute."""
        if time.monotonic() >= self._names_until:
            self._names = tuple(listed.name for listed in self._listed())
            self._names_until = time.monotonic() + _LOOK_AGAIN_SECONDS
        return self._names

    def find(self, name: str | None) -> ModelPlan:
        """The offered model of this name, the default for None. Reads directories the first time.

        Raises ModelUnavailable.
        """
        if name is None:
            return self.default
        if name not in self._models:
            try:
                listed = self._catalogue.find(name)
                self._models[name] = self._models.get(listed.name) or self._resolve(listed)
            except UnknownModel as error:
                raise ModelUnavailable(str(error)) from None
            except (EngineError, ModelError, OSError) as error:
                logger.error("the model {} cannot be used: {}", name, error)
                raise ModelUnavailable(f"The model {name} cannot be used at the moment.") from None
        return self._models[name]

    def synthesisers(self) -> tuple[str, ...]:
        """Those that texts may be given to. Reads directories once a minute."""
        return tuple(self.spoken())

    def spoken(self) -> Mapping[str, tuple[str, ...]]:
        """The languages of each of them that can be spoken here. Reads directories once a minute."""
        if time.monotonic() >= self._spoken_until:
            self._spoken = voices.spoken_here(self._store)
            self._spoken_until = time.monotonic() + _LOOK_AGAIN_SECONDS
        return self._spoken

    def models(self) -> Mapping[str, tuple[str, ...]]:
        """The names that tasks of each kind may ask for."""
        by_capability = {"recognise": self.names(), "speak": self.synthesisers()}
        return {name: by_capability[kind.capability] for name, kind in kinds.registered().items()}

    def synthesiser(self, name: str) -> ModelPlan:
        """The synthesiser of this name. Reads directories the first time. Raises ModelUnavailable."""
        if name not in self._speakers:
            try:
                self._speakers[name] = self._resolve_synthesiser(name)
            except (EngineError, ModelError, UnknownModel, OSError) as error:
                logger.error("the model {} cannot be used: {}", name, error)
                raise ModelUnavailable(f"The model {name} cannot be used at the moment.") from None
        return self._speakers[name]

    def model_for(self, task: Task) -> ModelPlan:
        """The model that the task asks for. Raises ModelUnavailable, also if it cannot do what is asked."""
        if kinds.find(task.kind).capability == "speak":
            options = speech.options_of(task)
            model = self.synthesiser(options.model or synthesisers.names()[0])
            model.voice(options.voice)
            return model
        model = self.find(task.model)
        if transcription.options_of(task).translate and not model.traits.translates:
            raise ModelUnavailable(f"The model {model.name} cannot translate.")
        return model

    def forget(self, name: str) -> None:
        """Look anew for a model that cannot be loaded: it may be installed differently by now."""
        self._models = {key: plan for key, plan in self._models.items() if plan.name != name}
        self._speakers.pop(name, None)

    def largest_batch(self) -> int:
        """Chunks in the largest batch that any offered model takes. Reads directories."""
        sizes = [self.default.traits.max_items]
        for listed in self._listed():
            request = self._request(listed)
            try:
                sizes.append(registry.find(request.engine).traits_for(request).max_items)
            except EngineError as error:
                logger.warning("the model {} cannot be used: {}", listed.name, error)
        return max(sizes)

    def options_for(self, task: Task) -> ChunkOptions:
        """Of a recording: the client's wishes over the operator's."""
        options = transcription.options_of(task)
        hotwords = tuple(dict.fromkeys((*options.hotwords, *self._hotwords)))
        return ChunkOptions(
            language=options.language or self._language,
            hotwords=hotwords,
            words=options.words,
            punc=options.use_punc,
            itn=options.use_itn,
            translate=options.translate,
            script=self._script,
        )

    def speech_options_for(self, task: Task) -> SentenceOptions:
        """Of a text."""
        options = speech.options_of(task)
        return SentenceOptions(options.voice, options.speed, options.language, options.normalise)

    def chunking_for(self, task: Task) -> Chunking:
        """How the recording is to be cut. Raises ModelUnavailable."""
        chunking = self.find(task.model).traits.chunking
        batch_size = transcription.options_of(task).batch_size
        wished = min(chunking.maximum, self._batch_seconds, batch_size or chunking.maximum)
        longest = max(_SHORTEST_MAXIMUM, wished)
        return replace(chunking, maximum=longest, target=min(chunking.target, longest))

    def _listed(self) -> tuple[ListedModel, ...]:
        try:
            return self._catalogue.all()
        except OSError as error:
            logger.warning("the directories of models cannot be read: {}", error)
            return (self._catalogue.default,)

    def _request(self, listed: ListedModel) -> EngineRequest:
        return EngineRequest(listed.engine, listed.model, self._device, self._threads)

    def _resolve(self, listed: ListedModel) -> ModelPlan:
        request = self._request(listed)
        kind = registry.find(request.engine)
        traits = kind.traits_for(request)
        paths = kind.model_paths(request, self._store.resolve)
        return ModelPlan(listed.name, request, traits, paths, _size_mb(paths.values()))

    def _resolve_synthesiser(self, name: str) -> ModelPlan:
        """It runs on the CPU, whatever the worker's device."""
        request = EngineRequest(name, name, "cpu", self._threads)
        kind = synthesisers.find(name)
        traits = EngineTraits(
            name,
            Chunking(),
            max_items=kind.at_once(request),
            padded_to=None,
            detects_language=False,
            is_parallel=True,
        )
        paths = {role: self._store.resolve(model) for role, model in kind.roles_for(request).items()}
        return ModelPlan(name, request, traits, paths, _size_mb(paths.values()), kind.voices)


def automatic_slots(largest_batch: int, models: int) -> int:
    """MAX_INFLIGHT where it is unset: enough tasks for two batches, because voice notes are of one chunk, and
    for each model something to do before another is loaded; at least a slot for each kind of lane and one
    more, and no more than a parent serves with ease."""
    return min(32, max(2 * largest_batch, 4 * models))


def read_hotwords(path: Path) -> tuple[str, ...]:
    """The words of the operator's file: one a line, `#` starts a comment. Raises OSError."""
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def _size_mb(directories: Iterable[Path]) -> int:
    files = (file for directory in directories for file in directory.rglob("*"))
    return sum(file.stat().st_size for file in files if file.is_file()) >> 20
