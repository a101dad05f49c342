"""Counts of loads and other events of a worker's models."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Counts since the worker's start; mutable."""

    loads: int = 0
    load_seconds: float = 0.0
    switches: int = 0
    """Loads because a task needed the model, neither at the start nor after a crash."""
    out_of_memory: int = 0
