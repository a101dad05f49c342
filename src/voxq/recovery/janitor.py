"""The housekeeping of a whole service, done by one worker at a time, in a thread of its parent."""

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
"""Shorter than a claim: whoever dies with the lock must not keep its own tasks from coming back."""
_ROUND_SECONDS = 1.0
_CLEAR_SECONDS = 5.0

_LOOK_SECONDS = 0.25

Chore = tuple[float, Callable[[], object]]
"""Every how many seconds, and what."""


class Janitor:
    """Holds a lock in Redis while it works; every worker runs one, and any of them takes over."""

    def __init__(
        self, client: redis.Redis, recovery: Recovery, others: Sequence[Chore], *, storage: str
    ) -> None:
        """`storage`: its name. Only who works for the same one may take the house over."""
        self._client = client
        self._recovery = recovery
        self._token = f"{storage}:{secrets.token_hex(8)}"
        self._storage = storage
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)
        # In this order: first what is lost, then what is left over.
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
        """Let another worker take over; a chore may be cut short anywhere."""
        self._stop.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        next_clear = 0.0
        while not self._stop.wait(_ROUND_SECONDS):
            # Without the lock, which may be what is in the way.
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
        """Whether it was done, and not in vain. What goes wrong with one chore does not keep the others from
        being done."""
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
        # Not of our making, or from before the clock was put back: nobody would keep house for hours.
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
    """Whether a janitor that is alive works for another storage; the lock of one that was killed fades within
    `patience` (seconds). Raises redis.exceptions.RedisError."""
    deadline = time.monotonic() + patience
    while (holder := client.get(JANITOR_KEY)) and is_other(str(holder).partition(":")[0], storage):
        if time.monotonic() >= deadline:
            return True
        time.sleep(_LOOK_SECONDS)
    return False
