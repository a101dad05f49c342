"""Actual duration of batches, compared with the warm-up's prediction on an idle machine."""

from __future__ import annotations

from dataclasses import dataclass, replace

from voxq.engines.contract import Cost

_MEMORY = 0.9
"""Factor by which each batch reduces the weight of those before it."""
_DOUBT = 0.5
"""Seconds of engine time that are assumed to have gone as predicted: a few short batches prove nothing."""
_SLOWEST, _FASTEST = 4.0, 0.25


@dataclass(frozen=True, slots=True)
class Pace:
    """Sums over the last batches, in seconds, with less weight on older ones."""

    predicted: float = 0.0
    actual: float = 0.0

    @property
    def ratio(self) -> float:
        """Actual / predicted, limited to 0.25 .. 4."""
        return min(_SLOWEST, max(_FASTEST, (self.actual + _DOUBT) / (self.predicted + _DOUBT)))

    def after(self, measured: float, actual: float) -> Pace:
        """Return the pace with one more batch; `measured`: its duration as the uncorrected cost predicts
        it."""
        return replace(
            self, predicted=_MEMORY * self.predicted + measured, actual=_MEMORY * self.actual + actual
        )

    def correct(self, cost: Cost) -> Cost:
        ratio = self.ratio
        return Cost(cost.fixed * ratio, cost.per_second * ratio)
