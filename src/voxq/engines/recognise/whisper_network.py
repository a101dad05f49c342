"""The loaded network of a Whisper model, and its tokenizers: one step of the recognition each.

faster-whisper is given arrays only, because it opens paths without a whitelist. May be used by several
threads at once: CTranslate2 gives each call to a replica of the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from voxq.engines.contract import Samples
from voxq.engines.recognise.whisper_languages import Probabilities
from voxq.engines.recognise.whisper_tokens import Passage, Passages

if TYPE_CHECKING:
    import ctranslate2
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer
    from faster_whisper.transcribe import Segment as RawSegment
    from faster_whisper.transcribe import TranscriptionOptions
    from faster_whisper.transcribe import Word as RawWord

FRAMES_PER_SECOND = 100
_ENCODINGS_PER_SECOND = 50

Features = npt.NDArray[np.float32]
"""Logarithmic mel spectrum of a sound, shape (bands, frames)."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """Result of one search: tokens of text and time stamps."""

    tokens: tuple[int, ...]
    log_probability: float
    """Mean over the tokens and the end."""
    no_speech: float
    """Probability that nobody speaks."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Times of a passage, in seconds, and of its words."""

    start: float
    end: float
    words: list[RawWord]


class Network:
    """A loaded Whisper network."""

    def __init__(self, model: WhisperModel) -> None:
        self._model = model
        self._tokenizers: dict[tuple[str, str], Tokenizer] = {}

    def features(self, samples: Samples) -> Features:
        """Compute the features of a sound."""
        return self._model.feature_extractor(samples)[..., :-1]

    def encode(self, features: Sequence[Features], seconds: float) -> ctranslate2.StorageView:
        """Encode sounds in windows of `seconds` each, cut or filled up to it; shape (n, 50 * seconds, d)."""
        frames = round(seconds * FRAMES_PER_SECOND)
        windows = np.zeros((len(features), len(features[0]), frames), np.float32)
        for window, each in zip(windows, features, strict=True):
            kept = each[:, :frames]
            window[:, : kept.shape[-1]] = kept
        return self._model.encode(windows)

    def languages(self, encoding: ctranslate2.StorageView) -> list[Probabilities]:
        """Probabilities of the languages of each encoded window."""
        if not self._model.model.is_multilingual:
            return [{"en": 1.0}] * encoding.shape[0]
        return [
            {token.removeprefix("<|").removesuffix("|>"): float(share) for token, share in found}
            for found in self._model.model.detect_language(encoding)
        ]

    def tokenizer(self, language: str, task: str = "transcribe") -> Tokenizer:
        """Tokenizer for a language, made once: its lists of tokens take longer than the detection of a
        language."""
        from faster_whisper.tokenizer import Tokenizer

        if (language, task) not in self._tokenizers:
            model, is_multilingual = self._model.hf_tokenizer, self._model.model.is_multilingual
            self._tokenizers[language, task] = Tokenizer(model, is_multilingual, task=task, language=language)
        return self._tokenizers[language, task]

    def prompt(self, tokenizer: Tokenizer, prompt: str | None) -> list[int]:
        """Tokens before the text: the prompt, the language and the task."""
        return self._model.get_prompt(tokenizer, [], hotwords=prompt)

    def search(
        self,
        encoding: ctranslate2.StorageView,
        prompts: Sequence[list[int]],
        settings: TranscriptionOptions,
        most_tokens: int,
    ) -> list[Decoding]:
        """Search for the text of each encoded window, of at most `most_tokens`. The prompts must be equally
        long."""
        # CTranslate2 lets a text have half of `max_length`, or what the prompt leaves of it, if that is less.
        longest = max(2 * most_tokens, len(prompts[0]) + most_tokens)
        results = self._model.model.generate(
            encoding,
            list(prompts),
            beam_size=settings.beam_size,
            patience=settings.patience,
            length_penalty=settings.length_penalty,
            repetition_penalty=settings.repetition_penalty,
            no_repeat_ngram_size=settings.no_repeat_ngram_size,
            max_length=min(longest, self._model.max_length),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=settings.suppress_blank,
            suppress_tokens=settings.suppress_tokens,
            max_initial_timestamp_index=round(settings.max_initial_timestamp / self._model.time_precision),
        )
        return [_decoding(result) for result in results]

    def segments(self, found: Decoding, passages: Passages, tokenizer: Tokenizer) -> tuple[RawSegment, ...]:
        """Write the passages of a decoding as segments, whose ratio of compression is that of all of them."""
        from faster_whisper.transcribe import Segment, get_compression_ratio

        texts = [tokenizer.decode(list(passage.tokens)) for passage in passages.all]
        compression = get_compression_ratio("".join(texts).strip())
        return tuple(
            Segment(
                id=number,
                seek=0,
                start=passage.start,
                end=passage.end,
                text=text,
                tokens=list(passage.tokens),
                avg_logprob=found.log_probability,
                compression_ratio=compression,
                no_speech_prob=found.no_speech,
                words=None,
                temperature=0.0,
            )
            for number, (passage, text) in enumerate(zip(passages.all, texts, strict=True))
        )

    def timed(
        self,
        passages: Sequence[Passage],
        tokenizer: Tokenizer,
        encoding: ctranslate2.StorageView,
        frames: int,
        settings: TranscriptionOptions,
    ) -> list[Timed]:
        """Find the times of the words of one window, of which `frames` have sound. `encoding` is of this
        window alone; the times of the passages are adapted."""
        from faster_whisper.transcribe import Word

        known: list[Any] = [
            {"seek": 0, "tokens": list(passage.tokens), "start": passage.start, "end": passage.end}
            for passage in passages
        ]
        windows: list[Any] = [known]  # faster-whisper says that it takes segments, and takes lists of them
        self._model.add_word_timestamps(
            windows,
            tokenizer,
            encoding,
            frames,
            settings.prepend_punctuations,
            settings.append_punctuations,
            0.0,
        )
        return [Timed(each["start"], each["end"], [Word(**word) for word in each["words"]]) for each in known]

    def generate_segments(
        self,
        features: Features,
        tokenizer: Tokenizer,
        settings: TranscriptionOptions,
        encoding: ctranslate2.StorageView,
    ) -> Iterable[RawSegment]:
        """Decode a window of 30 s as faster-whisper does."""
        return self._model.generate_segments(features, tokenizer, settings, False, encoding)


def part_of(
    encoding: ctranslate2.StorageView, windows: Sequence[int], start: float = 0.0, end: float | None = None
) -> ctranslate2.StorageView:
    """Take some windows of an encoding, and of them the seconds `start` to `end`."""
    import ctranslate2

    rows = np.asarray(encoding.to_device(ctranslate2.Device.cpu))
    first = int(start * _ENCODINGS_PER_SECOND)
    last = None if end is None else max(first + 1, int(end * _ENCODINGS_PER_SECOND))
    return ctranslate2.StorageView.from_array(np.ascontiguousarray(rows[list(windows), first:last]))


def _decoding(result: Any) -> Decoding:
    tokens = tuple(result.sequences_ids[0])
    # CTranslate2's score is the mean without the end of the text, faster-whisper's with it.
    log_probability = result.scores[0] * len(tokens) / (len(tokens) + 1)
    return Decoding(tokens, log_probability, result.no_speech_prob)
