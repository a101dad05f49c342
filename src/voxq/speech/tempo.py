"""Change of the speed of speech at the same pitch."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import cast

import av
import numpy as np
from av.error import BlockingIOError, EOFError
from av.filter import Graph
from av.filter.context import FilterContext

from voxq.speech.audio import Samples

_FRAME = 4096


def stretched(samples: Samples, sample_rate: int, factor: float) -> Samples:
    """Play `samples`, shape (n,), `factor` (0.25 to 4) times as fast, with FFmpeg's overlap-add filter.

    The result has exactly round(n / factor) samples. Raises ValueError for a factor out of range.
    """
    if not 0.25 <= factor <= 4:
        raise ValueError("factor must be from 0.25 to 4")
    count = round(len(samples) / factor)
    if factor == 1 or not len(samples):
        return samples
    # The filter keeps some sound back at the end; silence after the speech pushes it out.
    padded = np.concatenate([samples, np.zeros(sample_rate // 2, np.float32)])
    out = np.concatenate(list(_filtered(padded, sample_rate, factor)))
    return np.pad(out[:count], (0, max(0, count - len(out))))


def _filtered(samples: Samples, sample_rate: int, factor: float) -> list[Samples]:
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=sample_rate, format="flt", layout="mono", time_base=Fraction(1, sample_rate)
    )
    sink = graph.add("abuffersink")
    steps = [factor] if factor >= 0.5 else [factor / 0.5, 0.5]  # atempo supports 0.5 and above
    chain = [source, *(graph.add("atempo", str(step)) for step in steps), sink]
    for before, after in pairwise(chain):
        before.link_to(after)
    graph.configure()
    ready: list[Samples] = []
    for start in range(0, len(samples), _FRAME):
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, start : start + _FRAME], "flt", "mono")
        frame.sample_rate = sample_rate
        frame.pts = start
        source.push(frame)
        ready += _pulled(sink)
    source.push(None)
    return ready + _pulled(sink)


def _pulled(sink: FilterContext) -> list[Samples]:
    ready: list[Samples] = []
    while True:
        try:
            frame = cast(av.AudioFrame, sink.pull())
        except (BlockingIOError, EOFError):
            return ready
        ready.append(np.asarray(frame.to_ndarray(), np.float32).ravel())
