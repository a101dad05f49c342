"""How the sound of one recording becomes chunks, block by block: by its speech, or by the clock."""

from __future__ import annotations

from typing import Protocol

from voxq.speech.audio import SHORTEST_CLIP, Samples
from voxq.speech.chunking import Chunker, Chunking, EvenCutter
from voxq.speech.spans import Span
from voxq.speech.vad import VoiceActivity


class Cutting(Protocol):
    """Of one recording. Chunks are in order and apart from each other; a clip under 100 ms has none."""

    def push(self, block: Samples) -> list[Span]:
        """The next samples, shape (n,), any n. Returns the chunks that are complete."""
        ...

    def flush(self) -> list[Span]:
        """What is left at the end."""
        ...


def cutting_for(chunking: Chunking, *, use_vad: bool) -> Cutting:
    """Raises ValueError for a chunking whose maximum is too short."""
    return _BySpeech(chunking) if use_vad else _ByTheClock(chunking)


class _BySpeech:
    def __init__(self, chunking: Chunking) -> None:
        self._activity = VoiceActivity(chunking.maximum)
        self._chunker = Chunker(chunking)

    def push(self, block: Samples) -> list[Span]:
        return self._chunker.push(self._activity.push(block))

    def flush(self) -> list[Span]:
        return self._chunker.push(self._activity.flush()) + self._chunker.flush()


class _ByTheClock:
    """Silence is not looked for, so that a model hears all there is."""

    def __init__(self, chunking: Chunking) -> None:
        self._cutter = EvenCutter(chunking.maximum)
        self._total = 0

    def push(self, block: Samples) -> list[Span]:
        self._total += len(block)
        return self._cutter.push(len(block))

    def flush(self) -> list[Span]:
        return self._cutter.flush() if self._total >= SHORTEST_CLIP else []
