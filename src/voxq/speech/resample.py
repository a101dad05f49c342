"""Conversion of frames of any rate, layout and sample format to float32 at one rate, mono or stereo."""

from __future__ import annotations

import av
import numpy as np

from voxq.speech.audio import Channels, Samples

_MIXED_BY_LIBSWRESAMPLE = 8  # channels; beyond that it knows only a few layouts

_MIXING = {
    "rematrix_maxval": "1.0"
}  # without it, loud float surround sound would be mixed to 1.4 and clipped

_Parameters = tuple[str, str, int]


class Resampler:
    """Stateful converter: push every frame of a track in order, then call `flush`.

    Mono stays mono; all other layouts become stereo, so that channels which cancel each other can still be
    told apart. Frames with more than eight channels must be packed. The results may exceed full scale, and
    contain NaN and infinity. It cannot be used any more after a PyAV error.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._parameters: _Parameters | None = None
        self._resampler = self._fresh("mono")

    def push(self, frame: av.AudioFrame) -> list[Channels]:
        """Convert a frame and return the samples that are ready, shape (channels, n); the filter keeps a few
        back."""
        if frame.layout.nb_channels > _MIXED_BY_LIBSWRESAMPLE:
            frame = _halves(frame)
        frame.pts = None  # the time line is kept elsewhere
        parameters = (frame.format.name, frame.layout.name, frame.sample_rate)
        tail: list[Channels] = []
        if parameters != self._parameters:  # some streams change format in the middle
            tail = self.flush()
            self._resampler = self._fresh("mono" if frame.layout.nb_channels == 1 else "stereo")
            self._parameters = parameters
        return tail + [_samples(out) for out in self._resampler.resample(frame)]

    def flush(self) -> list[Channels]:
        """Return the samples still inside the filter."""
        if self._parameters is None:
            return []
        finished, self._parameters = self._resampler, None
        # A resampler with nothing to convert passes frames through, including this None.
        return [_samples(out) for out in finished.resample(None) if out is not None]

    def _fresh(self, layout: str) -> av.AudioResampler:
        return av.AudioResampler("fltp", layout, self._sample_rate, options=_MIXING)


def _halves(frame: av.AudioFrame) -> av.AudioFrame:
    """Average the even and the odd channels of a packed frame into a stereo frame."""
    raw = frame.to_ndarray()
    channels = raw.reshape(-1, frame.layout.nb_channels)
    halves = [channels[:, side::2].mean(axis=1, dtype=np.float32) for side in (0, 1)]
    stereo: Samples = np.stack(halves)
    if np.issubdtype(raw.dtype, np.integer):
        middle = 2.0 ** (8 * raw.itemsize - 1)
        stereo = stereo / middle - (1.0 if raw.dtype == np.uint8 else 0.0)
    averaged = av.AudioFrame.from_ndarray(stereo.astype(np.float32), format="fltp", layout="stereo")
    averaged.sample_rate = frame.sample_rate
    return averaged


def _samples(frame: av.AudioFrame) -> Channels:
    return np.asarray(frame.to_ndarray(), np.float32)
