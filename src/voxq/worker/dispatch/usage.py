"""Recent engine use per owner, so that one owner's flood does not starve the others."""

from __future__ import annotations

import math

_HALF_LIFE = 30.0
_FORGOTTEN = 0.01


class OwnerUse:
    """Engine seconds per owner, halved every 30 seconds. Times on the monotonic clock."""

    def __init__(self) -> None:
        self._used: dict[str, tuple[float, float]] = {}

    def add(self, owner: str, seconds: float, now: float) -> None:
        self._used[owner] = (self.of(owner, now) + seconds, now)
        if len(self._used) > 1000:
            self._used = {o: u for o, u in self._used.items() if self.of(o, now) > _FORGOTTEN}

    def of(self, owner: str, now: float) -> float:
        used, at = self._used.get(owner, (0.0, now))
        return used * math.exp2(-(now - at) / _HALF_LIFE)
