"""Detection of growth in a measured curve. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_LEAST_POINTS = 4


@dataclass(frozen=True, slots=True)
class Trend:
    """Linear trend of the second half of a curve: its rise over that half, and per hour.

    `is_growing`: the rise is more than chance or an allocator's fluctuation can explain.
    """

    rise: float
    per_hour: float
    is_growing: bool


def trend(times: Sequence[float], values: Sequence[float], *, share: float, floor: float) -> Trend:
    """Fit the trend of a curve; `times` in seconds, ascending.

    A rise over the second half is tolerated up to the greatest of `share` of the mean there, `floor`, and
    twice the standard deviation about the line. With fewer than four points in that half, nothing counts as
    growing. Raises ValueError unless there is one value for each time.
    """
    if len(times) != len(values):
        raise ValueError("one value for each time")
    half = len(times) // 2
    late, high = times[half:], values[half:]
    if len(late) < _LEAST_POINTS:
        return Trend(0.0, 0.0, is_growing=False)
    slope, scatter = _line(late, high)
    rise = slope * (late[-1] - late[0])
    tolerated = max(floor, share * sum(high) / len(high), 2 * scatter)
    return Trend(rise, slope * 3600, is_growing=rise > tolerated)


def _line(times: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Slope of the least-squares line (0 if all times are equal), and the standard deviation about it."""
    count = len(times)
    mean_time, mean_value = sum(times) / count, sum(values) / count
    spread = sum((at - mean_time) ** 2 for at in times)
    lean = sum((at - mean_time) * (v - mean_value) for at, v in zip(times, values, strict=True))
    slope = lean / spread if spread else 0.0
    rest = (v - mean_value - slope * (at - mean_time) for at, v in zip(times, values, strict=True))
    return slope, math.sqrt(sum(each**2 for each in rest) / count)
