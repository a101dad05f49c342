"""Engine for a loaded model of sherpa-onnx. Every chunk gets a result or an error of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from loguru import logger

from voxq.engines.contract import (
    AudioItem,
    ChunkError,
    Options,
    Recognised,
    Samples,
    Traits,
    is_out_of_memory,
)
from voxq.engines.recognise.sherpa_onnx.failures import Swallowed, caught_in
from voxq.engines.recognise.sound import SHORTEST, cleaned
from voxq.speech.levels import is_audible

Piece: TypeAlias = tuple[str, float, float]
"""A token, its start and its end in seconds."""
Sound: TypeAlias = tuple[Samples, Options]
"""A chunk, and what is asked for it."""

_LONGEST_TOKEN = 0.5
"""Seconds: only starts are known, and after a pause the next one is not where a token ends."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What sherpa-onnx returns for a sound; `tags` are those of SenseVoice, or the language of Whisper, else
    empty."""

    text: str
    pieces: tuple[Piece, ...] = ()
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, result: Any) -> Heard:
        """Convert a result of an OfflineRecognizer or OnlineRecognizer."""
        starts = [float(start) for start in result.timestamps]
        ends = [*starts[1:], float("inf")]
        tokens = result.tokens if len(starts) == len(result.tokens) else ()
        pieces = (
            (token, start, min(end, start + _LONGEST_TOKEN))
            for token, start, end in zip(tokens, starts, ends, strict=False)
        )
        tags = tuple(getattr(result, name, "") for name in ("lang", "emotion", "event"))
        return cls(result.text, tuple(pieces), tags)

    @property
    def is_nothing(self) -> bool:
        return not self.text.strip() and not any(self.tags)


class Dialect(Protocol):
    """How to ask one type of models, and how to read its results."""

    def refuse(self, options: Options) -> ChunkError | None:
        """Return the reason why an item cannot be recognised, or None."""
        ...

    def hear(self, sounds: Sequence[Sound]) -> Sequence[Heard]:
        """Recognise sounds whose options can share a call. Raises what sherpa-onnx raises."""
        ...

    def is_silence(self, error: Exception) -> bool:
        """Whether an error that sherpa-onnx has written down means that nothing was said."""
        ...

    def read(self, heard: Heard, seconds: float, options: Options) -> Recognised:
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

    def _hear(self, sounds: Sequence[Sound]) -> Sequence[Heard | ChunkError]:
        """Recognise sounds in one call; if it fails, each alone."""
        try:
            heard = self._dialect.hear(sounds)
        except Exception as error:
            if len(sounds) > 1 and not is_out_of_memory(error):
                return [self._hear([sound])[0] for sound in sounds]
            return [_failure(error)] * len(sounds)
        return [
            self._again(sound) if each.is_nothing else each for each, sound in zip(heard, sounds, strict=True)
        ]

    def _again(self, sound: Sound) -> Heard | ChunkError:
        """Recognise a sound in which nothing was heard once more, and watch for an error: sherpa-onnx writes
        down those of ONNX Runtime, and returns silence."""
        try:
            with caught_in() as swallowed:
                (heard,) = self._dialect.hear([sound])
            error = swallowed.error
            return heard if error is None or self._dialect.is_silence(error) else _failure(error)
        except Exception as error:
            return _failure(error)

    def _read(self, heard: Heard | ChunkError, item: AudioItem) -> Recognised | ChunkError:
        if isinstance(heard, ChunkError):
            return heard
        try:
            return self._dialect.read(heard, item.seconds, item.options)
        except Exception as error:
            return _failure(error)


def _failure(error: Exception) -> ChunkError:
    if not is_out_of_memory(error):
        logger.opt(exception=None if isinstance(error, Swallowed) else error).warning(
            "sherpa-onnx: a chunk failed: {}", error
        )
    return ChunkError.of(error)
