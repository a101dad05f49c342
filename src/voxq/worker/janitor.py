"""The housekeeping of a whole service, done by one worker at a time, in a thread of its parent."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence

import redis
from loguru import logger

from voxq.tasks.recovery import Recovery

_LOCK_KEY = "voxq:janitor"
_LOCK_SECONDS = 10
"""Shorter than a claim: whoever dies with the lock must not keep its own tasks from coming back."""
_ROUND_SECONDS = 1.0

Chore = tuple[float, Callable[[], object]]
"""Every how many seconds, and what."""


class Janitor:
    """Holds a lock in Redis while it works; every worker runs one, and any of them takes over."""

    def __init__(self, client: redis.Redis, recovery: Recovery, others: Sequence[Chore]) -> None:
        self._client = client
        self._token = secrets.token_hex(8)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)
        # In this order: first what is lost, then what is left over.
        self._chores: list[Chore] = [
            (1.0, recovery.rebuild),
            (1.0, recovery.bring_back_dead),
            (10.0, recovery.complete),
            (15.0, recovery.retain),
            *others,
        ]
        self._due = [0.0] * len(self._chores)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let another worker take over; a chore may be cut short anywhere."""
        self._stop.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        while not self._stop.wait(_ROUND_SECONDS):
            try:
                if self._hold_lock():
                    self._round()
            except redis.RedisError as error:
                logger.debug("janitor: Redis is away ({})", type(error).__name__)
            except Exception:
                logger.exception("janitor: a chore failed; it will be tried again")
        self._let_go()

    def _round(self) -> None:
        for index, (every, chore) in enumerate(self._chores):
            now = time.monotonic()
            if now >= self._due[index] and not self._stop.is_set():
                self._due[index] = now + every
                self._hold_lock()
                chore()

    def _hold_lock(self) -> bool:
        if self._client.get(_LOCK_KEY) == self._token:
            return bool(self._client.expire(_LOCK_KEY, _LOCK_SECONDS))
        return bool(self._client.set(_LOCK_KEY, self._token, nx=True, ex=_LOCK_SECONDS))

    def _let_go(self) -> None:
        try:
            if self._client.get(_LOCK_KEY) == self._token:
                self._client.delete(_LOCK_KEY)
        except redis.RedisError:
            logger.debug("janitor: the lock will expire by itself")
