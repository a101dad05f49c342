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
_SAME = 0.86
"""Similarity of two voices beyond which they are one speaker's. This and the next two were tuned by
scripts/bench/speakers.py."""
_CLEAR = 0.8
"""Share of the clearest division's margin that a division into more speakers must have."""
_LEAST_SHARE = 0.03
"""Share of the windows that a speaker has at least, if their number is unknown; a smaller cluster is noise,
or two who speak at once."""
_LEAST_WINDOWS = 3
_SHARES = (0.0, 0.03, 0.06)
"""Shares of the windows that a cluster must have to begin a speaker. Small ones are often noise or two who
speak at once, and would take the place of a speaker; but somebody who says little is one, too."""
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
    """Return the mean vector of each speaker: of as many as there can be so that no two sound alike, each
    is heard long enough, and the division is about as clear as the clearest."""
    merges = merges_of(vectors) if len(vectors) > 1 else []
    if count.least == count.most:
        return _best(vectors, merges, count.most)[1]
    smallest = max(_LEAST_WINDOWS, round(_LEAST_SHARE * len(vectors)))
    found: dict[int, Vectors] = {}
    margins: dict[int, float] = {}
    for number in range(max(2, count.least), count.most + 1):
        labels, voices = _best(vectors, merges, number)
        if np.bincount(labels, minlength=number).min() < smallest:
            continue
        margins[number] = _margin(vectors, labels, voices)
        if _nearest(voices) <= _SAME:
            found[number] = voices
    clear = [each for each in found if margins[each] >= _CLEAR * max(margins.values())]
    if clear:
        return found[max(clear)]
    return _best(vectors, merges, count.least)[1]


def _best(vectors: Vectors, merges: list[Merge], number: int) -> tuple[Labels, Vectors]:
    """Return the division into so many speakers in which windows are most like their own speaker, out of
    those that begin with clusters of each of the least shares."""
    sizes = sorted({max(1, round(share * len(vectors))) for share in _SHARES})
    divisions = [_refined(vectors, _divided(vectors, merges, number, size)) for size in sizes]
    return max(divisions, key=lambda each: float((vectors @ each[1].T).max(axis=1).mean()))


def _divided(vectors: Vectors, merges: list[Merge], wanted: int, smallest: int) -> Vectors:
    """Return the voices of the first cut with so many clusters of the `smallest` size: those that are
    outliers count for nothing. Without such a cut, of the first with so many clusters."""
    for least in (smallest, 1):
        for clusters in range(wanted, min(len(vectors), 20 * wanted) + 1):
            labels = cut(merges, len(vectors), clusters)
            sizes = np.bincount(labels)
            if (sizes >= least).sum() >= wanted:
                largest = np.sort(np.argsort(-sizes, kind="stable")[:wanted])
                return _unit(np.stack([vectors[labels == each].mean(axis=0) for each in largest]))
    raise AssertionError("there are at least as many vectors as speakers")


def _margin(vectors: Vectors, labels: Labels, voices: Vectors) -> float:
    """Return by how much windows are nearer to their own speaker than to the next, on average."""
    similarity = vectors @ voices.T
    rows = np.arange(len(vectors))
    own = similarity[rows, labels].copy()
    similarity[rows, labels] = -1.0
    return float((own - similarity.max(axis=1)).mean())


def _nearest(voices: Vectors) -> float:
    """Return the similarity of the two voices that sound most alike."""
    similarity = voices @ voices.T
    np.fill_diagonal(similarity, -1.0)
    return float(similarity.max())


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
