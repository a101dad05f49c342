"""The loaded hibari model, in the model process; see `voxq.engines.speak.hibari`.

Its own speed setting is not used: at twice the speed it reaches 1.7 times, and whisper-base gets 12% of the
words wrong; after time stretching, none. Nor are its threads: two make one sentence a fifth faster, but they
wait for each other in busy loops. Two sentences in parallel take no longer than one.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voxq.engines.contract import (
    NOTHING_TO_SAY,
    ChunkError,
    EngineError,
    EngineRequest,
    Spoken,
    TextItem,
)
from voxq.engines.speak.phonemes import Reading, cut, reading_of
from voxq.locale import Message
from voxq.speech.scripts import is_mixed, language_of
from voxq.speech.tempo import stretched
from voxq.speech.voicing import voiced
from voxq.speech.written import is_pronounceable

if TYPE_CHECKING:
    from hibari import Hibari as Model

_VOICE = "heart"
_LONGEST = 400
"""Maximum phonemes of one call."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A sentence as it is read out, and the other inputs of its synthesis."""

    reading: Reading
    speed: float
    pitch: float
    """Semitones."""
    noise: int
    """Text that seeds the noise."""


class Hibari:
    """The voice "heart". The noise of its breath is seeded by the text, so the same text gives the same
    samples."""

    def __init__(self, model: Model, revision: str, at_once: int = 1) -> None:
        """`at_once`: number of sentences synthesised in parallel."""
        self.revision = revision
        self._model = model
        self._threads = ThreadPoolExecutor(at_once)

    def run(self, batch: Sequence[TextItem]) -> list[Spoken | ChunkError]:
        read = [_read(item) for item in batch]  # sequentially, because a phonemiser has state
        return list(self._threads.map(self._answer, read))

    def _answer(self, read: _Read | ChunkError) -> Spoken | ChunkError:
        if isinstance(read, ChunkError):
            return read
        try:
            return self._spoken(read)
        except Exception as error:
            return ChunkError.of(error)

    def _spoken(self, read: _Read) -> Spoken | ChunkError:
        noise = np.random.default_rng(read.noise)
        pieces = [self._model.ids(piece) for piece in cut(read.reading.phonemes, _LONGEST)]
        sounds = [self._model.from_ids(ids, rng=noise) for ids in pieces if len(ids) > 2]
        if not sounds:  # the model knows none of the phonemes
            return NOTHING_TO_SAY
        rate = self._model.sample_rate
        paced = stretched(np.concatenate(sounds), rate, read.speed, read.pitch)
        return Spoken(voiced(paced, rate), rate, read.reading.text)


def load(request: EngineRequest, at_once: int = 1) -> Hibari:
    """Load the model. `at_once`: number of sentences synthesised in parallel. Raises EngineError."""
    if request.device != "cpu":
        raise EngineError(Message("hibari runs on the CPU; it needs no GPU."))
    from hibari import Hibari as Model

    model = Model(voice=_VOICE, threads=1)
    weights = sha256(Path(model.model_path).read_bytes()).hexdigest()
    return Hibari(model, f"hibari:{version('hibari-tts')}:{weights}", at_once)


def _read(item: TextItem) -> _Read | ChunkError:
    text, options = item.text, item.options
    if options.get("voice", _VOICE) != _VOICE:
        return ChunkError("unknown_voice", Message("hibari has one voice: heart."))
    if is_mixed(text) or language_of(text) != "en":
        return ChunkError("language_unavailable", Message("The voice heart speaks English only."))
    if not is_pronounceable(text):
        return NOTHING_TO_SAY
    try:
        reading = reading_of(text, "en", normalised=options.get("normalise", True))
    except Exception as error:  # a sentence on which the phonemiser fails must not fail the batch
        return ChunkError.of(error)
    if not any(map(str.isalpha, reading.phonemes)):  # letters of a script that the phonemiser ignores
        return NOTHING_TO_SAY
    pitch = options.get("pitch") or 0.0
    return _Read(reading, options.get("speed", 1.0), pitch, zlib.crc32(text.encode()))
