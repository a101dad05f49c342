"""Speakers of windows: clusters of their vectors, as many as were asked for or as there seem to be.

Long recordings are clustered in two stages: a part of the windows, evenly spread, finds the speakers, and
every window then goes to the nearest of them. So memory grows with the windows, and not with their square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voxq.speakers.linkage import Merge, Vectors, cut, merges_of

Labels = npt.NDArray[np.intp]

MOST_SPEAKERS = 8
_SAMPLE = 1500
"""Windows that find the speakers; their distances take 9 MB."""
_STOP = 0.40
"""Mean distance beyond which two clusters are two speakers; tuned by scripts/bench/speakers.py."""
_SAME = 0.80
"""Similarity of the means of two clusters from which on they are one speaker."""
_LEAST_SHARE = 0.02
"""Share of the windows that a speaker has at least; a smaller cluster is noise, or two who speak at once."""
_LEAST_WINDOWS = 3
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Count:
    """How many speakers there are: from `least` to `most`."""

    least: int = 1
    most: int = MOST_SPEAKERS

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError("the number of speakers must be from one number to another")


@dataclass(frozen=True, slots=True)
class Speakers:
    """Speakers of windows: the number of each window's speaker, in order of who speaks first, and the voice
    of each, shape (speakers, d), of unit length."""

    labels: Labels
    voices: Vectors


def speakers_of(vectors: Vectors, count: Count) -> Speakers:
    """Tell the speakers of windows apart by their vectors, shape (n, d), in order of time.

    There are never more speakers than windows. The same vectors give the same speakers; their order changes
    nothing but the numbers as long as no window is left out of the first stage.
    """
    if len(vectors) == 0:
        return Speakers(np.empty(0, np.intp), np.empty((0, vectors.shape[-1]), np.float32))
    unit = _unit(vectors.astype(np.float32))
    sample = unit[np.linspace(0, len(unit) - 1, min(len(unit), _SAMPLE)).round().astype(np.intp)]
    voices = _voices(sample, Count(min(count.least, len(sample)), min(count.most, len(sample))))
    labels, voices = _refined(unit, voices)
    return _in_order(labels, voices)


def _voices(vectors: Vectors, count: Count) -> Vectors:
    """Return the mean vector of each speaker."""
    if len(vectors) == 1 or count.most == 1:
        return _unit(vectors.mean(axis=0, keepdims=True))
    merges = merges_of(vectors)
    smallest = max(_LEAST_WINDOWS, round(_LEAST_SHARE * len(vectors)))
    found = _large(vectors, _clusters_at(merges, vectors, _STOP), smallest)
    found = _joined(found, count.least)
    if count.least <= len(found) <= count.most:
        return found
    return _so_many(vectors, merges, count.least if len(found) < count.least else count.most, smallest)


def _clusters_at(merges: list[Merge], vectors: Vectors, distance: float) -> Labels:
    done = sum(1 for merge in merges if merge[0] <= distance)
    return cut(merges, len(vectors), len(vectors) - done)


def _large(vectors: Vectors, labels: Labels, smallest: int) -> Vectors:
    """Return the means of the clusters with so many members; of the largest, if none has."""
    sizes = np.bincount(labels)
    large = np.flatnonzero(sizes >= smallest)
    if not len(large):
        large = np.array([sizes.argmax()])
    return _unit(np.stack([vectors[labels == each].mean(axis=0) for each in large]))


def _joined(voices: Vectors, least: int) -> Vectors:
    """Join voices that are one speaker's, down to `least`."""
    while len(voices) > least:
        similarity = voices @ voices.T
        np.fill_diagonal(similarity, -1.0)
        one, other = np.unravel_index(similarity.argmax(), similarity.shape)
        if similarity[one, other] < _SAME:
            break
        voices[one] = voices[one] + voices[other]
        voices = _unit(np.delete(voices, other, axis=0))
    return voices


def _so_many(vectors: Vectors, merges: list[Merge], wanted: int, smallest: int) -> Vectors:
    """Return the voices of the first cut, from one cluster on, with so many large clusters: those that are
    outliers count for nothing."""
    for least in range(smallest, 0, -1):
        for clusters in range(wanted, min(len(vectors), 20 * wanted) + 1):
            labels = cut(merges, len(vectors), clusters)
            if (np.bincount(labels) >= least).sum() >= wanted:
                sizes = np.bincount(labels)
                largest = np.sort(np.argsort(-sizes, kind="stable")[:wanted])
                return _unit(np.stack([vectors[labels == each].mean(axis=0) for each in largest]))
    raise AssertionError("as many clusters as vectors are large enough")


def _refined(vectors: Vectors, voices: Vectors) -> tuple[Labels, Vectors]:
    """Give each window to its nearest voice, and make the voices anew of their windows, until both agree."""
    labels = (vectors @ voices.T).argmax(axis=1)
    for _ in range(_ROUNDS):
        sums = np.stack(
            [vectors[labels == each].sum(axis=0) + 1e-6 * voices[each] for each in range(len(voices))]
        )
        moved = (vectors @ _unit(sums).T).argmax(axis=1)
        if len(np.unique(moved)) < len(voices):
            break  # nobody is to be lost by it
        voices = _unit(sums)
        if (moved == labels).all():
            break
        labels = moved
    return labels, voices


def _in_order(labels: Labels, voices: Vectors) -> Speakers:
    present, first = np.unique(labels, return_index=True)
    order = present[np.argsort(first)]
    numbers = np.zeros(len(voices), np.intp)
    numbers[order] = np.arange(len(order))
    return Speakers(numbers[labels], voices[order])


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
