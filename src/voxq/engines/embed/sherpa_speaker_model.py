"""A loaded speaker encoder of sherpa-onnx, in the model process; see `voxq.engines.embed.sherpa_speaker`.

sherpa-onnx ends its process where a file lacks metadata, so these are read first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voxq.engines.contract import (
    SAMPLE_RATE,
    TOO_LITTLE_SPEECH,
    AudioItem,
    ChunkError,
    Embedding,
    EngineError,
    EngineRequest,
    ModelPaths,
    Samples,
)
from voxq.engines.embed.ge2e_sound import spoken
from voxq.engines.recognise.sherpa_onnx.files import best_file, properties_of
from voxq.locale import Message
from voxq.machine.devices import threads_for
from voxq.model_store.stamp import revision_of
from voxq.speech.levels import is_audible

if TYPE_CHECKING:
    from sherpa_onnx import SpeakerEmbeddingExtractor

_FILE = "*.onnx"
_FRAMEWORKS = ("3d-speaker", "wespeaker")
_PROPERTIES = ("framework", "language", "sample_rate", "output_dim", "normalize_samples")
_LEAST_SECONDS = 0.5
"""Speech without which there is no vector."""


class SherpaSpeaker:
    """Vectors of the speech in sounds, without its pauses, of unit length."""

    def __init__(self, extractor: SpeakerEmbeddingExtractor, revision: str) -> None:
        self.revision = revision
        self._extractor = extractor

    def run(self, batch: Sequence[AudioItem]) -> list[Embedding | ChunkError]:
        return [self._answer(item.samples) for item in batch]

    def _answer(self, samples: Samples) -> Embedding | ChunkError:
        if not np.isfinite(samples).all():
            return ChunkError("bad_sound", Message("This sound has samples that are no numbers."))
        if not is_audible(samples):
            return TOO_LITTLE_SPEECH
        speech = spoken(np.clip(samples, -1.0, 1.0))
        if len(speech) < _LEAST_SECONDS * SAMPLE_RATE:
            return TOO_LITTLE_SPEECH
        try:
            return self._embedding(speech)
        except Exception as error:
            return ChunkError.of(error)

    def _embedding(self, speech: Samples) -> Embedding:
        """Embed speech of half a second or more. Raises what sherpa-onnx raises, and ValueError for a vector
        that is none."""
        stream = self._extractor.create_stream()
        # As a list: of an array, sherpa-onnx takes every sample as an object of NumPy's.
        stream.accept_waveform(SAMPLE_RATE, np.clip(speech, -1.0, 1.0).tolist())
        stream.input_finished()
        vector = np.asarray(self._extractor.compute(stream), np.float64)
        length = float(np.linalg.norm(vector))
        if len(vector) != self._extractor.dim or not 0.0 < length < np.inf:
            raise ValueError("no vector")
        return Embedding(tuple(map(float, vector / length)))


def load(request: EngineRequest, models: ModelPaths) -> SherpaSpeaker:
    """Load the encoder in a directory. Raises EngineError."""
    if request.device != "cpu":
        raise EngineError(Message("Speaker encoders of sherpa-onnx run on the CPU; they need no GPU."))
    directory = models["path"]
    file = best_file(directory, _FILE, prefers_int8=False)
    if file is None:
        raise EngineError(
            Message("{directory} holds no speaker encoder ({file}).", directory=directory, file=_FILE)
        )
    _check(file, properties_of(file))
    import sherpa_onnx

    config = sherpa_onnx.SpeakerEmbeddingExtractorConfig(
        model=str(file), num_threads=threads_for(request.threads), provider="cpu"
    )
    try:
        extractor = sherpa_onnx.SpeakerEmbeddingExtractor(config)
    except (RuntimeError, ValueError) as error:
        raise EngineError(
            Message("sherpa-onnx cannot load {file}: {error}", file=file, error=str(error))
        ) from error
    revision = f"sherpa-speaker-{version('sherpa-onnx')}:{revision_of(directory)}:{file.name}"
    return SherpaSpeaker(extractor, revision)


def _check(file: Path, properties: Mapping[str, str]) -> None:
    """Check what sherpa-onnx needs to know. Raises EngineError."""
    lacking = [name for name in _PROPERTIES if name not in properties]
    if lacking:
        raise EngineError(
            Message(
                "{file} is no speaker encoder of sherpa-onnx, without {lacking} in its metadata.",
                file=file,
                lacking=", ".join(lacking),
            )
        )
    if properties["framework"] not in _FRAMEWORKS or properties["sample_rate"] != str(SAMPLE_RATE):
        raise EngineError(
            Message(
                "{file} is not supported: it must be an encoder of {frameworks} for sound of 16 kHz.",
                file=file,
                frameworks=", ".join(_FRAMEWORKS),
            )
        )
