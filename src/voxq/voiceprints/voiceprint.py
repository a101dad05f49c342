"""Voiceprints as immutable values."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Vector: TypeAlias = tuple[float, ...]
"""Numbers of unit length."""

_ID = re.compile(r"vp_[0-9a-f]{24}", re.ASCII)
LONGEST_NAME = 100
LONGEST_CONSENT = 4000


@dataclass(frozen=True, slots=True)
class Consent:
    """Agreement of the person whose voice it is: who gave it, in which words, and when it was recorded
    (seconds since the epoch)."""

    given_by: str
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Quality:
    """Measures of the recording that a vector was made from."""

    speech_seconds: float
    """Seconds in which somebody speaks, pauses left out."""
    level: float
    """Loudness of the speech in dB below full scale."""
    signal_to_noise: float
    """Decibels by which the speech is louder than the pauses."""
    clipped: float
    """Share of the samples that are cut off at full scale, 0.0 to 1.0."""
    consistency: float
    """Similarity of the two groups of parts that differ most, up to 1.0: one speaker is like himself."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The share of one recording in a version of a voiceprint."""

    version: int
    task_id: str
    """Task that made it; a task contributes once."""
    sha256: str
    """Digest of the recording."""
    model: str
    revision: str
    """Revision of the model: vectors of different ones cannot be compared."""
    vector: Vector
    quality: Quality
    at: float
    """When it was made, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Voiceprint:
    """A voice that an owner wants to be known again.

    Its vector is the mean of the samples of its latest version; until the first of them there is none.
    """

    id: str
    owner: str
    name: str
    created: float
    consent: Consent
    samples: tuple[Sample, ...] = ()
    tasks: tuple[str, ...] = ()
    """Every task that was ever to contribute: what lies of them is erased with the voiceprint."""

    @property
    def version(self) -> int:
        """Latest version that has a sample; 0: none yet."""
        return max((sample.version for sample in self.samples), default=0)

    @property
    def current(self) -> tuple[Sample, ...]:
        """Samples of the latest version."""
        return self.of_version(self.version)

    @property
    def is_ready(self) -> bool:
        """Whether it has a vector."""
        return bool(self.samples)

    @property
    def model(self) -> str | None:
        return self.current[0].model if self.samples else None

    @property
    def revision(self) -> str | None:
        return self.current[0].revision if self.samples else None

    @property
    def vector(self) -> Vector:
        """Vector of unit length; empty without a sample."""
        return mean([(sample.vector, sample.quality.speech_seconds) for sample in self.current])

    @property
    def speech_seconds(self) -> float:
        return sum(sample.quality.speech_seconds for sample in self.current)

    def of_version(self, version: int) -> tuple[Sample, ...]:
        """Return the samples of a version."""
        return tuple(sample for sample in self.samples if sample.version == version)


def mean(weighted: Sequence[tuple[Vector, float]]) -> Vector:
    """Return the weighted mean of vectors, of unit length; empty without any, or if they cancel each other
    out."""
    if not weighted:
        return ()
    sums = [
        math.fsum(weight * number for number, weight in zip(column, _weights(weighted), strict=True))
        for column in zip(*(vector for vector, _ in weighted), strict=True)
    ]
    length = math.hypot(*sums)
    return tuple(round(number / length, 7) for number in sums) if length > 1e-9 else ()


def _weights(weighted: Sequence[tuple[Vector, float]]) -> list[float]:
    return [weight for _, weight in weighted]


def new_id() -> str:
    """Create an id that nobody can guess."""
    return f"vp_{secrets.token_hex(12)}"


def is_id(value: object) -> bool:
    """Whether this is the id of a voiceprint: only then is it looked for."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None
