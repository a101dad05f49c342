"""Engine for a loaded model of sherpa-onnx. Every chunk gets a result or an error of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from loguru import logger

from voxq.engines.contract import (
    SAMPLE_RATE,
    AudioItem,
    ChunkError,
    Options,
    Recognised,
    Samples,
    Traits,
    is_out_of_memory,
)
from voxq.engines.recognise.sound import SHORTEST, cleaned
from voxq.speech.levels import is_audible

if TYPE_CHECKING:
    from sherpa_onnx import OfflineRecognizer, OfflineStream

Piece: TypeAlias = tuple[str, float, float]
"""A token, its start and its end in seconds."""

_LONGEST_TOKEN = 0.5
"""Seconds: only starts are known, and after a pause the next one is not where a token ends."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What sherpa-onnx returns for a sound; `tags` are those of SenseVoice, else empty."""

    text: str
    pieces: tuple[Piece, ...]
    tags: tuple[str, ...]

    @classmethod
    def of(cls, stream: OfflineStream) -> Heard:
        result = stream.result
        starts = [float(start) for start in result.timestamps]
        ends = [*starts[1:], float("inf")]
        tokens = result.tokens if len(starts) == len(result.tokens) else ()
        pieces = (
            (token, start, min(end, start + _LONGEST_TOKEN))
            for token, start, end in zip(tokens, starts, ends, strict=False)
        )
        return cls(result.text, tuple(pieces), (result.lang, result.emotion, result.event))


class Dialect(Protocol):
    """How to ask one type of models, and how to read its results."""

    def refuse(self, options: Options) -> ChunkError | None:
        """Return the reason why an item cannot be recognised, or None."""
        ...

    def recogniser(self, options: Options) -> OfflineRecognizer:
        """Return the recogniser for these options, which may load one."""
        ...

    def open_stream(self, options: Options) -> OfflineStream:
        """Return a stream for one sound."""
        ...

    def read(self, heard: Heard, seconds: float, options: Options) -> Recognised | ChunkError:
        """Convert what was heard in a chunk of so many seconds."""
        ...


class SherpaOnnx:
    """A loaded model; not thread-safe."""

    def __init__(self, dialect: Dialect, traits: Traits, revision: str) -> None:
        self.revision = revision
        self._dialect = dialect
        self._traits = traits

    def run(self, batch: Sequence[AudioItem]) -> list[Recognised | ChunkError]:
        """Run a batch as `Engine` defines."""
        answers: list[Recognised | ChunkError] = [Recognised((), None)] * len(batch)
        calls: dict[str, list[int]] = {}
        sounds = [cleaned(item.samples) for item in batch]
        for index, item in enumerate(batch):
            if refusal := self._dialect.refuse(item.options):
                answers[index] = refusal
            elif len(sounds[index]) >= SHORTEST and is_audible(sounds[index]):
                calls.setdefault(self._traits.batch_key(item.options), []).append(index)
        most = self._traits.max_items
        for members in (call[i : i + most] for call in calls.values() for i in range(0, len(call), most)):
            heard = self._hear([(sounds[index], batch[index].options) for index in members])
            for index, each in zip(members, heard, strict=True):
                answers[index] = self._read(each, batch[index])
        return answers

    def _hear(self, items: Sequence[tuple[Samples, Options]]) -> Sequence[Heard | ChunkError]:
        """Recognise sounds whose options can share a call; if it fails, each alone."""
        try:
            streams = [self._opened(samples, options) for samples, options in items]
            recogniser = self._dialect.recogniser(items[0][1])
            if len(streams) == 1:
                recogniser.decode_stream(streams[0])
            else:
                recogniser.decode_streams(streams)
            return list(map(Heard.of, streams))
        except Exception as error:
            if len(items) > 1 and not is_out_of_memory(error):
                return [self._hear([item])[0] for item in items]
            return [_failure(error)] * len(items)

    def _opened(self, samples: Samples, options: Options) -> OfflineStream:
        stream = self._dialect.open_stream(options)
        # As a list: of an array, sherpa-onnx takes every sample as an object of NumPy's.
        stream.accept_waveform(SAMPLE_RATE, samples.tolist())
        return stream

    def _read(self, heard: Heard | ChunkError, item: AudioItem) -> Recognised | ChunkError:
        if isinstance(heard, ChunkError):
            return heard
        try:
            return self._dialect.read(heard, item.seconds, item.options)
        except Exception as error:
            return _failure(error)


def _failure(error: Exception) -> ChunkError:
    if not is_out_of_memory(error):
        logger.opt(exception=error).warning("sherpa-onnx: a chunk failed")
    return ChunkError.of(error)
