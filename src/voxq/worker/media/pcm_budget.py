"""Budget for the decoded sound that may lie on a worker's disk at once. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_SHARE_OF_SHORT = 0.25
"""Share of the budget reserved for short recordings, so that long ones cannot keep voice notes waiting."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Decoded sound of one recording: its seconds lie on disk, or are expected to."""

    seconds: float
    is_long: bool


def has_capacity(sound: Sound, beside: Collection[Sound], seconds: float) -> bool:
    """Whether `sound` may lie beside the others within a budget of `seconds`.

    Short and long recordings have a part of the budget each. The only one of its part always fits, or its
    turn would never come.
    """
    used = [other.seconds for other in beside if other.is_long is sound.is_long]
    part = seconds * ((1 - _SHARE_OF_SHORT) if sound.is_long else _SHARE_OF_SHORT)
    return not used or sum(used) + sound.seconds <= part
