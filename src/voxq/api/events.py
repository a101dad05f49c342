"""Who waits for a task is woken when it ends: one subscription per process, and no polling."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import redis.asyncio
from loguru import logger
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from voxq.tasks.store import EVENTS_CHANNEL
from voxq.tasks.task import Status

_QUIET_SECONDS = 5.0
_PAUSE_SECONDS = 0.5


class Events:
    """The ends of tasks, told to whoever is listening. Belongs to one event loop.

    An event can be lost while the connection is, so everybody is woken when it breaks and when it stands
    again: being woken means "look again", and nothing more.
    """

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether waiting makes no sense any more."""
        return self._is_over

    def start(self) -> None:
        """Begin to listen, and keep at it until `close`."""
        self._task = asyncio.create_task(self._keep_listening())

    def release(self) -> None:
        """The process is about to stop: nobody is to wait any longer."""
        self._is_over = True
        self._wake_all()

    async def close(self) -> None:
        """Stop listening; wakes everybody."""
        self.release()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @contextlib.contextmanager
    def listening(self, task_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the task may have ended. Look at the task after entering, not before."""
        woken = asyncio.Event()
        self._listeners[task_id].add(woken)
        try:
            yield woken
        finally:
            self._listeners[task_id].discard(woken)
            if not self._listeners[task_id]:
                del self._listeners[task_id]

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                logger.debug("the events subscription broke ({})", type(error).__name__)
            self._wake_all()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _listen(self) -> None:
        async with self._client.pubsub() as subscription:
            await subscription.subscribe(EVENTS_CHANNEL)
            asked = False
            while True:
                message = await subscription.get_message(timeout=_QUIET_SECONDS)
                if message is not None:
                    asked = False
                    self._take(message)
                elif asked:
                    raise RedisConnectionError("no answer to a ping")
                else:
                    asked = True
                    await subscription.ping()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            self._wake_all()
        elif message["type"] == "message" and (task_id := _ended_task(message["data"])):
            for woken in self._listeners.get(task_id, ()):
                woken.set()

    def _wake_all(self) -> None:
        for listeners in self._listeners.values():
            for woken in listeners:
                woken.set()


def _ended_task(data: str) -> str | None:
    """The id in the event of an end; None for other events, and for what is none (the channel is open)."""
    try:
        event = json.loads(data)
        return str(event["task_id"]) if Status(event["status"]).is_terminal else None
    except (ValueError, KeyError, TypeError):
        return None
