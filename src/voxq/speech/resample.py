"""Conversion of frames of any rate, layout and sample format to mono float32 at one rate."""

from __future__ import annotations

import av
import numpy as np

from voxq.speech.audio import Samples

_MIXED_BY_LIBSWRESAMPLE = 8  # channels; beyond that it knows only a few layouts

_MIXING = {"rematrix_maxval": "1.0"}  # without it, loud float stereo would be mixed to 1.4 and clipped

_Parameters = tuple[str, str, int]


class Resampler:
    """Stateful converter: push every frame of a track in order, then call `flush`.

    Frames with more than eight channels must be packed. It cannot be used any more after a PyAV error.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._parameters: _Parameters | None = None
        self._resampler = self._fresh()

    def push(self, frame: av.AudioFrame) -> list[Samples]:
        """Convert a frame and return the samples that are ready; the filter keeps a few back."""
        if frame.layout.nb_channels > _MIXED_BY_LIBSWRESAMPLE:
            frame = _average(frame)
        frame.pts = None  # a damaged time stamp must not move the sound
        parameters = (frame.format.name, frame.layout.name, frame.sample_rate)
        tail: list[Samples] = []
        if parameters != self._parameters:  # some streams change format in the middle
            tail = self.flush()
            self._parameters = parameters
        return tail + [_clean(out) for out in self._resampler.resample(frame)]

    def flush(self) -> list[Samples]:
        """Return the samples still inside the filter."""
        finished, self._resampler = self._resampler, self._fresh()
        self._parameters = None
        # A resampler with nothing to convert passes frames through, including this None.
        return [_clean(out) for out in finished.resample(None) if out is not None]

    def _fresh(self) -> av.AudioResampler:
        return av.AudioResampler("flt", "mono", self._sample_rate, options=_MIXING)


def _average(frame: av.AudioFrame) -> av.AudioFrame:
    """Average all channels of a packed frame into a mono frame."""
    raw = frame.to_ndarray()
    mono = raw.reshape(-1, frame.layout.nb_channels).mean(axis=1, dtype=np.float32)
    if np.issubdtype(raw.dtype, np.integer):
        middle = 2.0 ** (8 * raw.itemsize - 1)
        mono = mono / middle - (1.0 if raw.dtype == np.uint8 else 0.0)
    averaged = av.AudioFrame.from_ndarray(mono.astype(np.float32)[np.newaxis], format="flt", layout="mono")
    averaged.sample_rate = frame.sample_rate
    return averaged


def _clean(frame: av.AudioFrame) -> Samples:
    samples = np.asarray(frame.to_ndarray(), np.float32).ravel()
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0)
