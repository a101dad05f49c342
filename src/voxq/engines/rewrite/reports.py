"""Reports of a rewriting while it is made: the share of the work that is done, and what is written so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from voxq.engines.contract import Draft
from voxq.rewriting.drafts import Drafting
from voxq.rewriting.request import Rewrite

Report = Callable[[Draft], None]

_EVERY_SECONDS = 0.25
"""Least time between two reports of what is written."""
_NEARLY = 0.95
"""Most that is done of an answer which goes on."""


class Reports:
    """Reports of one text, of which the answers come one after the other or at the same time; mutable."""

    def __init__(self, rewrite: Rewrite, report: Report | None, requests: int, *, streams: bool) -> None:
        """`requests`: answers that are needed, as far as known; `streams`: what is written is shown, too,
        which makes sense for a single answer."""
        self._report = report
        self._requests = requests
        self._answered = 0
        self._drafting = Drafting(rewrite) if streams and requests == 1 else None
        self._length = max(1, len(rewrite.text))
        self._next = 0.0
        self._text = ""

    def writes(self, pieces: Sequence[str]) -> None:
        """Take the pieces of an answer that goes on, from its beginning."""
        if self._report is None or self._drafting is None or time.monotonic() < self._next:
            return
        written = "".join(pieces)
        self._text = self._drafting.shown(written)
        self._send(min(_NEARLY, len(self._text) / self._length))
        self._next = time.monotonic() + _EVERY_SECONDS

    def refused(self) -> None:
        """Take back what was shown of an answer that is not faithful."""
        if self._text:
            self._text = ""
            self._send(0.0)

    def answered(self) -> None:
        """Record the end of one of the answers."""
        self._answered += 1
        self._requests = max(self._requests, self._answered)
        if self._requests > 1:
            self._send(0.0)

    def _send(self, within: float) -> None:
        if self._report is not None:
            self._report(Draft(self._text, min(_NEARLY, (self._answered + within) / self._requests)))
