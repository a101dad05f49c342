"""Speed without a change of pitch: the model's own where that sounds right, the rest by stretching."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """A wanted speed as a product: what the model is asked for, and what its sound is stretched by."""

    model: float
    stretch: float

    @classmethod
    def of(cls, speed: float, slowest: float, fastest: float) -> Pace:
        """`slowest` and `fastest` bound what the model itself does well."""
        model = min(max(speed, slowest), fastest)
        return cls(model, speed / model)
