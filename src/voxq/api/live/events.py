"""Wake-up of requests that wait for a task when it changes, by one Redis subscription per process."""

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

from voxq.api import cancellation
from voxq.core.task import Status
from voxq.queue.keys import EVENTS_CHANNEL

ANY = "*"
"""Wildcard for every task."""

_QUIET_SECONDS = 5.0
_PAUSE_SECONDS = 0.5

_Listeners = defaultdict[str, set[asyncio.Event]]


class Events:
    """Distributes events about tasks to listeners. Belongs to one event loop.

    Events are lost while the connection to Redis is down, so all listeners are woken when it breaks and when
    it is restored. A wake-up means only "look again".
    """

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._of_ends: _Listeners = defaultdict(set)
        self._of_changes: _Listeners = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether the process is about to stop, so that nobody should wait any longer."""
        return self._is_over

    def start(self) -> None:
        """Listen until `close`."""
        self._task = asyncio.create_task(self._keep_listening())

    def release(self) -> None:
        """Wake all listeners for good, because the process is about to stop."""
        self._is_over = True
        self._wake_all()

    async def close(self) -> None:
        """Stop listening and wake all listeners."""
        self.release()
        if self._task is not None:
            await cancellation.end(self._task)

    def listening(self, task_id: str) -> contextlib.AbstractContextManager[asyncio.Event]:
        """Return a context with an event that is set when the task (or ANY) may have ended.

        Check the task after entering the context, or its end may be missed.
        """
        return _listening(self._of_ends, task_id)

    def following(self, task_id: str) -> contextlib.AbstractContextManager[asyncio.Event]:
        """Like `listening`, for all events of a task: taken by a worker, progress, its end."""
        return _listening(self._of_changes, task_id)

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                logger.debug("the events subscription broke ({})", type(error).__name__)
            self._wake_all()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _listen(self) -> None:
        """Listen until the connection breaks.

        On the connection itself: there are a few events for every task, and a `PubSub` takes several times as
        long for each.
        """
        connection = self._client.connection_pool.make_connection()
        try:
            await connection.send_command("SUBSCRIBE", EVENTS_CHANNEL)
            asked = False
            while True:
                message = await connection.read_response(timeout=_QUIET_SECONDS, push_request=True)
                if message is not None:
                    asked = False
                    self._take(message)
                elif asked:
                    raise RedisConnectionError("no answer to a ping")
                else:
                    asked = True
                    await connection.send_command("PING")
        finally:
            await connection.disconnect(nowait=True)

    def _take(self, message: Any) -> None:
        """Take a message: its sort and channel, and what was sent. Others answer a ping."""
        match message:
            case ["subscribe", *_]:
                self._wake_all()
            case ["message", _, str(data)] if change := _change(data):
                self._tell(*change)
            case _:
                pass

    def _tell(self, task_id: str, has_ended: bool) -> None:
        self._wake(self._of_changes, task_id)
        if has_ended:
            self._wake(self._of_ends, task_id)
            self._wake(self._of_ends, ANY)

    @staticmethod
    def _wake(listeners: _Listeners, task_id: str) -> None:
        for woken in listeners.get(task_id, ()):
            woken.set()

    def _wake_all(self) -> None:
        for listeners in (self._of_ends, self._of_changes):
            for task_id in listeners:
                self._wake(listeners, task_id)


@contextlib.contextmanager
def _listening(listeners: _Listeners, task_id: str) -> Iterator[asyncio.Event]:
    woken = asyncio.Event()
    listeners[task_id].add(woken)
    try:
        yield woken
    finally:
        listeners[task_id].discard(woken)
        if not listeners[task_id]:
            del listeners[task_id]


def _change(data: str) -> tuple[str, bool] | None:
    """Return the id of the changed task and whether it has ended.

    None if the message is not an event: anybody with access to Redis can publish to the channel.
    """
    try:
        event = json.loads(data)
        return str(event["task_id"]), Status(event["status"]).is_terminal
    except (ValueError, KeyError, TypeError):
        return None
