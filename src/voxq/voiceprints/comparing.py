"""Comparison of voices by their vectors.

It imports NumPy only where many vectors are compared: the API must start without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxq.locale import Message
from voxq.voiceprints.voiceprint import Vector, Voiceprint

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SAME_SPEAKER = 0.8
"""Similarity from which on two voices count as that of one speaker, for vectors of GE2E, which was calibrated
by `scripts/bench/voiceprints.py`; see report/BENCHMARKS.md."""
_UNIT = 1e-2


class Incomparable(ValueError):
    """A vector cannot be compared; the message says why, for its client."""


@dataclass(frozen=True, slots=True)
class Match:
    """A voiceprint that was compared with a voice."""

    voiceprint: Voiceprint
    similarity: float
    """Cosine, -1.0 to 1.0."""


def checked(vector: Sequence[float], revision: str, other: str | None, length: int) -> Vector:
    """Check a client's vector, of this `revision`, against what it is to be compared with: a vector of
    `length` numbers and of the revision `other`.

    Raises Incomparable.
    """
    if revision != other:
        raise Incomparable(
            Message(
                "A vector of {revision!r} cannot be compared with one of {other!r}",
                revision=revision[:100],
                other=other or "",
            )
        )
    if len(vector) != length:
        raise Incomparable(
            Message(
                "A vector of this model has {length} numbers, not {given}", length=length, given=len(vector)
            )
        )
    size = math.hypot(*vector) if all(map(math.isfinite, vector)) else math.nan
    if not abs(size - 1.0) < _UNIT:
        raise Incomparable(Message("A vector must have unit length, and finite numbers only"))
    return tuple(vector)


def similarity(one: Vector, other: Vector) -> float:
    """Return the cosine of two vectors of unit length, -1.0 to 1.0. Raises ValueError for different
    lengths."""
    return max(-1.0, min(1.0, math.fsum(a * b for a, b in zip(one, other, strict=True))))


class Gallery:
    """Voiceprints of one revision, to be searched for a voice: 1000 of them in less than a millisecond."""

    def __init__(self, voiceprints: Iterable[Voiceprint], revision: str) -> None:
        """Take those that have a vector of this revision; the others are left out."""
        import numpy as np

        self._voiceprints = [each for each in voiceprints if each.is_ready and each.revision == revision]
        vectors = [each.vector for each in self._voiceprints]
        self._matrix: npt.NDArray[np.float32] = np.array(vectors, np.float32)

    def __len__(self) -> int:
        return len(self._voiceprints)

    @property
    def length(self) -> int | None:
        """Numbers of its vectors; None without any."""
        return self._matrix.shape[1] if self._voiceprints else None

    def matches(self, vector: Vector, most: int = 5) -> list[Match]:
        """Return the voiceprints that are most like a voice, the best first, whatever their similarity.

        Raises ValueError for a vector of another length.
        """
        import numpy as np

        if not self._voiceprints:
            return []
        cosines = self._matrix @ np.asarray(vector, np.float32)
        best = np.argsort(-cosines, kind="stable")[:most]
        return [Match(self._voiceprints[i], round(float(np.clip(cosines[i], -1, 1)), 4)) for i in best]

    def identify(self, vector: Vector, threshold: float = SAME_SPEAKER) -> Match | None:
        """Return the voiceprint of the speaker; None if nobody is like enough."""
        first = next(iter(self.matches(vector, 1)), None)
        return first if first is not None and first.similarity >= threshold else None
