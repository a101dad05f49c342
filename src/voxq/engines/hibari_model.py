"""hibari at work, in the horse; see `voxq.engines.hibari`.

Its own speed is not used: asked for twice its pace it gives 1.7 times, and whisper-base gets 12% of the words
wrong; stretched, none.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voxq.engines.base import ChunkError, EngineError, EngineRequest
from voxq.engines.phonemes import cut, phonemes_of
from voxq.engines.synthesis import SpeechOptions, Spoken
from voxq.speech.scripts import is_mixed, language_of
from voxq.speech.tempo import stretched
from voxq.speech.voicing import voiced
from voxq.speech.written import is_pronounceable

if TYPE_CHECKING:
    from hibari import Hibari as Model

_VOICE = "heart"
_LONGEST = 400
"""Phonemes of one call."""


class Hibari:
    """The voice "heart". The noise in its breath is drawn by the text: the same text, the same samples."""

    def __init__(self, model: Model, revision: str) -> None:
        self.revision = revision
        self._model = model

    def speak(self, sentences: Sequence[tuple[str, SpeechOptions]]) -> list[Spoken | ChunkError]:
        return [self._sentence(text, options) for text, options in sentences]

    def _sentence(self, text: str, options: SpeechOptions) -> Spoken | ChunkError:
        if options.voice != _VOICE:
            return ChunkError("unknown_voice", "hibari has one voice: heart.")
        if is_mixed(text) or language_of(text) != "en":
            return ChunkError("language_unavailable", "The voice heart speaks English only.")
        if not is_pronounceable(text):
            return ChunkError("unpronounceable", "There is nothing in this sentence that can be said.")
        try:
            return self._spoken(text, options)
        except Exception as error:  # one sentence that the phonemiser chokes on must not cost the batch
            return ChunkError.of(error)

    def _spoken(self, text: str, options: SpeechOptions) -> Spoken:
        phonemes = phonemes_of(text, "en", normalised=options.normalise)
        noise = np.random.default_rng(zlib.crc32(text.encode()))
        pieces = [self._model.ids(piece) for piece in cut(phonemes, _LONGEST)]
        sounds = [self._model.from_ids(ids, rng=noise) for ids in pieces if len(ids) > 2]
        rate = self._model.sample_rate
        return Spoken(voiced(stretched(np.concatenate(sounds), rate, options.speed), rate), rate)


def load(request: EngineRequest) -> Hibari:
    """Raises EngineError."""
    if request.device != "cpu":
        raise EngineError("hibari runs on the CPU; it needs no GPU.")
    from hibari import Hibari as Model

    model = Model(voice=_VOICE, threads=request.threads or 1)
    weights = sha256(Path(model.model_path).read_bytes()).hexdigest()
    return Hibari(model, f"hibari:{version('hibari-tts')}:{weights}")
