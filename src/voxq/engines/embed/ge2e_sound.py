"""Preparation of sound for the GE2E speaker encoder: its level, its pauses, and its mel spectrogram.

The network was trained on what librosa's `melspectrogram` makes of speech at -30 dBFS; this does the same
with NumPy alone.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.levels import loudness_of

if TYPE_CHECKING:
    from voxq.speech.audio import Samples

BANDS = 40
"""Bands of the spectrogram."""
WINDOW = 160
"""Frames that the network takes at once: 1.6 seconds."""
_HOP = 160
"""Samples from one frame to the next: 10 ms."""
_FFT = 400
"""Samples of a frame: 25 ms."""
_STEP = 77
"""Frames from one window to the next: 1.3 windows a second."""
_COVERAGE = 0.75
"""Part of the last of several windows that must be filled."""

_LEAST_LEVEL = 10 ** (-30 / 20)
"""Root mean square up to which quieter sound is amplified."""
_ACTIVITY_FRAME = SAMPLE_RATE * 30 // 1000
_QUIETEST = 10 ** (-35 / 20)
"""Loudness below which a frame is a pause, as a fraction of that of the loudest frame."""
_MARGIN = 4
"""Frames beside an active one that count as active, too."""

Spectrogram = npt.NDArray[np.float32]


def spoken(samples: Samples) -> Samples:
    """Raise quiet sound to the level that the network knows, and leave out its pauses.

    `samples` has shape (n,), any n; what is left over of the last 30 ms is dropped, too.
    """
    level = float(np.sqrt(np.mean(np.square(samples), dtype=np.float64))) if len(samples) else 0.0
    louder = samples * np.float32(max(1.0, _LEAST_LEVEL / (level + 1e-9)))
    loudness = loudness_of(louder, _ACTIVITY_FRAME)
    active = loudness > _QUIETEST * loudness.max(initial=0.0)
    if len(active):
        active = np.convolve(active, np.ones(2 * _MARGIN + 1))[_MARGIN : _MARGIN + len(active)] > 0
    return louder[: len(active) * _ACTIVITY_FRAME].reshape(-1, _ACTIVITY_FRAME)[active].ravel()


def windows(samples: Samples) -> Spectrogram:
    """Return the spectrogram of overlapping windows, shape (windows, WINDOW, BANDS), at least one; the last
    is filled up with silence."""
    frames = -(-(len(samples) + 1) // _HOP)
    starts = list(range(0, max(1, frames - WINDOW + _STEP + 1), _STEP))
    filled = (len(samples) - starts[-1] * _HOP) / (WINDOW * _HOP)
    if len(starts) > 1 and filled < _COVERAGE:
        starts.pop()
    missing = (starts[-1] + WINDOW) * _HOP - len(samples)
    spectrogram = mel(np.pad(samples, (0, max(0, missing))))
    return np.stack([spectrogram[start : start + WINDOW] for start in starts])


def mel(samples: Samples) -> Spectrogram:
    """Return the power in each mel band of each frame, shape (frames, BANDS), for at least _HOP samples."""
    padded = np.pad(samples, _FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    power = np.square(np.abs(np.fft.rfft(frames * _hann(), axis=1)))
    return (power @ _filters().T).astype(np.float32)


@cache
def _hann() -> Samples:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)).astype(np.float32)


@cache
def _filters() -> npt.NDArray[np.float32]:
    """Return the weights of triangular filters on Slaney's mel scale, each of area 1, shape (BANDS,
    frequencies)."""
    edges = _hertz(np.linspace(_mel(0.0), _mel(SAMPLE_RATE / 2), BANDS + 2))
    frequencies = np.linspace(0, SAMPLE_RATE / 2, _FFT // 2 + 1)
    widths = np.diff(edges)
    distances = edges[:, None] - frequencies
    rising, falling = -distances[:-2] / widths[:-1, None], distances[2:] / widths[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


# Slaney's scale is linear up to 1000 Hz, and logarithmic above: 27 bands to a factor of 6.4.
_LINEAR = 200 / 3
_BREAK_HERTZ = 1000.0
_BREAK_MEL = _BREAK_HERTZ / _LINEAR
_LOGARITHMIC = np.log(6.4) / 27


def _mel(hertz: float) -> float:
    if hertz < _BREAK_HERTZ:
        return hertz / _LINEAR
    return _BREAK_MEL + float(np.log(hertz / _BREAK_HERTZ)) / _LOGARITHMIC


def _hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    above = _BREAK_HERTZ * np.exp(_LOGARITHMIC * (mels - _BREAK_MEL))
    return np.where(mels >= _BREAK_MEL, above, _LINEAR * mels)
