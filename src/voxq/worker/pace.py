"""How long batches really take, against what the warm-up on an idle machine promised."""

from __future__ import annotations

from dataclasses import dataclass, replace

from voxq.engines.contract import Cost

_MEMORY = 0.9
"""What a batch leaves of the weight of those before it."""
_DOUBT = 0.5
"""Seconds of engine time that are taken to have gone as promised: a few short batches prove nothing."""
_SLOWEST, _FASTEST = 4.0, 0.25


@dataclass(frozen=True, slots=True)
class Pace:
    """Sums over the last batches, older ones fading, in seconds."""

    predicted: float = 0.0
    actual: float = 0.0

    @property
    def ratio(self) -> float:
        """Actual / predicted, between 0.25 and 4."""
        return min(_SLOWEST, max(_FASTEST, (self.actual + _DOUBT) / (self.predicted + _DOUBT)))

    def after(self, measured: float, actual: float) -> Pace:
        """With one more batch; `measured`: what the uncorrected cost predicts of it."""
        return replace(
            self, predicted=_MEMORY * self.predicted + measured, actual=_MEMORY * self.actual + actual
        )

    def correct(self, cost: Cost) -> Cost:
        return Cost(cost.fixed * self.ratio, cost.per_second * self.ratio)
