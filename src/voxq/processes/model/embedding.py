"""Adapter for engines that embed in the model process: samples of chunks to vectors."""

from __future__ import annotations

from collections.abc import Sequence

from voxq.engines import warmup
from voxq.engines.contract import (
    TOO_LITTLE_SPEECH,
    AudioItem,
    ChunkError,
    Cost,
    EngineFamily,
    EngineRequest,
    ModelPaths,
)
from voxq.locale import Message
from voxq.processes.model import spans, window_vectors
from voxq.processes.model.answers import checked_vector
from voxq.processes.model.protocol import (
    ChunkRef,
    Embedded,
    KeptVectors,
    SpanRef,
    SpeakersFound,
    VectorsRef,
    WindowsRef,
)
from voxq.processes.model.window_vectors import Windows
from voxq.speech.sound_measures import measured


class SpeakerEmbedder:
    """Adapter for an engine that embeds; see `voxq.processes.model.served_model`."""

    def __init__(self, family: EngineFamily, request: EngineRequest, models: ModelPaths) -> None:
        """Load the model. Raises EngineError, or whatever the model library raises."""
        self._longest = family.traits_for(request).chunking.maximum
        self._engine = family.load(request, models)
        self.revision = self._engine.revision

    def measure(self) -> Cost:
        return warmup.measure(self._engine)

    def read(self, ref: ChunkRef) -> AudioItem | Windows | VectorsRef | ChunkError:
        match ref:
            case SpanRef():
                return spans.read(ref, self._longest)
            case WindowsRef():
                return window_vectors.read(ref)
            case VectorsRef():
                return ref
        return ChunkError("bad_chunk", Message("This model tells speakers apart, and was given a text."))

    def call(
        self, batch: Sequence[AudioItem | Windows | VectorsRef]
    ) -> list[Embedded | KeptVectors | SpeakersFound | ChunkError]:
        return [self._answer(item) for item in batch]

    def _answer(
        self, item: AudioItem | Windows | VectorsRef
    ) -> Embedded | KeptVectors | SpeakersFound | ChunkError:
        match item:
            case AudioItem():
                (answer,) = self._engine.run([item])
                return self._embedded(item, answer)
            case Windows():
                return window_vectors.keep(item, self._engine.run(item.sounds))
            case VectorsRef():
                return window_vectors.speakers_in(item)

    def _embedded(self, item: AudioItem, answer: object) -> Embedded | ChunkError:
        """Check and measure; a stretch with too little speech is passed over, with an empty vector."""
        if isinstance(answer, ChunkError) and answer.code == TOO_LITTLE_SPEECH.code:
            return Embedded((), measured(item.samples), self.revision)
        vector = checked_vector(answer)
        if isinstance(vector, ChunkError):
            return vector
        return Embedded(vector, measured(item.samples), self.revision)
