"""Pauses before retries, which depend on the number of failures in a row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackOff:
    """Pauses after the first, the second, ... failure in a row, in seconds; the last one repeats."""

    pauses: tuple[float, ...]

    def __post_init__(self) -> None:
        """Raise ValueError if there are no pauses or a negative one."""
        if not self.pauses or min(self.pauses) < 0:
            raise ValueError(f"pauses must be at least one number >= 0, not {self.pauses}")

    @classmethod
    def growing(cls, first: float, most: float, factor: float = 2.0) -> BackOff:
        """Make pauses that start at `first` and grow by `factor` up to `most`.

        Raises ValueError unless 0 < first <= most and factor > 1.
        """
        if not (0 < first <= most and factor > 1):
            raise ValueError(f"pauses cannot grow from {first} s by {factor} to {most} s")
        pauses = [first]
        while pauses[-1] < most:
            pauses.append(min(most, pauses[-1] * factor))
        return cls(tuple(pauses))

    def after(self, failures: int) -> float:
        """Return the seconds to wait after this many failures in a row; 0 after none."""
        return self.pauses[min(failures, len(self.pauses)) - 1] if failures > 0 else 0.0
