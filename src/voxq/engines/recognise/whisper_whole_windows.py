"""Recognition in windows of 30 s, for which the network was trained, with every means against doubts.

A chunk is at most one such window. It is encoded once, for the detection of its language and for its text,
and decoded greedily; a doubtful result is decoded again with a beam, never by sampling, so that the same
audio always gives the same text. Where the language changes at a pause, which the same encoding tells, each
stretch becomes a window of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voxq.engines.contract import SAMPLE_RATE, Dropped, Options, Recognised, Samples, Segment
from voxq.engines.recognise.whisper_echo import confirms, repeats_prompt
from voxq.engines.recognise.whisper_hypothesis import Hypothesis
from voxq.engines.recognise.whisper_languages import Probabilities, Stretch, language_of, stretches
from voxq.engines.recognise.whisper_network import Features, Network, part_of
from voxq.engines.recognise.whisper_search import prompt_for, settings_for, task_of, written_in
from voxq.engines.recognise.whisper_sound import SHORTEST_SECONDS, without_quiet_end
from voxq.engines.recognise.whisper_windows import WHOLE
from voxq.speech.transcript import main_language

if TYPE_CHECKING:
    import ctranslate2

_MAX_WINDOWS = 4
_LEAST_VOICED = 4
"""Windows of the VAD, of 32 ms each, in which somebody must speak for a text to be believed against the
model's doubts."""
_VOICED_SHARE = 0.15


class WholeWindows:
    """Recognises chunks one by one. `beams` are the widths of the successive searches for a doubtful
    result."""

    def __init__(self, network: Network, beams: tuple[int, ...]) -> None:
        self._network = network
        self._beams = beams

    def recognise(self, samples: Samples, options: Options) -> Recognised:
        """Recognise a chunk, stretch by stretch in one language each. Raises what CTranslate2 raises."""
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
            found, repeated = hypothesis.written_in(written_in(language, options))
            segments += [replace(each, language=language).shifted(offset) for each in found]
            dropped += [each.shifted(offset) for each in (*taken_out, *repeated)]
            start += int(hypothesis.end * SAMPLE_RATE)
            is_over = not hypothesis.segments or not hypothesis.stops_early
            if is_over or len(samples) - start < SHORTEST_SECONDS * SAMPLE_RATE:
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
        prompt = prompt_for(self._network.tokenizer(language), written_in(language, options), hotwords)
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
        tokenizer = self._network.tokenizer(language, task_of(options))
        hypothesis = Hypothesis((), sound.seconds)
        for beam in self._beams:
            settings = settings_for(tokenizer, prompt, sound.seconds, beam, options.get("words", False))
            raw = self._network.generate_segments(sound.features, tokenizer, settings, sound.encoding)
            hypothesis = Hypothesis.of(raw, sound.seconds, sound.is_voiced)
            if not hypothesis.is_doubtful:
                break
        return hypothesis

    def _encoded(self, samples: Samples) -> _Encoded:
        features = self._network.features(samples)
        return _Encoded(samples, features, self._network.encode([features], WHOLE))

    def _languages(self, sound: _Encoded, start: float = 0.0, end: float | None = None) -> Probabilities:
        """Probabilities of the languages of a window, or of a part of it, in seconds: the decoder is given
        only the encoding of that part."""
        encoding = sound.encoding if end is None else part_of(sound.encoding, [0], start, end)
        return self._network.languages(encoding)[0]


@dataclass(frozen=True, slots=True)
class _Encoded:
    """One window: its samples, their features, and the encoding of these, shape (1, 1500, n)."""

    samples: Samples
    features: Features
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
