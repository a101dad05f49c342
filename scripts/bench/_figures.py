"""What a measurement returns: figures with units and targets, and the arithmetic behind them. Pure."""

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
    """What a figure should be: `relation` says on which side of `bound` is good."""

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
    """One measured number. `spread` is the least and the greatest of the rounds behind a median."""

    name: str
    value: float
    unit: str
    target: Target | None = None
    spread: tuple[float, float] | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        return self.target.met_by(self.value) if self.target else None


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` (0-100) of `values` do not exceed. Raises ValueError without
    values."""
    if not values:
        raise ValueError("no values")
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(0, rank - 1)]


def median(values: Sequence[float]) -> float:
    """Raises ValueError if empty."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def over_rounds(
    name: str, values: Sequence[float], unit: str, target: Target | None = None, note: str = ""
) -> Figure:
    """The median of one value per round, with its spread."""
    return Figure(name, median(values), unit, target, (min(values), max(values)), note)


def differences(
    name: str, values: Sequence[float], base: Sequence[float], unit: str, target: Target | None = None
) -> Figure:
    """The median of what each round's value is above the same round's `base`, and how sure it is."""
    above = [value - one for value, one in zip(values, base, strict=True)]
    low, high = interval(above)
    return over_rounds(name, above, unit, target, f"95 %: {low:.3g} .. {high:.3g}")


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Where the median lies with 95 % certainty, by the bootstrap. The same for the same values. Raises
    ValueError if empty."""
    chance = random.Random(0)
    medians = [median(chance.choices(values, k=len(values))) for _ in range(_RESAMPLES if values else 0)]
    return percentile(medians, 2.5), percentile(medians, 97.5)


def kendall_tau(order: Sequence[int]) -> float:
    """How well distinct numbers are ordered: 1 ascending, -1 descending; 1 for fewer than two."""
    pairs = list(combinations(order, 2))
    if not pairs:
        return 1.0
    return sum(1 if first < second else -1 for first, second in pairs) / len(pairs)


def greatest_displacement(order: Sequence[int]) -> int:
    """By how many places, at most, a number is away from where it would be in ascending order."""
    places = {number: place for place, number in enumerate(sorted(order))}
    return max((abs(place - places[number]) for place, number in enumerate(order)), default=0)
