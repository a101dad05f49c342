"""What a model may answer. A library can hand over anything; only what makes sense leaves the model process.

An answer that does not is its own chunk's error, and the other chunks of the batch keep theirs.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from voxq.engines.contract import ChunkError, Recognised, Segment, Spoken, Word

_MOST_CHARACTERS = 20_000
"""Of one chunk: nobody says so much in half a minute."""
_SLOWEST_CHARACTERS_PER_SECOND = 1.0
_LEAST_SECONDS = 60.0
"""Of sound that the shortest sentence may have."""
_RATES = range(8_000, 192_001)
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")

_NONSENSE = ChunkError("engine_error", "The model gave an answer to this audio that makes no sense.")
_TOO_MUCH = ChunkError("engine_error", "The model found far more text in this audio than it can have.")
_NO_SOUND = ChunkError("engine_error", "The model gave something else than sound for this text.")
_TOO_LONG = ChunkError("engine_error", "The model spoke this text for far longer than it can take.")


def checked_text(answer: object, seconds: float) -> Recognised | ChunkError:
    """The answer to a chunk of `seconds`, with all times in it, and texts without control characters."""
    if isinstance(answer, ChunkError):
        return answer
    if not isinstance(answer, Recognised):
        return _NONSENSE
    try:
        if sum(map(_length, answer.segments)) > _MOST_CHARACTERS:
            return _TOO_MUCH
        return replace(answer, segments=tuple(_segment(segment, seconds) for segment in answer.segments))
    except (AttributeError, TypeError, ValueError):
        return _NONSENSE


def checked_sound(answer: object, text: str, speed: float) -> Spoken | ChunkError:
    """The answer to a sentence: finite float32 samples in one channel, -1.0 to 1.0."""
    if isinstance(answer, ChunkError):
        return answer
    if not isinstance(answer, Spoken) or answer.sample_rate not in _RATES:
        return _NO_SOUND
    try:
        samples = np.asarray(answer.samples, dtype=np.float32)
    except (TypeError, ValueError):
        return _NO_SOUND
    if samples.ndim != 1 or not np.isfinite(samples).all():
        return _NO_SOUND
    longest = max(_LEAST_SECONDS, len(text) / _SLOWEST_CHARACTERS_PER_SECOND) / min(1.0, speed)
    if len(samples) > longest * answer.sample_rate:
        return _TOO_LONG
    return Spoken(np.clip(samples, -1.0, 1.0), int(answer.sample_rate))


def _length(segment: Segment) -> int:
    """Characters of its longest rendering."""
    words = sum(len(word.text) for word in segment.words)
    return max(len(segment.text), len(segment.raw_text or ""), words)


def _segment(segment: Segment, seconds: float) -> Segment:
    start, end = _within(segment.start, segment.end, seconds)
    return replace(
        segment,
        text=_clean(segment.text),
        raw_text=None if segment.raw_text is None else _clean(segment.raw_text),
        start=start,
        end=end,
        words=tuple(_word(word, seconds) for word in segment.words),
        events=tuple(map(_clean, segment.events)),
    )


def _word(word: Word, seconds: float) -> Word:
    start, end = _within(word.start, word.end, seconds)
    return Word(_clean(word.text), start, end)


def _within(start: float, end: float, seconds: float) -> tuple[float, float]:
    """Raises ValueError for what is no number."""
    if not (math.isfinite(start) and math.isfinite(end)):
        raise ValueError("not a time")
    start = min(max(0.0, float(start)), seconds)
    return start, min(max(start, float(end)), seconds)


def _clean(text: str) -> str:
    """As it can be written and shown: half a character becomes U+FFFD, a control character a space."""
    if text.isprintable():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").translate(_CONTROLS)
