"""The figures of several measurements, as they are kept between runs. Pure but for the reading."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from _figures import Figure, Target


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one measurement, or what went wrong with it; `seconds` is what it took. `machine` is
    `_machine.describe()`, and `device` what recognised: "cpu", "cuda:0"."""

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
    """One entry for each name and device."""

    measured: tuple[Measured, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises OSError, or ValueError for anything but what `to_json` wrote."""
        document = json.loads(path.read_text("utf-8"))
        try:
            return cls(tuple(map(Measured.from_json, document["measurements"])))
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path.name} holds no measurements of this version") from error

    def with_added(self, new: Iterable[Measured]) -> Results:
        """A new one replaces what was measured earlier under its name on its device."""
        latest = {(each.name, each.device): each for each in (*self.measured, *new)}
        return Results(tuple(latest.values()))

    def to_json(self) -> str:
        return json.dumps({"measurements": [asdict(each) for each in self.measured]}, indent=2) + "\n"

    def of(self, name: str) -> tuple[Measured, ...]:
        """Everywhere it was measured, the processor first."""
        return tuple(sorted((e for e in self.measured if e.name == name), key=lambda e: e.device))


def shown(value: float) -> str:
    """Three significant digits, and all of a whole number."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _figure(record: dict[str, Any]) -> Figure:
    target, spread = record["target"], record["spread"]
    values = {"target": Target(**target) if target else None, "spread": tuple(spread) if spread else None}
    return Figure(**{**record, **values})
