"""Recognition of sounds in windows as long as they are, in batches: what is easy needs no 30 s.

The network was trained with windows of 30 s. In a shorter one it is three to five times as quick, and as
right where it is sure; else it may loop, or end too early. So a text from a short window is only believed if
nothing speaks against it, and everything else is left to a window of 30 s: a doubtful text, none at all, an
uncertain language, a possible echo of the prompt. Whether somebody speaks is decided there, too. Where the
language changes, each stretch is a sound of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from voxq.engines.contract import Options, Recognised
from voxq.engines.recognise.whisper_echo import repeats_prompt
from voxq.engines.recognise.whisper_hypothesis import Hypothesis
from voxq.engines.recognise.whisper_languages import Probabilities, Stretch, language_of, stretches
from voxq.engines.recognise.whisper_network import FRAMES_PER_SECOND, Decoding, Network, Timed, part_of
from voxq.engines.recognise.whisper_search import prompt_for, settings_for, task_of, written_in
from voxq.engines.recognise.whisper_sentences import by_sentence, holds_sentences
from voxq.engines.recognise.whisper_sound import Sound
from voxq.engines.recognise.whisper_tokens import Passages
from voxq.engines.recognise.whisper_windows import LEAST_CERTAIN, most_tokens
from voxq.speech.transcript import main_language

if TYPE_CHECKING:
    import ctranslate2
    from faster_whisper.transcribe import Segment as RawSegment
    from faster_whisper.transcribe import TranscriptionOptions

Stretches: TypeAlias = tuple[Stretch, ...]
"""Several stretches of a sound, each in another language than the one before."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in one sound in a short window."""

    language: str
    hypothesis: Hypothesis
    prompt: str | None
    is_complete: bool
    """Whether the decoding came to an end by itself, with a time for the end of the text."""

    @property
    def is_certain(self) -> bool:
        """Whether a window of 30 s is not needed."""
        hypothesis = self.hypothesis
        return (
            self.is_complete
            and hypothesis.is_certain
            and not (self.prompt and repeats_prompt(hypothesis.texts, self.prompt))
        )


