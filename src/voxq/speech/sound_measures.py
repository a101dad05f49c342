"""Measures of recorded speech: how much of it there is, how loud, beside how much noise, and whether it is
clipped.

It imports NumPy only where it measures: the measures are part of messages that every process knows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.levels import loudness_of

if TYPE_CHECKING:
    from voxq.speech.audio import Samples

QUIETEST = -100.0
"""Level in dB that stands for silence."""
_FRAME = SAMPLE_RATE * 30 // 1000
_ACTIVE = 10 ** (-35 / 20)
"""Loudness of a frame in which somebody speaks, at least, as a fraction of that of the loudest frame."""
_NOISE_PERCENTILE = 10
"""Percentage of the frames that are taken for pauses: recorded speech always has some."""
_FULL = 0.99
_RUN = 3
"""Samples in a row near full scale that are not a peak any more, but cut off."""


@dataclass(frozen=True, slots=True)
class SoundMeasures:
    """Measures of a stretch of sound, or of several; levels in dB below full scale."""

    seconds: float
    speech_seconds: float
    """Seconds in which somebody speaks, pauses left out."""
    level: float
    """Root mean square of the speech."""
    noise: float
    """Loudness of the pauses."""
    clipped: float
    """Share of the samples that are cut off at full scale, 0.0 to 1.0."""


NOTHING = SoundMeasures(0.0, 0.0, QUIETEST, QUIETEST, 0.0)
"""Measures of no sound at all."""


def measured(samples: Samples) -> SoundMeasures:
    """Measure finite samples at 16 kHz, shape (n,), any n."""
    import numpy as np

    loudness = loudness_of(samples, _FRAME)
    if not len(loudness) or not loudness.any():
        return SoundMeasures(len(samples) / SAMPLE_RATE, 0.0, QUIETEST, QUIETEST, 0.0)
    active = loudness[loudness > _ACTIVE * loudness.max()]
    return SoundMeasures(
        len(samples) / SAMPLE_RATE,
        len(active) * _FRAME / SAMPLE_RATE,
        _decibels(float(np.mean(np.square(active)))),
        _decibels(float(np.percentile(loudness, _NOISE_PERCENTILE)) ** 2),
        _clipped(samples),
    )


def combined(parts: Sequence[SoundMeasures]) -> SoundMeasures:
    """Return the measures of several stretches as if they were one; without any, those of no sound."""
    spoken = [part for part in parts if part.speech_seconds > 0]
    if not spoken:
        return SoundMeasures(sum(part.seconds for part in parts), 0.0, QUIETEST, QUIETEST, 0.0)
    seconds = sum(part.seconds for part in parts)
    speech = sum(part.speech_seconds for part in spoken)
    level = sum(_power(part.level) * part.speech_seconds for part in spoken) / speech
    noise = sum(_power(part.noise) * part.speech_seconds for part in spoken) / speech
    clipped = sum(part.clipped * part.seconds for part in parts) / seconds
    return SoundMeasures(seconds, speech, _decibels(level), _decibels(noise), clipped)


def _clipped(samples: Samples) -> float:
    import numpy as np

    full = np.abs(samples) >= _FULL
    if not full.any():
        return 0.0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], full, [False])).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return float(lengths[lengths >= _RUN].sum()) / len(samples)


def _power(level: float) -> float:
    return 10 ** (level / 10)


def _decibels(power: float) -> float:
    return max(QUIETEST, 10 * math.log10(power)) if power > 0 else QUIETEST
