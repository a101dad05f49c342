"""Comparison of the journal with Redis. Everything here blocks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

import redis

from voxq.queue import script
from voxq.queue.script import Command
from voxq.queue.store import Store

T = TypeVar("T")

_AT_ONCE = 500  # per script call, so that Redis is not blocked for long


def named_by_all(
    client: redis.Redis,
    stores: Collection[Store],
    items: Sequence[T],
    question: Callable[[Store, Sequence[T]], Command[list[str]]],
) -> Iterator[tuple[Sequence[T], set[str]]]:
    """Yield the items in batches, each with the task ids that every store returns for `question`.

    A task is of one kind, so the stores of the other kinds always report it; only the intersection counts.
    Raises redis.exceptions.RedisError.
    """
    for start in range(0, len(items), _AT_ONCE):
        batch = items[start : start + _AT_ONCE]
        answers = (set(script.run(client, question(store, batch))) for store in stores)
        yield batch, set.intersection(*answers)
