"""Preparation of a synthesised sentence for joining: trimmed silence, common loudness, no clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voxq.speech.audio import Samples
from voxq.speech.sentences import Break
from voxq.speech.tempo import stretched

if TYPE_CHECKING:
    from voxq.speech.markup import Delivery

_LOUDNESS = 0.09
"""Target root mean square of the voiced part: -21 dB, the average of the supported voices."""
_PEAK = 0.97
_MOST_GAIN = 8.0
_WILDEST = 4.0
"""Amplitude at which samples are clipped first: a model may exceed full scale, but not by this much."""
_FRAME_SECONDS = 0.01
_SILENT = 0.02
"""Loudness below which a frame is silent, as a fraction of the loudest frame's: -34 dB."""
_KEPT_FRAMES = 3
_FADE_SECONDS = 0.005

_PAUSES = {Break.CLAUSE: 0.12, Break.SENTENCE: 0.3, Break.PARAGRAPH: 0.6}


def voiced(samples: Samples, sample_rate: int) -> Samples:
    """Trim silence at the ends of a sentence, set a common loudness, and fade in and out over 5 ms.

    `samples` has shape (n,) and may contain non-finite values. The result has one dimension and lies within
    -1.0 to 1.0; it is empty for silence.
    """
    heard = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    heard = np.clip(heard, -_WILDEST, _WILDEST)
    frame = max(1, int(_FRAME_SECONDS * sample_rate))
    frames = heard[: len(heard) // frame * frame].reshape(-1, frame)
    loudness = np.sqrt((frames**2).mean(axis=1)) if len(frames) else np.zeros(0, np.float32)
    active = loudness > max(1e-4, _SILENT * float(loudness.max(initial=0.0)))
    if not active.any():
        return np.zeros(0, np.float32)
    first, last = (int(i) for i in np.flatnonzero(active)[[0, -1]])
    heard = heard[max(0, first - _KEPT_FRAMES) * frame : (last + 1 + _KEPT_FRAMES) * frame]
    rms = float(np.sqrt((frames[active] ** 2).mean()))
    gain = min(_LOUDNESS / rms, _MOST_GAIN, _PEAK / float(np.abs(heard).max()))
    return _faded(heard * np.float32(gain), int(_FADE_SECONDS * sample_rate))


def pause_after(ending: Break, sample_rate: int, speed: float = 1.0) -> Samples:
    """Return the silence that follows a sentence, shorter at a higher speed."""
    return silence(_PAUSES[ending] / speed, sample_rate)


def silence(seconds: float, sample_rate: int) -> Samples:
    return np.zeros(round(seconds * sample_rate), np.float32)


def delivered(samples: Samples, sample_rate: int, delivery: Delivery) -> Samples:
    """Change the speed and the pitch of a sentence as its text wants it. `samples` has shape (n,)."""
    if not len(samples) or (delivery.pitch == 0 and delivery.rate == 1):
        return samples
    return np.clip(stretched(samples, sample_rate, delivery.rate, delivery.pitch), -1.0, 1.0)


def _faded(samples: Samples, length: int) -> Samples:
    length = min(length, len(samples) // 2)
    if length:
        ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
        samples[:length] *= ramp
        samples[-length:] *= ramp[::-1]
    return samples
