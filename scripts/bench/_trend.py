"""Whether a measured curve is flat or growing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LEAST_POINTS = 4


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through the second half of a curve: what it rises by over that half, and per hour.

    `is_growing`: it rises by more than may be chance or the breathing of an allocator.
    """

    rise: float
    per_hour: float
    is_growing: bool


def trend(times: Sequence[float], values: Sequence[float], *, share: float, floor: float) -> Trend:
    """`times` in seconds, ascending. A rise over the second half is tolerated up to `share` of the mean
    there, or `floor`, whichever is more. With fewer than four points in that half nothing grows.

    Raises ValueError unless there is one value for each time.
    """
    if len(times) != len(values):
        raise ValueError("one value for each time")
    half = len(times) // 2
    late, high = times[half:], values[half:]
    slope = _slope(late, high) if len(late) >= _LEAST_POINTS else 0.0
    rise = slope * (late[-1] - late[0]) if late else 0.0
    tolerated = max(floor, share * sum(high) / len(high)) if high else floor
    return Trend(rise, slope * 3600, rise > tolerated)


def _slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Of the line with the least squares; 0 for times that do not differ."""
    mean_time, mean_value = sum(times) / len(times), sum(values) / len(values)
    spread = sum((at - mean_time) ** 2 for at in times)
    if spread == 0:
        return 0.0
    return sum((at - mean_time) * (v - mean_value) for at, v in zip(times, values, strict=True)) / spread