class FirstLook:
    """Recognises sounds in short windows. `beam` is the width of the search."""

    def __init__(self, network: Network, beam: int) -> None:
        self._network = network
        self._beam = beam

    def recognise(self, sounds: Sequence[Sound], window: float) -> list[Recognised | Stretches | None]:
        """Recognise sounds in windows of `window` seconds each.

        Returns for each its text, the stretches of one whose language changes, or None for one that needs a
        window of 30 s.
        """
        encoding = self._network.encode([self._network.features(each.samples) for each in sounds], window)
        answers: list[Recognised | Stretches | None] = [None] * len(sounds)
        requests: defaultdict[int, list[_Request]] = defaultdict(list)
        for number, language in enumerate(self._languages(encoding, sounds)):
            if isinstance(language, str):
                request = self._request(number, sounds[number], language)
                requests[len(request.prompt_tokens)].append(request)
            else:
                answers[number] = language
        for group in requests.values():  # CTranslate2 takes prompts of one length
            for request, look in zip(group, self._looks(group, encoding), strict=True):
                if look.is_certain:
                    answers[request.number] = _recognised(look, request.sound.options)
        return answers

    def _looks(self, group: Sequence[_Request], encoding: ctranslate2.StorageView) -> list[Look]:
        """Decode sounds whose prompts are equally long; `encoding` is that of all sounds."""
        numbers = [request.number for request in group]
        part = encoding if len(group) == encoding.shape[0] else part_of(encoding, numbers)
        longest = max(request.most_tokens for request in group)
        prompts = [request.prompt_tokens for request in group]
        found = self._network.search(part, prompts, group[0].settings, longest)
        return [
            self._look(request, decoding, encoding) for request, decoding in zip(group, found, strict=True)
        ]

    def _languages(
        self, encoding: ctranslate2.StorageView, sounds: Sequence[Sound]
    ) -> list[str | Stretches | None]:
        """Language of each sound: the one that was asked for, or the one found if that is certain; or where
        it changes."""
        languages: list[str | Stretches | None] = [sound.options.get("language") for sound in sounds]
        unknown = [number for number, language in enumerate(languages) if language is None]
        if not unknown:
            return languages
        part = encoding if len(unknown) == len(sounds) else part_of(encoding, unknown)
        for number, found in zip(unknown, self._network.languages(part), strict=True):
            languages[number] = self._language(encoding, number, sounds[number], found)
        return languages

    def _language(
        self, encoding: ctranslate2.StorageView, number: int, sound: Sound, found: Probabilities
    ) -> str | Stretches | None:
        def of_part(start: float, end: float) -> Probabilities:
            return self._network.languages(part_of(encoding, [number], start, end))[0]

        language = language_of(found, sound.options.get("likely_language"), sound.seconds)
        parts = stretches(sound.samples, language, found, of_part)
        if len(parts) > 1:
            return tuple(parts)
        return language if found[language] >= LEAST_CERTAIN else None

    def _request(self, number: int, sound: Sound, language: str) -> _Request:
        options = sound.options
        tokenizer = self._network.tokenizer(language)
        prompt = prompt_for(tokenizer, written_in(language, options), options.get("hotwords", ()))
        tokenizer = self._network.tokenizer(language, task_of(options))
        return _Request(
            number,
            sound,
            language,
            prompt,
            self._network.prompt(tokenizer, prompt),
            settings_for(tokenizer, prompt, sound.seconds, self._beam, options.get("words", False)),
            most_tokens(language, sound.seconds),
        )

    def _look(self, request: _Request, found: Decoding, encoding: ctranslate2.StorageView) -> Look:
        sound = request.sound
        tokenizer = self._network.tokenizer(request.language, task_of(sound.options))
        passages = Passages.of(found.tokens, tokenizer.timestamp_begin, sound.seconds)
        segments = self._network.segments(found, passages, tokenizer)
        hypothesis = Hypothesis.of(segments, sound.seconds, _nobody)
        is_complete = passages.is_complete and len(found.tokens) < request.most_tokens
        look = Look(request.language, hypothesis, request.prompt, is_complete)
        wants_words = request.settings.word_timestamps
        if look.is_certain and (wants_words or any(map(holds_sentences, hypothesis.texts))):
            alone = part_of(encoding, [request.number])
            frames = int(sound.seconds * FRAMES_PER_SECOND)
            timed = self._network.timed(passages.all, tokenizer, alone, frames, request.settings)
            sentences = _sentences(segments, timed, with_words=wants_words)
            look = replace(look, hypothesis=replace(hypothesis, segments=sentences))
        return look


@dataclass(frozen=True, slots=True)
class _Request:
    """What is searched for in one sound, the `number`th of its batch."""

    number: int
    sound: Sound
    language: str
    prompt: str | None
    prompt_tokens: list[int]
    settings: TranscriptionOptions
    most_tokens: int


def _nobody(start: float, end: float) -> bool:
    """Believe no voice: what is doubted needs a window of 30 s, and then the VAD is asked."""
    return False


def _recognised(look: Look, options: Options) -> Recognised:
    found, repeated = look.hypothesis.written_in(written_in(look.language, options))
    segments = tuple(replace(each, language=look.language) for each in found)
    return Recognised(segments, main_language(segments), tuple(repeated))


def _sentences(
    segments: Sequence[RawSegment], timed: Sequence[Timed], *, with_words: bool
) -> tuple[RawSegment, ...]:
    """Split segments into sentences by the times of their words, which they keep if these were asked for."""
    found: list[RawSegment] = []
    for segment, each in zip(segments, timed, strict=True):
        placed = replace(segment, start=each.start, end=each.end) if with_words else segment
        found += by_sentence(replace(placed, words=each.words))
    return tuple(found if with_words else (replace(each, words=None) for each in found))
