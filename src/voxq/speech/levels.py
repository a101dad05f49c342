"""Levels of sound: what can be heard at all, and how loud each part is.

It imports NumPy only where it measures: the families of engines are listed without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxq.speech.audio import Channels, Samples

_INAUDIBLE = 1e-4
"""Peak of a sound that nobody can hear: three steps of 16 bits."""


def is_audible(samples: Samples | Channels) -> bool:
    """Whether anything can be heard in samples of any shape."""
    return float(abs(samples).max(initial=0.0)) > _INAUDIBLE


def loudness_of(samples: Samples, frame: int) -> Samples:
    """Return the root mean square of each whole frame of `frame` samples."""
    import numpy as np

    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    # Not `(frames**2).mean(axis=1)`, which takes three times as long for frames as short as these.
    return (np.einsum("ij,ij->i", frames, frames) / frame) ** 0.5
