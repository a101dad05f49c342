"""How often models came and went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Mutable; since the worker's start."""

    loads: int = 0
    load_seconds: float = 0.0
    switches: int = 0
    """Loads because a task needed the model: neither at the start nor after a crash."""
    out_of_memory: int = 0
