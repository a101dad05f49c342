"""Times as a summary cites them: 0:05, 12:40, 1:02:03."""

from __future__ import annotations

import re

CITED = re.compile(r"\[(?:(\d{1,3}):)?(\d{1,3}):([0-5]\d)\]", re.ASCII)
"""A time in brackets, as segments are shown to the model and bullets cite them."""


def clock(seconds: float) -> str:
    """Return whole seconds, rounded down, as minutes and seconds, with hours if there are any."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def cited(text: str) -> list[int]:
    """Return the times that a text cites, in seconds, in order."""
    found = (match.groups("0") for match in CITED.finditer(text))
    return [int(hours) * 3600 + int(minutes) * 60 + int(seconds) for hours, minutes, seconds in found]
