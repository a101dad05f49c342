"""Limits on what clients may use at once: disk, memory, open streams, waiting requests."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voxq.core.refusal import Refusal
from voxq.locale import Message


def check_disk(directory: Path, needed: int) -> None:
    """Check that the disk of a directory has `needed` free bytes. Blocks. Raises Refusal ("disk_full")."""
    if shutil.disk_usage(directory).free < needed:
        raise Refusal("disk_full", Message("The disk is nearly full, please try again later"))


class Memory:
    """Budget of one process for request bodies, a few dozen of which would fill a machine.

    It counts bytes of raw bodies; parsed bodies take about three times as much.
    """

    def __init__(self, most: int) -> None:
        self._free = most

    def take(self, size: int) -> None:
        """Reserve `size` bytes. Raises Refusal ("too_many_waiting") if not enough are left."""
        if size > self._free:
            raise Refusal(
                "too_many_waiting", Message("Too many large requests come at once, please try again later")
            )
        self._free -= size

    def give_back(self, size: int) -> None:
        self._free += size


class Streams:
    """Open streams of events or speech of one process, by owner; each keeps a connection until its task
    ends."""

    def __init__(self, most: int) -> None:
        """`most` is the number of streams that one owner may have open at once."""
        self._most = most
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_of(self, owner: str) -> Iterator[None]:
        """Count one more stream inside the context. Raises Refusal ("too_many_streams")."""
        if self._open[owner] >= self._most:
            raise Refusal(
                "too_many_streams", Message("{most} streams are open; close one first", most=self._most)
            )
        with _counted(self._open, owner):
            yield


class WaitingRequests:
    """Waiting requests of one process, by owner; each keeps a connection until its task ends."""

    def __init__(self, most: int, *, is_shared: bool) -> None:
        """`most` is the number of requests of all owners that may wait at once.

        With `is_shared`, no owner may have more places than remain free: a single owner gets half of them,
        two get a third each, and places are left for the next owner.
        """
        self._most = most
        self._is_shared = is_shared
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def place_for(self, owner: str) -> Iterator[None]:
        """Take a place inside the context. Raises Refusal ("too_many_waiting")."""
        free = self._most - self._waiting.total()
        if free < 1 or (self._is_shared and self._waiting[owner] >= free):
            raise Refusal(
                "too_many_waiting", Message("Too many requests wait already, please try again later")
            )
        with _counted(self._waiting, owner):
            yield


@contextmanager
def _counted(counter: Counter[str], owner: str) -> Iterator[None]:
    """Count one more of an owner inside the context. Owners without any are not kept."""
    counter[owner] += 1
    try:
        yield
    finally:
        counter[owner] -= 1
        if not counter[owner]:
            del counter[owner]
