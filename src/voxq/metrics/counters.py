"""What one process has counted and Redis does not know yet. Pure."""

from __future__ import annotations

import json
import math
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SUM = "sum"
INFINITY = "+Inf"

Key = tuple[str, str, tuple[str, ...]]
"""Name of a metric; which part of it: an upper edge, SUM, or "" for a plain count; values of its labels."""


Buckets = list[tuple[str, float]]
"""As Prometheus has them: an upper edge, and how many are up to it; the infinite one last."""


@dataclass(frozen=True, slots=True)
class Count:
    """What only grows. `name` without the `_total` that Prometheus wants at its end."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """Values by size; `edges` are the upper edges of its buckets, increasing, the infinite one left out."""

    name: str
    help: str
    labels: tuple[str, ...]
    edges: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Amounts by field, to be added to what Redis has. `number` grows: one that comes twice is added once."""

    sender: str
    number: int
    amounts: Mapping[str, float]


class Counters:
    """Belongs to one thread. What is counted stays here until Redis has said that it has it."""

    def __init__(self) -> None:
        self._sender = secrets.token_hex(8)
        self._number = 0
        self._amounts: defaultdict[Key, float] = defaultdict(float)
        self._underway: Parcel | None = None

    def add(self, metric: Count, *labels: str, amount: float = 1) -> None:
        """`labels`: as many values as the metric has labels, else ValueError; only such as are few."""
        key = metric.name, "", _checked(metric, labels)
        if math.isfinite(amount):  # a sum would never be a number again
            self._amounts[key] += amount

    def observe(self, metric: Distribution, value: float, *labels: str) -> None:
        """As `add`."""
        if not math.isfinite(value):
            return
        edge = next((str(edge) for edge in metric.edges if value <= edge), INFINITY)
        self._amounts[metric.name, edge, _checked(metric, labels)] += 1
        self._amounts[metric.name, SUM, labels] += value

    def parcel(self) -> Parcel | None:
        """What is to be told, None if nothing is: the same again until it `arrived`."""
        if self._underway is None and self._amounts:
            self._number += 1
            amounts = {_field(key): amount for key, amount in self._amounts.items()}
            self._underway = Parcel(self._sender, self._number, amounts)
            self._amounts.clear()
        return self._underway

    def arrived(self, parcel: Parcel) -> None:
        if self._underway is parcel:
            self._underway = None


class Totals:
    """What all processes have ever counted, as Redis keeps it: a hash of fields and amounts."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        """What cannot be understood, another version may have written it, is left out."""
        self._amounts: defaultdict[str, dict[tuple[str, ...], dict[str, float]]] = defaultdict(dict)
        for field, amount in fields.items():
            if (key := _key(field)) is not None and _is_number(amount):
                name, part, labels = key
                self._amounts[name].setdefault(labels, {})[part] = float(amount)

    def counts(self, metric: Count) -> dict[tuple[str, ...], float]:
        """By the values of its labels."""
        return {labels: parts[""] for labels, parts in self._of(metric) if "" in parts}

    def histograms(self, metric: Distribution) -> dict[tuple[str, ...], tuple[Buckets, float]]:
        """By the values of its labels, each with the sum."""
        return {
            labels: (cumulative(metric.edges, _sizes(parts)), parts.get(SUM, 0.0))
            for labels, parts in self._of(metric)
        }

    def _of(self, metric: Count | Distribution) -> list[tuple[tuple[str, ...], dict[str, float]]]:
        found = self._amounts.get(metric.name, {})
        return [(labels, found[labels]) for labels in sorted(found) if len(labels) == len(metric.labels)]


def cumulative(edges: Sequence[float], sizes: Mapping[float, float]) -> Buckets:
    """Of `sizes` (upper bound -> how many)."""
    bounded = [(str(edge), sum(n for bound, n in sizes.items() if bound <= edge)) for edge in edges]
    return [*bounded, (INFINITY, sum(sizes.values()))]


def _sizes(parts: Mapping[str, float]) -> dict[float, float]:
    return {float(part): amount for part, amount in parts.items() if part not in ("", SUM)}


def _checked(metric: Count | Distribution, labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(labels) != len(metric.labels):
        raise ValueError(f"{metric.name} has the labels {metric.labels}, and not {len(labels)} of them")
    return labels


def _field(key: Key) -> str:
    name, part, labels = key
    return json.dumps([name, part, *labels])


def _key(field: str) -> Key | None:
    try:
        parts: Any = json.loads(field)
    except (ValueError, RecursionError):
        return None
    match parts:
        case [str(name), str(part), *labels] if all(isinstance(label, str) for label in labels):
            return (name, part, tuple(labels)) if part in ("", SUM) or _is_number(part) else None
        case _:
            return None


def _is_number(part: str) -> bool:
    try:
        return float(part) == float(part)
    except ValueError:
        return False
