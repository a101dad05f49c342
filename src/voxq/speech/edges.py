"""Edges of segments, moved to where something is heard.

Chunks begin and end with a moment of silence, and Whisper's segments reach from the end of one sentence to
the end of the next: subtitles would appear before anybody speaks, and stay after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.levels import loudness_of
from voxq.speech.transcript import Segment, Word

_FRAME = SAMPLE_RATE // 100
_FAINT, _CLEAR = 0.02, 0.1
"""Loudness relative to the loudest frame, -34 and -20 dB: sound below the first is none, above the second it
always is."""
_ABOVE_NOISE = 3.0
_MARGIN = 0.03
"""Seconds kept before and after what is heard."""
_SHORTEST = 0.1


def to_sound(segments: Iterable[Segment], samples: Samples) -> tuple[Segment, ...]:
    """Shorten segments, and the words in them, to the part in which something is heard.

    Times are in seconds from the start of `samples`, mono at 16 kHz. A segment without any sound, or with
    very little, stays as it is.
    """
    audible = _audible(samples)
    return tuple(_shortened(segment, audible) for segment in segments)


def _audible(samples: Samples) -> Samples:
    """Times in seconds of the frames in which something is heard."""
    loudness = loudness_of(samples, _FRAME)
    if not len(loudness):
        return loudness
    loudest = float(loudness.max())
    tenth = len(loudness) // 10
    noise = _ABOVE_NOISE * float(np.partition(loudness, tenth)[tenth])  # a percentile, at a tenth of its cost
    threshold = min(max(_FAINT * loudest, noise), _CLEAR * loudest)
    return np.flatnonzero(loudness > threshold) * (_FRAME / SAMPLE_RATE)


def _shortened(segment: Segment, audible: Samples) -> Segment:
    inside = audible[(audible >= segment.start) & (audible < segment.end)]
    if not len(inside):
        return segment
    start = max(segment.start, float(inside[0]) - _MARGIN)
    end = min(segment.end, float(inside[-1]) + _FRAME / SAMPLE_RATE + _MARGIN)
    if end - start < _SHORTEST:
        return segment
    words = tuple(_clamped(word, start, end) for word in segment.words)
    return replace(segment, start=start, end=end, words=words)


def _clamped(word: Word, start: float, end: float) -> Word:
    first = min(max(word.start, start), end)
    return replace(word, start=first, end=min(max(word.end, first), end))
