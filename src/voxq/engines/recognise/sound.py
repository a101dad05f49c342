"""Sound as recognisers are given it.

It imports NumPy only where it computes: the families of engines are listed without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voxq.engines.contract import SAMPLE_RATE, Chunking

if TYPE_CHECKING:
    from voxq.engines.contract import Samples

SHORTEST = SAMPLE_RATE // 10
"""Minimum samples of a chunk: libraries crash on an empty array, and on less than a frame of features."""

WITHOUT_PAUSES = Chunking(maximum=30.0, target=15.0, max_gap=0.2)
"""For models that lose words at a pause within a chunk, as FunASR's do: speech is joined only over those that
FunASR's own VAD passes over, 0.8 s, of which each side keeps 0.3 s."""


def cleaned(samples: Samples) -> Samples:
    """Make the samples contiguous and limit them to -1..1: a single NaN would spread over its whole batch."""
    import numpy as np

    finite = np.nan_to_num(np.asarray(samples, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    return np.ascontiguousarray(np.clip(finite, -1.0, 1.0))
