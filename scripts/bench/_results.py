"""Figures of several measurements, kept between runs. Pure except for reading the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from _figures import Figure, Target


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a measurement, or its error; `seconds` is its duration.

    `machine` is from `_machine.describe()`, `device` the device of the engine: "cpu", "cuda:0".
    """

    name: str
    device: str
    machine: Mapping[str, str]
    seconds: float
    figures: tuple[Figure, ...] = ()
    error: str | None = None

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        return cls(**{**record, "figures": tuple(map(_figure, record["figures"]))})


@dataclass(frozen=True, slots=True)
class Results:
    """Measurements, one per name and device."""

    measured: tuple[Measured, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read results from a file. Raises OSError, or ValueError unless `to_json` wrote it."""
        document = json.loads(path.read_text("utf-8"))
        try:
            return cls(tuple(map(Measured.from_json, document["measurements"])))
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path.name} holds no measurements of this version") from error

    def with_added(self, new: Iterable[Measured]) -> Results:
        """Results with new measurements, which replace earlier ones of the same name and device."""
        latest = {(each.name, each.device): each for each in (*self.measured, *new)}
        return Results(tuple(latest.values()))

    def to_json(self) -> str:
        return json.dumps({"measurements": [asdict(each) for each in self.measured]}, indent=2) + "\n"

    def of(self, name: str) -> tuple[Measured, ...]:
        """Measurements of this name on all devices, the processor first."""
        return tuple(sorted((e for e in self.measured if e.name == name), key=lambda e: e.device))


def shown(value: float) -> str:
    """Format a number with three significant digits, a whole number with all."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _figure(record: dict[str, Any]) -> Figure:
    target, spread = record["target"], record["spread"]
    values = {"target": Target(**target) if target else None, "spread": tuple(spread) if spread else None}
    return Figure(**{**record, **values})
