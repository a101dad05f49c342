"""What one sentence needs before it stands beside others: the same loudness, no silence and no clicks."""

from __future__ import annotations

import numpy as np

from voxq.speech.audio import Samples
from voxq.speech.sentences import Break

_LOUDNESS = 0.09
"""Root mean square of the voiced part: -21 dB, what the voices here have on average."""
_PEAK = 0.97
_MOST_GAIN = 8.0
_WILDEST = 4.0
"""Beyond full scale a model's sound can go a little; what is far outside is no sound."""
_FRAME_SECONDS = 0.01
_SILENT = 0.02
"""Of the loudest frame: -34 dB."""
_KEPT_FRAMES = 3
_FADE_SECONDS = 0.005

_PAUSES = {Break.CLAUSE: 0.12, Break.SENTENCE: 0.3, Break.PARAGRAPH: 0.6}


def voiced(samples: Samples, sample_rate: int) -> Samples:
    """The sentence without silence at its ends, at a common loudness, fading in and out in 5 ms.

    `samples` has shape (n,), finite or not; so has the result, within -1.0 to 1.0. Silence comes back empty.
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
    """The silence that follows a sentence; a faster speaker pauses for less."""
    return np.zeros(round(_PAUSES[ending] / speed * sample_rate), np.float32)


def _faded(samples: Samples, length: int) -> Samples:
    length = min(length, len(samples) // 2)
    if length:
        ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
        samples[:length] *= ramp
        samples[-length:] *= ramp[::-1]
    return samples
