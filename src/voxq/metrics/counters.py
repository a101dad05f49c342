"""Counters of one process until they are added to Redis, and the totals read back. Pure.

The sums over all processes are one hash in Redis, which outlives the processes that counted. Each process
sends the amounts counted since its last parcel, so restarts of workers and of the API lose and reset nothing,
and every API process can report all sums.
"""

from __future__ import annotations

import json
import math
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voxq.queue.script import NO_KIND, Command

SUM = "sum"
INFINITY = "+Inf"

_REMEMBERED = 86400
"""Seconds for which a parcel sent again, because its acknowledgement was lost, is recognised."""

Key = tuple[str, str, tuple[str, ...]]
"""(Metric name, part, label values); the part is an upper edge, SUM, or "" for a plain count."""


Buckets = list[tuple[str, float]]
"""Prometheus buckets: (upper edge, number of values up to it), the infinite edge last."""


@dataclass(frozen=True, slots=True)
class Count:
    """A counter that only grows. `name` lacks the suffix `_total` that Prometheus expects."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram; `edges` are the upper edges of its buckets, increasing, without the infinite one."""

    name: str
    help: str
    labels: tuple[str, ...]
    edges: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Amounts by field, to be added to those in Redis.

    `number` grows with each parcel of a sender, so that a parcel that arrives twice is added once.
    """

    sender: str
    number: int
    amounts: Mapping[str, float]


class Counters:
    """Counts for one thread. Amounts are kept until Redis has acknowledged them."""

    def __init__(self) -> None:
        self._sender = secrets.token_hex(8)
        self._number = 0
        self._amounts: defaultdict[Key, float] = defaultdict(float)
        self._underway: Parcel | None = None

    def add(self, metric: Count, *labels: str, amount: float = 1) -> None:
        """Add `amount`; a non-finite one is ignored.

        `labels` are the values of the metric's labels, from a small set. Raises ValueError for a wrong number
        of them.
        """
        key = metric.name, "", _checked(metric, labels)
        if math.isfinite(amount):  # otherwise the sum would stay non-finite for ever
            self._amounts[key] += amount

    def observe(self, metric: Distribution, value: float, *labels: str) -> None:
        """Record a value of a distribution. `labels` and errors are as for `add`."""
        if not math.isfinite(value):
            return
        edge = next((str(edge) for edge in metric.edges if value <= edge), INFINITY)
        self._amounts[metric.name, edge, _checked(metric, labels)] += 1
        self._amounts[metric.name, SUM, labels] += value

    def parcel(self) -> Parcel | None:
        """Return the amounts to send, or None without any: the same parcel until `arrived` is called."""
        if self._underway is None and self._amounts:
            self._number += 1
            amounts = {_field(key): amount for key, amount in self._amounts.items()}
            self._underway = Parcel(self._sender, self._number, amounts)
            self._amounts.clear()
        return self._underway

    def arrived(self, parcel: Parcel) -> None:
        if self._underway is parcel:
            self._underway = None


def add_to_sums(parcel: Parcel) -> Command[bool]:
    """Add a parcel's amounts once. The command's result is False if the parcel was already added."""
    args = {
        "sender": parcel.sender,
        "number": parcel.number,
        "amounts": dict(parcel.amounts),
        "ttl": _REMEMBERED,
    }
    return Command("count", NO_KIND, args, lambda a: a == 1)


class Totals:
    """Amounts that all processes have ever counted, read from the hash of fields and amounts in Redis."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        """Parse `fields`; unintelligible ones, perhaps written by another version, are left out."""
        self._amounts: defaultdict[str, dict[tuple[str, ...], dict[str, float]]] = defaultdict(dict)
        for field, amount in fields.items():
            if (key := _key(field)) is not None and _is_number(amount):
                name, part, labels = key
                self._amounts[name].setdefault(labels, {})[part] = float(amount)

    def counts(self, metric: Count) -> dict[tuple[str, ...], float]:
        """Return label values -> total of a counter."""
        return {labels: parts[""] for labels, parts in self._of(metric) if "" in parts}

    def histograms(self, metric: Distribution) -> dict[tuple[str, ...], tuple[Buckets, float]]:
        """Return label values -> (buckets, sum of all values) of a distribution."""
        return {
            labels: (cumulative(metric.edges, _sizes(parts)), parts.get(SUM, 0.0))
            for labels, parts in self._of(metric)
        }

    def _of(self, metric: Count | Distribution) -> list[tuple[tuple[str, ...], dict[str, float]]]:
        found = self._amounts.get(metric.name, {})
        return [(labels, found[labels]) for labels in sorted(found) if len(labels) == len(metric.labels)]


def cumulative(edges: Sequence[float], sizes: Mapping[float, float]) -> Buckets:
    """Accumulate `sizes` (upper bound -> number of values) into buckets with these edges."""
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
