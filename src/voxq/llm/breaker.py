"""A circuit breaker: who keeps failing is left alone for a while, and then asked once."""

from __future__ import annotations

from voxq.back_off import BackOff

_TOLERATED = 5
"""Failures in a row with which the circuit opens."""
_PAUSES = BackOff.growing(5.0, most=60.0)
"""How long it stays open, after the first opening and after each request that failed since."""


class Breaker:
    """State of one provider. Times in seconds on one monotonic clock."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0
        self._is_probing = False

    def allows(self, now: float) -> bool:
        """Whether a request may be sent now. While the circuit is open, the first one after the pause is the
        probe: whoever was allowed must report its end."""
        if self._failures < _TOLERATED:
            return True
        if now < self._until or self._is_probing:
            return False
        self._is_probing = True
        return True

    @property
    def is_open(self) -> bool:
        return self._failures >= _TOLERATED

    def seconds_left(self, now: float) -> float:
        """Return the seconds until the next request may be tried; 0 while the probe is under way."""
        return max(0.0, self._until - now) if self.is_open else 0.0

    def succeeded(self) -> None:
        """Record an answer, also one that refuses the request: the provider is there."""
        self._failures, self._is_probing = 0, False

    def failed(self, now: float) -> None:
        """Record a failure that others would have met, too."""
        if self.is_open and not self._is_probing:
            return  # it was sent before the circuit opened
        self._failures += 1
        self._is_probing = False
        if self.is_open:
            self._until = now + _PAUSES.after(self._failures - _TOLERATED + 1)

    def gave_up(self) -> None:
        """Record a request that was cancelled before anybody knew."""
        self._is_probing = False
