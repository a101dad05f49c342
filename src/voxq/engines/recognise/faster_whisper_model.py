"""The loaded Whisper model, in the model process; see `voxq.engines.recognise.faster_whisper`.

A chunk is at most one window of 30 s. It is encoded once, for the detection of its language and for its text,
and decoded greedily; a doubtful result is decoded again with a beam, never by sampling, so that the same
audio always gives the same text. Where the language changes at a pause, which the same encoding tells, each
stretch becomes a window of its own. faster-whisper is given arrays only, because it opens paths without a
whitelist.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from voxq.engines.contract import (
    SAMPLE_RATE,
    AudioItem,
    ChunkError,
    Dropped,
    EngineError,
    EngineRequest,
    ModelPaths,
    Options,
    Recognised,
    Samples,
    Segment,
)
from voxq.engines.languages import LANGUAGES
from voxq.engines.recognise.whisper_echo import confirms, repeats_prompt
from voxq.engines.recognise.whisper_hypothesis import Hypothesis
from voxq.engines.recognise.whisper_languages import Probabilities, Stretch, language_of, stretches
from voxq.engines.recognise.whisper_search import prompt_for, settings_for
from voxq.engines.recognise.whisper_sound import amplified, without_quiet_end
from voxq.model_store.stamp import revision_of
from voxq.speech.levels import is_audible
from voxq.speech.transcript import main_language

if TYPE_CHECKING:
    import ctranslate2
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer

_SHORTEST_SECONDS = 0.1
_MAX_WINDOWS = 4
_ENCODINGS_PER_SECOND = 50
_LEAST_VOICED = 4
"""Windows of the VAD, of 32 ms each, in which somebody must speak for a text to be believed against the
model's doubts."""
_VOICED_SHARE = 0.15


class FasterWhisper:
    """A loaded Whisper model. `beams` are the widths of the successive searches for a doubtful result."""

    def __init__(self, model: WhisperModel, revision: str, beams: tuple[int, ...]) -> None:
        self.revision = revision
        self._model = model
        self._beams = beams
        self._tokenizers: dict[tuple[str, str], Tokenizer] = {}

    def run(self, batch: Sequence[AudioItem]) -> list[Recognised | ChunkError]:
        return [self._chunk(item) for item in batch]

    def _chunk(self, item: AudioItem) -> Recognised | ChunkError:
        language = item.options.get("language")
        if language is not None and language not in LANGUAGES:
            return ChunkError("bad_language", f"Whisper does not support the language {language!r}.")
        if not is_audible(item.samples):  # Whisper would invent text for it
            return Recognised((), None)
        try:
            return self._recognise(without_quiet_end(amplified(item.samples)), item.options)
        except (RuntimeError, MemoryError) as error:  # CTranslate2's own failures, including out of memory
            return ChunkError.of(error)

    def _recognise(self, samples: Samples, options: Options) -> Recognised:
        """Recognise a chunk, stretch by stretch in one language each."""
        if len(samples) < _SHORTEST_SECONDS * SAMPLE_RATE:
            return Recognised((), None)
        sound = self._encoded(samples)
        segments: list[Segment] = []
        dropped: list[Dropped] = []
        languages = self._stretches(sound, options)
        for stretch in languages:
            part = sound
            if len(languages) > 1:
                part = self._encoded(without_quiet_end(samples[stretch.start : stretch.end]))
            found, taken_out = self._stretch(part, stretch.language, options)
            offset = stretch.start / SAMPLE_RATE
            segments += [segment.shifted(offset) for segment in found]
            dropped += [each.shifted(offset) for each in taken_out]
        return Recognised(tuple(segments), main_language(segments), tuple(dropped))

    def _stretches(self, sound: _Encoded, options: Options) -> list[Stretch]:
        """Find the language of a chunk, and where it changes, unless it was asked for."""
        asked = options.get("language")
        if asked is not None:
            return [Stretch(0, len(sound.samples), asked)]
        whole = self._languages(sound)
        language = language_of(whole, options.get("likely_language"), sound.seconds)
        return stretches(
            sound.samples, language, whole, lambda start, end: self._languages(sound, start, end)
        )

    def _stretch(
        self, sound: _Encoded, language: str, options: Options
    ) -> tuple[list[Segment], list[Dropped]]:
        """Recognise a stretch in one language; if a decoding stops early, the rest is decoded as a window of
        its own, whose language is looked at again."""
        segments: list[Segment] = []
        dropped: list[Dropped] = []
        samples, start = sound.samples, 0
        for _ in range(_MAX_WINDOWS):
            hypothesis, taken_out = self._window(sound, language, options)
            offset = start / SAMPLE_RATE
            found, repeated = hypothesis.written_in(_written(language, options))
            segments += [replace(each, language=language).shifted(offset) for each in found]
            dropped += [each.shifted(offset) for each in (*taken_out, *repeated)]
            start += int(hypothesis.end * SAMPLE_RATE)
            is_over = not hypothesis.segments or not hypothesis.stops_early
            if is_over or len(samples) - start < _SHORTEST_SECONDS * SAMPLE_RATE:
                break
            sound = self._encoded(samples[start:])
            if options.get("language") is None:
                language = language_of(self._languages(sound), language, sound.seconds)
        return segments, dropped

    def _window(self, sound: _Encoded, language: str, options: Options) -> tuple[Hypothesis, list[Dropped]]:
        """Search for the text of a window; returns what is believed, and what is not.

        A prompt makes the model doubt more that anybody speaks, and can come back as text: what is doubted,
        or may be an echo of it, is searched again without one.
        """
        hotwords = options.get("hotwords", ())
        prompt = prompt_for(self._tokenizer(language), _written(language, options), hotwords)
        hypothesis = self._search(sound, language, prompt, options)
        if prompt and hypothesis.invented:
            hypothesis = self._search(sound, language, None, options)
        elif prompt and repeats_prompt(hypothesis.texts, prompt):
            plain = self._search(sound, language, None, options)
            if not confirms(" ".join(plain.texts), hypothesis.texts, prompt):
                return plain, [*plain.dropped, *hypothesis.given_up("prompt")]
        return hypothesis, hypothesis.dropped

    def _search(self, sound: _Encoded, language: str, prompt: str | None, options: Options) -> Hypothesis:
        """Search with wider and wider beams while the result is doubtful."""
        task = "translate" if options.get("translate") else "transcribe"
        tokenizer = self._tokenizer(language, task)
        hypothesis = Hypothesis((), sound.seconds)
        for beam in self._beams:
            settings = settings_for(tokenizer, prompt, sound.seconds, beam, options.get("words", False))
            raw = self._model.generate_segments(sound.features, tokenizer, settings, False, sound.encoding)
            hypothesis = Hypothesis.of(raw, sound.seconds, sound.is_voiced)
            if not hypothesis.is_doubtful:
                break
        return hypothesis

    def _encoded(self, samples: Samples) -> _Encoded:
        from faster_whisper.audio import pad_or_trim

        features = self._model.feature_extractor(samples)
        return _Encoded(samples, features, self._model.encode(pad_or_trim(features[..., :-1])))

    def _tokenizer(self, language: str, task: str = "transcribe") -> Tokenizer:
        """Tokenizer for a language, made once: its lists of tokens take longer than the detection of a
        language."""
        from faster_whisper.tokenizer import Tokenizer

        if (language, task) not in self._tokenizers:
            model, is_multilingual = self._model.hf_tokenizer, self._model.model.is_multilingual
            made = Tokenizer(model, is_multilingual, task=task, language=language)
            self._tokenizers[language, task] = made
        return self._tokenizers[language, task]

    def _languages(self, sound: _Encoded, start: float = 0.0, end: float | None = None) -> Probabilities:
        """Probabilities of the languages of a window, or of a part of it, in seconds: the decoder is given
        only the encoding of that part."""
        if not self._model.model.is_multilingual:
            return {"en": 1.0}
        encoding = sound.encoding if end is None else sound.part(start, end)
        (found,) = self._model.model.detect_language(encoding)
        return {token.removeprefix("<|").removesuffix("|>"): float(share) for token, share in found}


