"""How much decoded sound may lie on a worker's disk at once. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_SHARE_OF_SHORT = 0.25
"""Of the room is for short recordings alone, so that long ones cannot shut the door on voice notes."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The decoded sound of one recording: so many seconds lie on disk, or are expected to."""

    seconds: float
    is_long: bool


def has_capacity(sound: Sound, beside: Collection[Sound], seconds: float) -> bool:
    """Whether `sound` may lie beside the others in a room of so many seconds.

    Short and long recordings have a part of it each. One of a kind always may, or it would never be its turn.
    """
    used = [other.seconds for other in beside if other.is_long is sound.is_long]
    part = seconds * ((1 - _SHARE_OF_SHORT) if sound.is_long else _SHARE_OF_SHORT)
    return not used or sum(used) + sound.seconds <= part
