"""Change of the speed of speech and of its pitch, each without the other."""

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


def stretched(samples: Samples, sample_rate: int, factor: float, semitones: float = 0.0) -> Samples:
    """Play `samples`, shape (n,), `factor` (0.25 to 4) times as fast and so many `semitones` (-24 to 24)
    higher, with FFmpeg's filters.

    The pitch moves as on a tape that is played faster, with the formants, and overlap-add restores the
    length: the result has exactly round(n / factor) samples. Raises ValueError for a value out of range.
    """
    if not 0.25 <= factor <= 4:
        raise ValueError("factor must be from 0.25 to 4")
    if not -24 <= semitones <= 24:
        raise ValueError("semitones must be from -24 to 24")
    count = round(len(samples) / factor)
    if (factor == 1 and semitones == 0) or not len(samples):
        return samples
    # The filters keep some sound back at the end; silence after the speech pushes it out.
    padded = np.concatenate([samples, np.zeros(sample_rate // 2, np.float32)])
    out = np.concatenate(list(_filtered(padded, sample_rate, factor, semitones)))
    return np.pad(out[:count], (0, max(0, count - len(out))))


def _filtered(samples: Samples, sample_rate: int, factor: float, semitones: float) -> list[Samples]:
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=sample_rate, format="flt", layout="mono", time_base=Fraction(1, sample_rate)
    )
    sink = graph.add("abuffersink")
    played = round(sample_rate * 2 ** (semitones / 12))
    tape = [graph.add("asetrate", str(played)), graph.add("aresample", str(sample_rate))] if semitones else []
    tempos = [graph.add("atempo", f"{step:.9f}") for step in _tempos(factor * sample_rate / played)]
    chain = [source, *tape, *tempos, sink]
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


def _tempos(factor: float) -> list[float]:
    """Factors from 0.5 to 4 whose product is `factor`: the filter supports no less, and aborts the process
    with 8."""
    steps: list[float] = []
    for limit, is_beyond in ((0.5, float.__lt__), (4.0, float.__gt__)):
        while is_beyond(factor, limit):
            steps.append(limit)
            factor /= limit
    return [factor, *steps]


def _pulled(sink: FilterContext) -> list[Samples]:
    ready: list[Samples] = []
    while True:
        try:
            frame = cast(av.AudioFrame, sink.pull())
        except (BlockingIOError, EOFError):
            return ready
        ready.append(np.asarray(frame.to_ndarray(), np.float32).ravel())