@dataclass(frozen=True, slots=True)
class _Encoded:
    """One window: its samples, their features, and the encoding of these, shape (1, 1500, n)."""

    samples: Samples
    features: Any
    encoding: ctranslate2.StorageView

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    def is_voiced(self, start: float, end: float) -> bool:
        """Whether somebody speaks from `start` to `end`, in seconds, according to the VAD: asked about text
        that the model itself doubts."""
        from voxq.speech.vad import voiced_windows

        heard = voiced_windows(self.samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)])
        return sum(heard) >= max(_LEAST_VOICED, _VOICED_SHARE * len(heard))

    def part(self, start: float, end: float) -> ctranslate2.StorageView:
        """Encoding of the seconds `start` to `end`."""
        import ctranslate2

        rows = np.asarray(self.encoding.to_device(ctranslate2.Device.cpu))
        first = int(start * _ENCODINGS_PER_SECOND)
        last = max(first + 1, int(end * _ENCODINGS_PER_SECOND))
        return ctranslate2.StorageView.from_array(np.ascontiguousarray(rows[:, first:last]))


def _written(language: str, options: Options) -> str:
    """Return the language in which the text is written."""
    return "en" if options.get("translate") else language


def load(request: EngineRequest, models: ModelPaths) -> FasterWhisper:
    """Load the model. Raises EngineError, or what CTranslate2 raises."""
    path = models["path"]
    missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (path / name).is_file()]
    if missing:
        raise EngineError(f"{path} holds no Whisper model for CTranslate2: {', '.join(missing)} is missing.")
    from faster_whisper import WhisperModel

    kind, _, index = request.device.partition(":")
    device_index = int(index or 0)
    compute_type = _compute_type(kind, device_index)
    model = WhisperModel(
        str(path),
        device=kind,
        device_index=device_index,
        compute_type=compute_type,
        cpu_threads=request.threads or int(os.environ.get("OMP_NUM_THREADS", 0)),
        local_files_only=True,
    )
    beams = (1, 5) if kind == "cpu" else (5,)
    revision = f"faster-whisper:{revision_of(path)}:{compute_type}:{beams[0]}"
    return FasterWhisper(model, revision, beams)


def _compute_type(kind: str, index: int) -> str:
    """Choose int8 on a CPU, half precision on a GPU that supports it. Raises EngineError for a missing
    device."""
    import ctranslate2

    if kind == "cpu":
        return "int8"
    if kind != "cuda":
        raise EngineError(f"faster-whisper runs on cpu or cuda:<number>, not on {kind!r}.")
    if index >= ctranslate2.get_cuda_device_count():
        raise EngineError(f"CTranslate2 sees no GPU {index}. Are the CUDA libraries (cuBLAS, cuDNN) there?")
    supported = ctranslate2.get_supported_compute_types("cuda", index)
    return "float16" if "float16" in supported else "float32"
