"""Engine for a loaded FunASR model. Every chunk of a batch gets a result or an error of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

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
from voxq.engines.recognise.sound import SHORTEST, cleaned

if TYPE_CHECKING:
    from funasr import AutoModel

Raw: TypeAlias = Mapping[str, Any]
"""FunASR's raw result for one chunk; empty if nothing was recognised."""


class Dialect(Protocol):
    """How to call one class of models, and how to read its results."""

    def refuse(self, options: Options) -> ChunkError | None:
        """Return the reason why an item cannot be recognised, or None."""
        ...

    def arguments(self, options: Options) -> dict[str, Any]:
        """Return the arguments of one call, whose chunks share a batch key."""
        ...

    def read(self, raw: Raw, seconds: float, options: Options) -> Recognised:
        """Convert the raw result of a chunk of so many seconds."""
        ...


class FunAsr:
    """A loaded FunASR model; not thread-safe."""

    def __init__(self, model: AutoModel, dialect: Dialect, traits: Traits, revision: str) -> None:
        self._traits = traits
        self.revision = revision
        self._model = model
        self._dialect = dialect

    def run(self, batch: Sequence[AudioItem]) -> list[Recognised | ChunkError]:
        """Run a batch as `Engine` defines. Raises if host or device memory runs out, because a smaller batch
        may fit."""
        answers: list[Recognised | ChunkError] = [Recognised((), None)] * len(batch)
        calls: dict[str, list[int]] = {}
        for index, item in enumerate(batch):
            if refusal := self._dialect.refuse(item.options):
                answers[index] = refusal
            elif len(item.samples) >= SHORTEST:
                calls.setdefault(self._traits.batch_key(item.options), []).append(index)
        for members in calls.values():
            clips = [cleaned(batch[index].samples) for index in members]
            arguments = self._dialect.arguments(batch[members[0]].options)
            for index, raw in zip(members, self._recognise(clips, arguments), strict=True):
                item = batch[index]
                answers[index] = self._read(raw, item.seconds, item.options)
        return answers

    def _recognise(
        self, clips: Sequence[Samples], arguments: Mapping[str, Any]
    ) -> Sequence[Raw | ChunkError]:
        """Return one raw result per chunk.

        FunASR fails as a whole because of a single bad clip and omits clips without speech; in both cases
        each chunk is run alone.
        """
        import torch

        try:
            # Fun-ASR-Nano accepts only tensors, the others accept both.
            sounds = [torch.from_numpy(clip) for clip in clips]
            raws = self._model.generate(input=sounds, batch_size=len(clips), **arguments)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            _end_if_device_is_lost(error)
            if len(clips) == 1:
                logger.opt(exception=error).warning("funasr: a chunk failed")
                return [ChunkError.of(error)]
        else:
            if len(raws) == len(clips):
                return raws
            if len(clips) == 1:
                return [{}]
        return [self._recognise([clip], arguments)[0] for clip in clips]

    def _read(self, raw: Raw | ChunkError, seconds: float, options: Options) -> Recognised | ChunkError:
        if isinstance(raw, ChunkError):
            return raw
        try:
            return self._dialect.read(raw, seconds, options)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            logger.opt(exception=error).warning("funasr: the result of a chunk cannot be read")
            return ChunkError.of(error)


def _end_if_device_is_lost(error: Exception) -> None:
    """End the process after a CUDA error, because every further call would fail, too."""
    if "CUDA error" in str(error):
        logger.opt(exception=error).error("funasr: the GPU cannot be used by this process any more")
        sys.exit(1)
