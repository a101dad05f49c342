"""How much memory the bodies of requests may take: a few dozen large ones would fill a machine."""

from __future__ import annotations

from voxq.core.refusal import Refusal


class Memory:
    """Of one process, in bytes of bodies as they came; read and checked, they take about thrice as much."""

    def __init__(self, most: int) -> None:
        self._free = most

    def take(self, size: int) -> None:
        """Raises Refusal ("too_many_waiting") if there is not so much."""
        if size > self._free:
            raise Refusal("too_many_waiting", "Too many large requests come at once, please try again later")
        self._free -= size

    def give_back(self, size: int) -> None:
        self._free += size
