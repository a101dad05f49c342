"""Periodic recovery and cleanup for the whole service, done by one worker at a time in a thread."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence

import redis
from loguru import logger

from voxq.queue.keys import JANITOR_KEY
from voxq.queue.redis_errors import Repeats, explain, state_of
from voxq.recovery.passes import Recovery
from voxq.storage.storage_id import OTHER_STORAGE, is_other

LOCK_SECONDS = 10
"""Shorter than a claim, so that a worker's death with the lock does not delay the requeueing of its tasks."""
_ROUND_SECONDS = 1.0
_CLEAR_SECONDS = 5.0

_LOOK_SECONDS = 0.25

Chore = tuple[float, Callable[[], object]]
"""Interval in seconds, and the function to call."""


class Janitor:
    """Thread that runs the chores while it has the lock in Redis; every worker has one, any can take over."""

    def __init__(
        self, client: redis.Redis, recovery: Recovery, others: Sequence[Chore], *, storage: str
    ) -> None:
        """Prepare the janitor. `storage` is the id of the storage; `others` run after the recovery chores."""
        self._client = client
        self._recovery = recovery
        self._token = f"{storage}:{secrets.token_hex(8)}"
        self._storage = storage
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)
        # In this order: restore what is lost before deleting leftovers.
        self._chores: list[Chore] = [
            (1.0, recovery.rebuild),
            (1.0, recovery.bring_back_dead),
            (10.0, recovery.complete),
            *others,
        ]
        self._due = [0.0] * len(self._chores)
        self._said = Repeats()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop, so that another worker takes over; a running chore may be interrupted anywhere."""
        self._stop.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        next_clear = 0.0
        while not self._stop.wait(_ROUND_SECONDS):
            # Without the lock, because its key may be one of those with a wrong type.
            if time.monotonic() >= next_clear and self._attempt(self._recovery.clear_the_way):
                next_clear = time.monotonic() + _CLEAR_SECONDS
            if self._attempt(self._hold_lock):
                self._round()
            elif self._attempt(lambda: serves_other(self._client, self._storage)):
                self._warn(OTHER_STORAGE)
        self._let_go()

    def _round(self) -> None:
        for index, (every, chore) in enumerate(self._chores):
            now = time.monotonic()
            if now >= self._due[index] and not self._stop.is_set():
                self._due[index] = now + every
                if not self._attempt(self._hold_lock):
                    return
                self._attempt(chore)

    def _attempt(self, work: Callable[[], object]) -> bool:
        """Run a chore; returns False if it raised or returned False.

        Errors are logged, so that other chores still run.
        """
        try:
            return work() is not False
        except redis.RedisError as error:
            if state_of(error):
                logger.debug("janitor: {}", explain(error))
            else:
                self._warn(explain(error))
        except Exception:
            logger.exception("janitor: a chore failed; it will be tried again")
        return False

    def _warn(self, sentence: str) -> None:
        if self._said.is_news(sentence):
            logger.error("janitor: {}", sentence)

    def _hold_lock(self) -> bool:
        if self._client.get(JANITOR_KEY) == self._token:
            return bool(self._client.expire(JANITOR_KEY, LOCK_SECONDS))
        if self._client.set(JANITOR_KEY, self._token, nx=True, ex=LOCK_SECONDS):
            return True
        # Written by another program, or before the clock was set back: no janitor would run for hours.
        if not 0 <= self._client.ttl(JANITOR_KEY) <= LOCK_SECONDS:
            self._client.expire(JANITOR_KEY, LOCK_SECONDS)
        return False

    def _let_go(self) -> None:
        try:
            if self._client.get(JANITOR_KEY) == self._token:
                self._client.delete(JANITOR_KEY)
        except redis.RedisError:
            logger.debug("janitor: the lock will expire by itself")


def serves_other(client: redis.Redis, storage: str, patience: float = 0.0) -> bool:
    """Whether a live janitor works for another storage. Waits up to `patience` seconds for the lock of a
    killed one to expire. Raises redis.exceptions.RedisError."""
    deadline = time.monotonic() + patience
    while (holder := client.get(JANITOR_KEY)) and is_other(str(holder).partition(":")[0], storage):
        if time.monotonic() >= deadline:
            return True
        time.sleep(_LOOK_SECONDS)
    return False
