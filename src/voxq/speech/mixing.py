"""Mixing of channels to mono in which speech of any channel, at any level, can be found.

Quiet speech is amplified before anything looks for it; noise is not. Of two channels the one in which
somebody speaks counts more, and a channel that is the negative of the other is inverted: their mean would be
silence.

All of this goes by frames of 32 ms, and by what is heard a few seconds before and after each, never by the
sizes of the blocks that are pushed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voxq.speech.audio import Channels, Samples

_FRAME = 512
"""Samples per frame: 32 ms."""
_SYLLABLE = 2
"""Frames on each side that the loudness of a frame is averaged over."""
_NEAR = 31
"""Frames on each side in which the loudest counts as the level of speech: one second."""
_AROUND = 78
"""Frames on each side whose loudest sound is compared with: two and a half seconds."""
_WORD = 8
"""Frames on each side in which the speaker does not change: a quarter of a second."""
_BEHIND, _AHEAD = 312, 125
"""Frames before and after in which the quietest counts as the noise floor: ten and four seconds."""
_SMOOTH = 16
"""Frames on each side that gains and shares are averaged over."""
_HISTORY = _BEHIND + _SMOOTH + _SYLLABLE + 1
_LOOKAHEAD = _AHEAD + _SMOOTH + _SYLLABLE + 1
"""Frames that the factors of one depend on, before and after it."""

_TARGET = 10 ** (-46 / 10)
"""Power that quiet speech is amplified to. The VAD hears a few syllables of -60 dBFS, and misses those below.
Nothing louder than this is changed."""
_FAINTEST = 10 ** (-88 / 10)
"""Power below which nothing is amplified: the steps of 16 bits make as much noise."""
_ECHO = 10 ** (-36 / 10)
"""Power relative to the loudest sound around it below which a sound is that one's echo, or the breath after
it."""
_STEADY, _VARIED = 6.0, 12.0
"""Decibels between speech and noise floor: below the first, sound is noise and not amplified; from the second
on, all of it is."""
_LEAK = 10 ** (-20 / 10)
"""Power relative to the other channel below which a channel has nothing of its own: telephone lines and
headsets let through so much of the other side."""
_OPPOSED = -0.5
"""Correlation of two channels below which one of them is inverted."""
_SILENCE = 1e-20

_Frames = npt.NDArray[np.float64]


class Mixer:
    """Mixes one recording to mono, block by block. The result has as many samples as each channel."""

    def __init__(self, channels: int, only: int | None = None) -> None:
        """`channels` is 1 or 2, and the same for all blocks. `only`: the number of the one channel that is to
        be heard, without what the other one leaks into it."""
        self._only = only if channels == 2 else None
        self._waiting: Channels = np.zeros((channels, 0), np.float32)
        self._power: _Frames = np.zeros((channels, 0))
        self._product: _Frames = np.zeros((1, 0))
        self._past = 0

    def push(self, block: Channels) -> Samples:
        """Add samples, shape (channels, n), any n; return those that are ready, about five seconds behind."""
        self._waiting = np.concatenate((self._waiting, block), axis=1)
        known = self._power.shape[1] - self._past
        self._measure(self._waiting[:, known * _FRAME :])
        return self._mix(self._power.shape[1] - self._past - _LOOKAHEAD)

    def flush(self) -> Samples:
        """Return the rest at the end of the recording. Nothing can be pushed afterwards."""
        length = self._waiting.shape[1]
        self._waiting = np.pad(self._waiting, ((0, 0), (0, -length % _FRAME)))
        known = self._power.shape[1] - self._past
        self._measure(self._waiting[:, known * _FRAME :])
        mixed = self._mix(self._power.shape[1] - self._past)
        return mixed[:length]

    def _measure(self, samples: Channels) -> None:
        """Measure the power of each whole frame, without its mean, and what two channels have in common."""
        count = samples.shape[1] // _FRAME
        if not samples.any():  # hours of silence cost next to nothing
            self._power = np.pad(self._power, ((0, 0), (0, count)))
            self._product = np.pad(self._product, ((0, 0), (0, count if len(samples) == 2 else 0)))
            return
        frames = samples[:, : count * _FRAME].reshape(len(samples), count, _FRAME)
        frames = frames - np.mean(frames, axis=2, keepdims=True)
        self._power = np.hstack((self._power, np.mean(np.square(frames), axis=2, dtype=np.float64)))
        if len(samples) == 2:
            product = np.mean(np.prod(frames, axis=0, keepdims=True), axis=2, dtype=np.float64)
            self._product = np.hstack((self._product, product))

    def _mix(self, count: int) -> Samples:
        """Mix the next `count` frames, and keep what those after them must know of the past."""
        if count <= 0:
            return np.zeros(0, np.float32)
        whole = self._waiting[:, : count * _FRAME]
        self._waiting = self._waiting[:, count * _FRAME :].copy()
        weights = self._weights(self._past, count)
        kept = min(self._past + count, _HISTORY)
        outdated = self._past + count - kept
        self._power, self._product = self._power[:, outdated:], self._product[:, outdated:]
        self._past = kept
        return _weighted(whole, weights)

    def _weights(self, first: int, count: int) -> _Frames:
        """Factors of `count` frames from `first` on, and of one neighbour on each side: shape
        (channels, count + 2)."""
        loudness = _mean(self._power, _SYLLABLE)
        speech = _highest(loudness, _NEAR, _NEAR)
        near = slice(max(0, first - _SMOOTH - 1), first + count + _SMOOTH + 1)
        is_loud_or_nothing = (speech[:, near] >= _TARGET) | (speech[:, near] < _FAINTEST)
        if len(loudness) == 1 and is_loud_or_nothing.all():
            return np.ones((1, count + 2))
        noise = -_highest(-loudness, _BEHIND, _AHEAD)
        loudest = _highest(loudness, _AROUND, _AROUND)
        gain = _mean(_gain(speech, noise, loudest), _SMOOTH)
        factors = 10 ** (gain / 20)
        if len(loudness) == 2:
            if self._only is None:
                factors = factors * _mean(self._shares(loudness * factors**2, noise * factors**2), _SMOOTH)
            else:
                factors = factors * _mean(_share_of(self._only, loudness, noise), _WORD)
        return np.pad(factors, ((0, 0), (1, 1)), mode="edge")[:, first : first + count + 2]

    def _shares(self, loudness: _Frames, noise: _Frames) -> _Frames:
        """Share of each channel by how much louder than its noise floor it is, negative if inverted."""
        activity = np.maximum(loudness - 3 * noise, 0.0) + _SILENCE
        share = activity / activity.sum(axis=0)
        common = _mean(self._product, _NEAR)[0]
        power = _mean(self._power, _NEAR)
        is_opposed = common < _OPPOSED * np.sqrt(power[0] * power[1]) - _SILENCE
        share[1] *= np.where(is_opposed, -1.0, 1.0)
        return share


def _share_of(channel: int, loudness: _Frames, noise: _Frames) -> _Frames:
    """Share of one of two channels, 1 except where all that is heard in it is the other one."""
    share = np.zeros_like(loudness)
    own = _highest(loudness, _WORD, _WORD)[channel]
    other = _highest(loudness - 3 * noise, _WORD, _WORD)[1 - channel]
    share[channel] = np.where(own < _LEAK * other, 0.0, 1.0)
    return share


def _gain(speech: _Frames, noise: _Frames, loudest: _Frames) -> _Frames:
    """Gain of each frame in decibels, for the power of speech near it, of the noise floor and of the loudest
    sound around it."""
    wanted = 10 * np.log10(_TARGET / np.maximum(speech, _SILENCE))
    contrast = 10 * np.log10(np.maximum(speech, _SILENCE) / np.maximum(noise, _SILENCE))
    certainty = np.clip((contrast - _STEADY) / (_VARIED - _STEADY), 0.0, 1.0)
    is_speech = (speech >= _FAINTEST) & (speech >= _ECHO * loudest)
    return np.where(is_speech, np.maximum(wanted, 0.0) * certainty, 0.0)


def _weighted(samples: Channels, weights: _Frames) -> Samples:
    """Sum up the channels; the factors of frames apply to their middles and change evenly in between."""
    if (weights == 1.0).all() and len(samples) == 1:
        return samples[0]
    middles = np.arange(-1, weights.shape[1] - 1) * _FRAME + (_FRAME - 1) / 2
    places = np.arange(samples.shape[1])
    mixed = np.zeros(samples.shape[1], np.float32)
    for channel, factors in zip(samples, weights, strict=True):
        mixed += channel * np.interp(places, middles, factors).astype(np.float32)
    return np.clip(mixed, -1.0, 1.0)


def _mean(values: _Frames, reach: int) -> _Frames:
    """Moving average over `reach` values on each side, fewer at the ends."""
    sums, counts = (
        _windows(each, reach, reach, 0.0).sum(axis=2) for each in (values, np.ones((1, values.shape[1])))
    )
    return sums / counts


def _highest(values: _Frames, behind: int, ahead: int) -> _Frames:
    """Moving maximum over so many values before and after each, fewer at the ends."""
    return _windows(values, behind, ahead, -np.inf).max(axis=2)


def _windows(values: _Frames, behind: int, ahead: int, beyond: float) -> _Frames:
    before, after = (np.full((len(values), reach), beyond) for reach in (behind, ahead))
    padded = np.hstack((before, values, after))  # `np.pad` takes ten times as long for so few
    return np.lib.stride_tricks.sliding_window_view(padded, behind + ahead + 1, axis=1)
