"""What the disk knows, held against what Redis knows. Everything blocks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

import redis

from voxq.queue import script
from voxq.queue.script import Command
from voxq.queue.store import Store

T = TypeVar("T")

_AT_ONCE = 500  # per script call: Redis is not to be held up


def named_by_all(
    client: redis.Redis,
    stores: Collection[Store],
    items: Sequence[T],
    question: Callable[[Store, Sequence[T]], Command[list[str]]],
) -> Iterator[tuple[Sequence[T], set[str]]]:
    """All items in batches, each with the ids of tasks that every store names when it is asked about them:
    a task is of one kind, and only its own store vouches for it.

    Raises redis.exceptions.RedisError.
    """
    for start in range(0, len(items), _AT_ONCE):
        batch = items[start : start + _AT_ONCE]
        answers = (set(script.run(client, question(store, batch))) for store in stores)
        yield batch, set.intersection(*answers)
