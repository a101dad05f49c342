"""Results of measurements: figures with units and targets, and their statistics. Pure."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """Target of a figure: `relation` says which side of `bound` is good."""

    relation: Literal["<", "<=", ">=", "="]
    bound: float

    def met_by(self, value: float) -> bool:
        match self.relation:
            case "<":
                return value < self.bound
            case "<=":
                return value <= self.bound
            case ">=":
                return value >= self.bound
            case "=":
                return value == self.bound

    def __str__(self) -> str:
        return f"{self.relation} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured number. `spread` is the minimum and maximum of the rounds behind a median."""

    name: str
    value: float
    unit: str
    target: Target | None = None
    spread: tuple[float, float] | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None if there is none."""
        return self.target.met_by(self.value) if self.target else None


def percentile(values: Sequence[float], percent: float) -> float:
    """Smallest value that at least `percent` (0-100) of `values` do not exceed.

    Raises ValueError if empty.
    """
    if not values:
        raise ValueError("no values")
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(0, rank - 1)]


def median(values: Sequence[float]) -> float:
    """Median of the values. Raises ValueError if empty."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def over_rounds(
    name: str, values: Sequence[float], unit: str, target: Target | None = None, note: str = ""
) -> Figure:
    """Median of one value per round, with its spread."""
    return Figure(name, median(values), unit, target, (min(values), max(values)), note)


def differences(
    name: str, values: Sequence[float], base: Sequence[float], unit: str, target: Target | None = None
) -> Figure:
    """Median of the differences between each round's value and its `base`, with its confidence interval."""
    above = [value - one for value, one in zip(values, base, strict=True)]
    low, high = interval(above)
    return over_rounds(name, above, unit, target, f"95 %: {low:.3g} .. {high:.3g}")


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % confidence interval of the median, by a deterministic bootstrap. Raises ValueError if empty."""
    chance = random.Random(0)
    medians = [median(chance.choices(values, k=len(values))) for _ in range(_RESAMPLES if values else 0)]
    return percentile(medians, 2.5), percentile(medians, 97.5)


def kendall_tau(order: Sequence[int]) -> float:
    """Kendall's tau of distinct numbers: 1 if ascending, -1 if descending; 1 for fewer than two."""
    pairs = list(combinations(order, 2))
    if not pairs:
        return 1.0
    return sum(1 if first < second else -1 for first, second in pairs) / len(pairs)


def greatest_displacement(order: Sequence[int]) -> int:
    """Greatest distance, in places, of a number from its place in ascending order."""
    places = {number: place for place, number in enumerate(sorted(order))}
    return max((abs(place - places[number]) for place, number in enumerate(order)), default=0)
