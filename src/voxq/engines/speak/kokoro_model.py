"""The loaded Kokoro model, in the model process; see `voxq.engines.speak.kokoro`.

Its own speed setting is not used, because the model swallows syllables: at 1.5 times the speed, whisper-base
gets 12 to 30% of the Chinese characters wrong; after time stretching, 4%. One sentence does not keep two
cores busy: side by side, two take about as long as one. Nor do its threads wait for each other in busy loops,
which took a quarter of the CPU time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voxq.engines import mixtures
from voxq.engines.contract import (
    NOTHING_TO_SAY,
    ChunkError,
    EngineError,
    EngineRequest,
    ModelPaths,
    Options,
    Samples,
    Spoken,
    TextItem,
    Voice,
)
from voxq.engines.mixtures import Mixture
from voxq.engines.speak.kokoro_voices import VOICES
from voxq.engines.speak.phonemes import LanguageUnavailable, cut, load_languages, reading_of
from voxq.locale import Message
from voxq.machine.devices import available_cpus
from voxq.model_store.stamp import revision_of
from voxq.speech.tempo import stretched
from voxq.speech.voicing import voiced
from voxq.speech.written import is_pronounceable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_SAMPLE_RATE = 24_000
_LONGEST = 500
"""Maximum phonemes of one call; the model has positions for 510."""
_STYLES = (510, 256)
"""A voice: one style vector for each number of phonemes."""
_PADDING = 0


@dataclass(frozen=True, slots=True)
class _Read:
    """A sentence as it is read out, and the other inputs of its synthesis."""

    text: str
    phonemes: str
    """Those that the model knows."""
    styles: Samples
    """Voice, shape (510, 256)."""
    speed: float
    pitch: float
    """Semitones."""


class Kokoro:
    """The model, and the voices in the directory `voices`, each read at its first use."""

    def __init__(
        self,
        session: InferenceSession,
        vocabulary: Mapping[str, int],
        voices: Path,
        revision: str,
        at_once: int = 1,
    ) -> None:
        """`at_once`: number of sentences synthesised in parallel."""
        self.revision = revision
        self._threads = ThreadPoolExecutor(at_once)
        self._session = session
        self._vocabulary = vocabulary
        self._styles = lru_cache(maxsize=len(VOICES))(lambda name: _read_styles(voices, name))
        # Exports differ in the name of their first input.
        self._tokens = next(i.name for i in session.get_inputs() if i.name not in ("style", "speed"))

    def run(self, batch: Sequence[TextItem]) -> list[Spoken | ChunkError]:
        read = [self._read(item) for item in batch]  # sequentially, because a phonemiser has state
        return list(self._threads.map(self._answer, read))

    def _read(self, item: TextItem) -> _Read | ChunkError:
        voice = mixtures.find(item.options.get("voice", VOICES[0].name), VOICES)
        if voice is None:
            return ChunkError("unknown_voice", Message("Kokoro has no voice of this name."))
        try:
            return self._reading(item.text, voice, item.options)
        except LanguageUnavailable as error:
            return ChunkError("language_unavailable", str(error))
        except Exception as error:  # a sentence on which a phonemiser fails must not fail the batch
            return ChunkError.of(error)

    def _reading(self, text: str, voice: Voice, options: Options) -> _Read | ChunkError:
        reading = reading_of(
            text,
            options.get("language") or voice.language,
            british=voice.accent == "GB",
            normalised=options.get("normalise", True),
        )
        known = "".join(character for character in reading.phonemes if character in self._vocabulary)
        if not (is_pronounceable(text) and any(map(str.isalpha, known))):
            return NOTHING_TO_SAY
        styles = self._mixed_styles(Mixture.parse(voice.name))
        return _Read(reading.text, known, styles, options.get("speed", 1.0), options.get("pitch") or 0.0)

    def _answer(self, read: _Read | ChunkError) -> Spoken | ChunkError:
        if isinstance(read, ChunkError):
            return read
        try:
            pieces = [self._infer(piece, read.styles) for piece in cut(read.phonemes, _LONGEST)]
            paced = stretched(np.concatenate(pieces), _SAMPLE_RATE, read.speed, read.pitch)
            return Spoken(voiced(paced, _SAMPLE_RATE), _SAMPLE_RATE, read.text)
        except Exception as error:
            return ChunkError.of(error)

    def _mixed_styles(self, mixture: Mixture) -> Samples:
        """Return the weighted mean of the voices' styles, shape (510, 256)."""
        shares = np.fromiter(mixture.shares.values(), np.float32)
        return np.tensordot(shares, np.stack([*map(self._styles, mixture.shares)]), 1)

    def _infer(self, phonemes: str, styles: Samples) -> Samples:
        tokens = [_PADDING, *(self._vocabulary[character] for character in phonemes), _PADDING]
        (sound, *_) = self._session.run(
            None,
            {
                self._tokens: np.array([tokens], np.int64),
                "style": styles[len(phonemes) - 1][np.newaxis],
                "speed": np.ones(1, np.float32),
            },
        )
        return np.asarray(sound, np.float32).ravel()


def _read_styles(voices: Path, name: str) -> Samples:
    """Read the styles of a voice, shape (510, 256). `name` is one of VOICES, never a client's string."""
    places = (voices / f"{name}.bin", voices / "voices" / f"{name}.bin")
    path = next(filter(Path.is_file, places), places[0])
    return np.fromfile(path, "<f4").reshape(_STYLES)


def _read_vocabulary(path: Path) -> dict[str, int]:
    """Read the token of each symbol from Kokoro's own configuration or from a tokenizer.json. Raises
    EngineError."""
    for name in ("vocab.json", "config.json", "tokenizer.json"):
        if (path / name).is_file():
            content = json.loads((path / name).read_text(encoding="utf-8"))
            if vocabulary := content.get("vocab") or content.get("model", {}).get("vocab"):
                return vocabulary
    raise EngineError(
        Message(
            "{path} holds no vocabulary of Kokoro (vocab.json, config.json or tokenizer.json).", path=path
        )
    )


def load(request: EngineRequest, models: ModelPaths, at_once: int = 1) -> Kokoro:
    """Load the model. `at_once`: number of sentences synthesised in parallel.

    Raises EngineError, or what onnxruntime raises.
    """
    if request.device != "cpu":
        raise EngineError(Message("Kokoro runs on the CPU here."))
    path = models["path"]
    weights = [path / "model.onnx", path / "onnx" / "model_quantized.onnx"]
    found = next(filter(Path.is_file, weights), None)
    if found is None:
        raise EngineError(Message("{path} holds no Kokoro model: model.onnx is missing.", path=path))
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = request.threads or available_cpus()
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.log_severity_level = 3
    with ThreadPoolExecutor(1) as beside:
        loading = beside.submit(
            onnxruntime.InferenceSession, str(found), settings, providers=["CPUExecutionProvider"]
        )
        load_languages("en", "zh")  # dictionaries, in Python; the other thread works without it
        session = loading.result()
    revision = f"kokoro:{revision_of(path)}:{revision_of(models['voices'])}"
    return Kokoro(session, _read_vocabulary(path), models["voices"], revision, at_once)
