"""Splitting of a recording's sound into chunks, block by block: by its speech, or all of it."""

from __future__ import annotations

from typing import Protocol

from voxq.speech.audio import SHORTEST_CLIP, Samples
from voxq.speech.chunking import Chunker, Chunking, QuietCutter
from voxq.speech.spans import Span, rests_within
from voxq.speech.vad import VoiceActivity


class Cutting(Protocol):
    """Splitter for one recording. Chunks are ordered and do not overlap; a clip under 100 ms has none."""

    def push(self, block: Samples) -> list[Span]:
        """Add the next samples, shape (n,), any n, and return the chunks that are complete."""
        ...

    def flush(self) -> list[Span]:
        """Return the remaining chunks at the end of the recording."""
        ...

    def rests(self, chunk: Span) -> list[int]:
        """Places in a chunk, in samples, that divide it into its pieces."""
        ...


def cutting_for(chunking: Chunking, *, use_vad: bool) -> Cutting:
    """Choose the splitter. Raises ValueError for a chunking whose maximum is too short."""
    return _BySpeech(chunking) if use_vad else _OfEverything(chunking)


class _BySpeech:
    def __init__(self, chunking: Chunking) -> None:
        self._activity = VoiceActivity(chunking.maximum)
        self._chunker = Chunker(chunking)
        self._piece = chunking.piece

    def push(self, block: Samples) -> list[Span]:
        return self._chunker.push(self._activity.push(block))

    def flush(self) -> list[Span]:
        return self._chunker.push(self._activity.flush()) + self._chunker.flush()

    def rests(self, chunk: Span) -> list[int]:
        if self._piece is None:
            return []
        return rests_within(chunk, self._activity.loudness(chunk), self._piece)


class _OfEverything:
    """Splitter of all of the sound, silence included, so that the model receives it."""

    def __init__(self, chunking: Chunking) -> None:
        self._cutter = QuietCutter(chunking.maximum)
        self._total = 0

    def push(self, block: Samples) -> list[Span]:
        self._total += len(block)
        return self._cutter.push(block)

    def flush(self) -> list[Span]:
        return self._cutter.flush() if self._total >= SHORTEST_CLIP else []

    def rests(self, chunk: Span) -> list[int]:
        return []
