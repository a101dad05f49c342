"""Preparation of sound for Whisper: its level, its end, and where something is heard in it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from voxq.engines.contract import SAMPLE_RATE, Options, Samples
from voxq.speech.levels import loudness_of

SHORTEST_SECONDS = 0.1
"""Nothing shorter is given to the network."""
FRAME = SAMPLE_RATE // 50
_FADE_FRAMES = 10
_QUIET = 0.05
"""Threshold relative to the loudest frame: -26 dB."""
_LOUD_PEAK = 0.5


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound to recognise, prepared, with its options."""

    samples: Samples
    options: Options

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def heard_frames(samples: Samples) -> list[int]:
    """Return the numbers of the frames in which something is heard; none of silence."""
    loudness = loudness_of(samples, FRAME)
    return (loudness > _QUIET * loudness.max(initial=0.0)).nonzero()[0].tolist()


def amplified(samples: Samples) -> Samples:
    """Amplify a quiet chunk that is audible: Whisper's features have an absolute floor below which it misses
    words."""
    peak = float(abs(samples).max())
    return samples * (_LOUD_PEAK / peak) if peak < _LOUD_PEAK else samples


def without_quiet_end(samples: Samples) -> Samples:
    """Cut a chunk after its last sound, because Whisper fills a window of silence with invented words."""
    heard = heard_frames(samples)
    return samples[: (heard[-1] + _FADE_FRAMES) * FRAME] if heard else samples
