"""Progress of a task between two reports of the service, by time: one chunk may take half a minute."""

from __future__ import annotations

import math

_USUAL_PACE = 0.3
"""Seconds of work per second of sound, where the service has not measured it yet."""
_REPORTED_AT_ONCE = 60.0
"""Seconds of sound after which a report is to be expected; a batch has no more, with the usual settings."""
_NEARLY = 0.95


class Progress:
    """Percentage to be shown. It never goes back, never stands still, and reaches 100 with the end only."""

    def __init__(self, duration: float, pace: float | None, now: float) -> None:
        """`duration`: seconds of sound, 0 if unknown; `pace`: seconds of work for each; `now`: monotonic."""
        self._expected = max(1.0, duration * (pace or _USUAL_PACE))
        self._step = 100.0 * min(1.0, _REPORTED_AT_ONCE / duration) if duration > 0 else 100.0
        self._reported = 0.0
        self._since = now
        self._shown = 0.0

    def at(self, reported: float, now: float) -> float:
        """Return what to show at this time, after the service has reported so many percent."""
        if reported > self._reported:
            self._reported, self._since = reported, now
        room = _NEARLY * min(self._step, 100.0 - self._reported)
        passed = 100.0 * (now - self._since) / self._expected
        guess = self._reported + (room * (1 - math.exp(-passed / room)) if room > 0 else 0.0)
        self._shown = max(self._shown, guess)
        return self._shown
