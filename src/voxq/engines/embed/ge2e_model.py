"""The loaded GE2E speaker encoder, in the model process; see `voxq.engines.embed.ge2e`."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voxq.engines.contract import (
    SAMPLE_RATE,
    TOO_LITTLE_SPEECH,
    AudioItem,
    ChunkError,
    Embedding,
    EngineError,
    EngineRequest,
    Samples,
)
from voxq.engines.embed.ge2e_sound import spoken, windows
from voxq.locale import Message
from voxq.speech.levels import is_audible

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_WEIGHTS = Path(__file__).with_name("ge2e.onnx")
_CODE = 1
"""Version of what happens to the sound before and after the network: vectors of different ones are not
compared."""
_LEAST_SECONDS = 0.5
"""Speech without which there is no vector: a third of a window, the rest of which would be silence."""
_WINDOWS_AT_ONCE = 64
"""Windows in a call of the network, which takes about 0.5 MB for each."""


class SpeakerEncoder:
    """Mean of the network's vectors of overlapping windows of 1.6 s, of unit length.

    The vector of a sound depends on the others of its call by rounding alone, by less than 1e-5.
    """

    def __init__(self, session: InferenceSession, revision: str) -> None:
        self.revision = revision
        self._session = session

    def run(self, batch: Sequence[AudioItem]) -> list[Embedding | ChunkError]:
        prepared = [_prepared(item.samples) for item in batch]
        usable = [each for each in prepared if not isinstance(each, ChunkError)]
        vectors = iter(self._vectors(usable))
        return [each if isinstance(each, ChunkError) else _embedding(next(vectors)) for each in prepared]

    def _vectors(self, sounds: Sequence[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
        """Return the vectors of the windows of each sound."""
        if not sounds:
            return []
        every = np.concatenate(sounds)
        parts = [
            np.asarray(self._session.run(None, {"mels": every[first : first + _WINDOWS_AT_ONCE]})[0])
            for first in range(0, len(every), _WINDOWS_AT_ONCE)
        ]
        ends = np.cumsum([len(sound) for sound in sounds])
        return np.split(np.concatenate(parts), ends[:-1])


def load(request: EngineRequest) -> SpeakerEncoder:
    """Load the network. Raises EngineError, or what onnxruntime raises."""
    if request.device != "cpu":
        raise EngineError(Message("GE2E runs on the CPU; it needs no GPU."))
    import onnxruntime

    weights = _WEIGHTS.read_bytes()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1  # two take as long: the network is recurrent and small
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(weights, settings, providers=["CPUExecutionProvider"])
    return SpeakerEncoder(session, f"ge2e:{_CODE}:{sha256(weights).hexdigest()[:16]}")


def _prepared(samples: Samples) -> npt.NDArray[np.float32] | ChunkError:
    """Return the windows of a sound that has enough speech."""
    if not np.isfinite(samples).all():
        return ChunkError("bad_sound", Message("This sound has samples that are no numbers."))
    if not is_audible(samples):
        return TOO_LITTLE_SPEECH
    speech = spoken(np.clip(samples, -1.0, 1.0))
    if len(speech) < _LEAST_SECONDS * SAMPLE_RATE:
        return TOO_LITTLE_SPEECH
    return windows(speech)


def _embedding(vectors: npt.NDArray[np.float32]) -> Embedding:
    mean = vectors.mean(axis=0, dtype=np.float64)
    return Embedding(tuple(map(float, mean / np.linalg.norm(mean))))
