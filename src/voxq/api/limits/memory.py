"""Limit on the memory of request bodies, a few dozen of which would fill a machine."""

from __future__ import annotations

from voxq.core.refusal import Refusal


class Memory:
    """Memory budget of one process, in bytes of raw bodies; parsed bodies take about three times as much."""

    def __init__(self, most: int) -> None:
        self._free = most

    def take(self, size: int) -> None:
        """Reserve `size` bytes. Raises Refusal ("too_many_waiting") if not enough are left."""
        if size > self._free:
            raise Refusal("too_many_waiting", "Too many large requests come at once, please try again later")
        self._free -= size

    def give_back(self, size: int) -> None:
        self._free += size
