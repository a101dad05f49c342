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

    def __init__(self, dialect: Dialect, revision: str) -> None:
        self.revision = revision
        self._dialect = dialect

    def run(self, batch: Sequence[AudioItem]) -> list[Recognised | ChunkError]:
        """Run a batch as `Engine` defines."""
        return [self._chunk(item) for item in batch]

    def _chunk(self, item: AudioItem) -> Recognised | ChunkError:
        if refusal := self._dialect.refuse(item.options):
            return refusal
        samples = cleaned(item.samples)
        if len(samples) < SHORTEST or not is_audible(samples):
            return Recognised((), None)
        try:
            heard = self._hear(samples, item.options)
            return self._dialect.read(heard, item.seconds, item.options)
        except Exception as error:
            if not is_out_of_memory(error):
                logger.opt(exception=error).warning("sherpa-onnx: a chunk failed")
            return ChunkError.of(error)

    def _hear(self, samples: Samples, options: Options) -> Heard:
        stream = self._dialect.open_stream(options)
        # As a list: of an array, sherpa-onnx takes every sample as an object of its own, ten times as slowly.
        stream.accept_waveform(SAMPLE_RATE, samples.tolist())
        self._dialect.recogniser(options).decode_stream(stream)
        return Heard.of(stream)
