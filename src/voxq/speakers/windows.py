"""Windows over speech: short enough to hold one speaker, long enough to know a voice by."""

from __future__ import annotations

from collections.abc import Iterable

SAMPLE_RATE = 16_000

Place = tuple[int, int]
"""Samples from the first up to, but not including, the second."""

LENGTH = 1.6
"""Seconds of a window: what the network of GE2E was trained on."""
HOP = 0.6
"""Seconds from one window to the next."""
SHORTEST = 0.5
"""Seconds of speech below which no voice is known: it goes to whoever speaks beside it."""
_MOST = 24_000
"""Windows of a recording. Those of a longer one (4 h of speech without a pause) lie further apart, so that
memory and time stay within bounds."""
_JOINED = 0.4
"""Seconds of a pause that does not divide speech."""


def windows_over(speech: Iterable[tuple[float, float]], first: int, last: int, hop: float) -> list[Place]:
    """Return windows over stretches of `speech` (start and end in seconds, in any order), in order of time.

    None leaves the samples from `first` up to `last`. The last window of a stretch ends with it.
    """
    length, step = round(LENGTH * SAMPLE_RATE), round(hop * SAMPLE_RATE)
    places: list[Place] = []
    for start, end in _joined(speech, first, last):
        if end - start < SHORTEST * SAMPLE_RATE:
            continue
        places += [(each, each + length) for each in range(start, end - length, step)]
        places.append((max(start, end - length), end))
    return places


def hop_for(seconds: float) -> float:
    """Return the seconds between windows of a recording of `seconds`."""
    return max(HOP, seconds / _MOST)


def _joined(speech: Iterable[tuple[float, float]], first: int, last: int) -> list[Place]:
    """Join stretches of speech with short pauses between them, within the given samples."""
    joined: list[Place] = []
    for start, end in sorted(speech):
        place = max(first, round(start * SAMPLE_RATE)), min(last, round(end * SAMPLE_RATE))
        if place[0] >= place[1]:
            continue
        if joined and place[0] - joined[-1][1] <= _JOINED * SAMPLE_RATE:
            joined[-1] = joined[-1][0], max(joined[-1][1], place[1])
        else:
            joined.append(place)
    return joined
