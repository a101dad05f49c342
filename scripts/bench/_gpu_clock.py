"""Lines of a measurement that must end in time: each has its limit, and says why it was left out."""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from types import FrameType

from _figures import Figure
from _results import Measured

LEFT_OUT = "left out: "
"""Beginning of the error of a line that was not tried."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: it is not tried with less than `least` seconds left or without its `modules`, and is stopped
    after `most` seconds. `measure` yields figures as they come."""

    name: str
    least: float
    most: float
    measure: Callable[[], Iterator[Figure]]
    modules: tuple[str, ...] = ()


class TimeIsUp(BaseException):
    """A line took too long. No handler of errors on the way may take it for one."""


class Clock:
    """Time that all lines share, in seconds."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._end = now() + seconds

    @property
    def left(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self._end - self._now())


def run(lines: Sequence[Line], clock: Clock, device: str, machine: Mapping[str, str]) -> Iterator[Measured]:
    """Measure the lines one after the other. A line that fails or is stopped keeps its figures so far."""
    for line in lines:
        began = time.monotonic()
        figures: list[Figure] = []
        error = _obstacle(line, clock.left)
        if error is None:
            error = _measured(line, min(clock.left, line.most), figures)
        seconds = time.monotonic() - began
        yield Measured(line.name, device, machine, seconds, tuple(figures), error)


def _obstacle(line: Line, left: float) -> str | None:
    """Reason not to try a line."""
    missing = [module for module in line.modules if find_spec(module) is None]
    if missing:
        return f"{LEFT_OUT}{', '.join(missing)} is not installed"
    if left < line.least:
        return f"{LEFT_OUT}{left:.0f} s are left, and it needs {line.least:.0f}"
    return None


def _measured(line: Line, seconds: float, figures: list[Figure]) -> str | None:
    """Measure a line into `figures`; returns its error."""
    try:
        with limited(seconds):
            figures.extend(line.measure())  # keeps those that came before an error
    except TimeIsUp:
        return f"stopped after {seconds:.0f} s"
    except Exception as error:  # the other lines are still useful
        traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    return None


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TimeIsUp in the body after so many seconds (> 0). For the main thread only."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
