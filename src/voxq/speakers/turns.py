"""Turns of speakers: who speaks from when to when, by the windows in which each is heard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voxq.speakers.attribution import Turn
from voxq.speakers.clustering import Speakers
from voxq.speakers.linkage import Vectors
from voxq.speakers.windows import SAMPLE_RATE, Place

_FRAME = SAMPLE_RATE // 10
"""Samples of a frame: a turn begins and ends at a multiple of 0.1 s, or where speech does."""
_SHORTEST = 7
"""Frames of the shortest turn within speech: voices are not known by less."""


def turns_of(windows: Sequence[Place], vectors: Vectors, speakers: Speakers) -> list[Turn]:
    """Return the turns in order of time: they never overlap, and together are what the windows, in order of
    time, cover."""
    turns: list[Turn] = []
    scores = np.maximum(vectors.astype(np.float32) @ speakers.voices.T, 0.0)
    first = 0
    for index in range(1, len(windows) + 1):
        if index < len(windows) and windows[index][0] <= windows[index - 1][1]:
            continue
        turns += _within(windows[first:index], scores[first:index])
        first = index
    return turns


def _within(windows: Sequence[Place], scores: Vectors) -> list[Turn]:
    """Return the turns of windows that follow each other without a pause."""
    start, end = windows[0][0], max(last for _, last in windows)
    frames = max(1, round((end - start) / _FRAME))
    heard = np.zeros((frames, scores.shape[1]), np.float32)
    for (first, last), score in zip(windows, scores, strict=True):
        one = (first - start) // _FRAME
        other = max(one + 1, min(frames, round((last - start) / _FRAME)))
        places = np.arange(one, other)
        middle = (one + other - 1) / 2
        weight = 1.0 - np.abs(places - middle) / (len(places) / 2 + 1)  # its middle tells most
        heard[one:other] += weight[: frames - one, None] * (score - score.mean())
    labels = _smooth(heard.argmax(axis=1))
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1), frames]
    times = [(start + edge * _FRAME) / SAMPLE_RATE for edge in edges[:-1]] + [end / SAMPLE_RATE]
    return [
        Turn(one, other, int(labels[edge]))
        for one, other, edge in zip(times[:-1], times[1:], edges[:-1], strict=True)
    ]


def _smooth(labels: np.ndarray) -> np.ndarray:
    """Give turns that are too short to be known to the longer of their neighbours."""
    labels = labels.copy()
    while True:
        edges = np.concatenate(([0], np.flatnonzero(np.diff(labels)) + 1, [len(labels)]))
        lengths = np.diff(edges)
        if len(lengths) < 2 or lengths.min() >= _SHORTEST:
            return labels
        index = int(lengths.argmin())
        before = lengths[index - 1] if index else -1
        after = lengths[index + 1] if index + 1 < len(lengths) else -1
        neighbour = index - 1 if before >= after else index + 1
        labels[edges[index] : edges[index + 1]] = labels[edges[neighbour]]
