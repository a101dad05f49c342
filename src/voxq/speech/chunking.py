"""From stretches of speech to the chunks that a model is given, one call each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunking:
    """How VAD segments become chunks, in seconds: neighbours less than `max_gap` apart are joined up to
    `target`; nothing is longer than `maximum`."""

    maximum: float = 30.0
    target: float = 25.0
    max_gap: float = 3.0
