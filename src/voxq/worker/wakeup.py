"""Wake-ups of a worker's event loop: Redis messages and signals, through one pipe."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections import deque
from typing import Any

import redis
from loguru import logger
from redis.connection import ConnectionInterface

from voxq.queue.keys import WAKE_CHANNEL
from voxq.queue.workers import channel_of

_RECONNECT_SECONDS = 1.0


class Wakeup:
    """Listens in a thread of its own. Messages are hints: the loop also looks by itself every second."""

    def __init__(self, client: redis.Redis, worker_name: str) -> None:
        self._client = client
        self._channel = channel_of(worker_name)
        self._commands: deque[dict[str, Any]] = deque()
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="wakeup", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def fileno(self) -> int:
        return self._reader

    def wake(self) -> None:
        """Wake the loop; safe in a signal handler."""
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._writer, b"!")

    def drain(self) -> list[dict[str, Any]]:
        """Discard the wake-ups so far. Returns RQ's commands to this worker, oldest first."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reader, 4096):
                pass
        commands = []
        while self._commands:
            commands.append(self._commands.popleft())
        return commands

    def close(self) -> None:
        self._closed.set()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                self._listen_on(self._client.connection_pool.make_connection())
            except Exception as error:  # also on bytes that are no text: this thread must not end
                logger.debug("wake-up channel lost: {}", type(error).__name__)
                self._closed.wait(_RECONNECT_SECONDS)

    def _listen_on(self, connection: ConnectionInterface) -> None:
        """Listen until the end. Raises whatever breaks the connection.

        On the connection itself, because there is a message for every task, and a `PubSub` takes as long for
        one as the loop takes to claim it.
        """
        try:
            connection.send_command("SUBSCRIBE", self._channel, WAKE_CHANNEL)
            while not self._closed.is_set():
                if connection.can_read(timeout=1.0):
                    self._take(connection.read_response(push_request=True))
        finally:
            connection.disconnect()

    def _take(self, message: Any) -> None:
        """Take a message: its sort, its channel and, if it is no subscription, what was sent."""
        if message[0] == "message" and message[1] == self._channel:
            with contextlib.suppress(ValueError, TypeError):
                command = json.loads(message[2])
                if isinstance(command, dict):
                    self._commands.append(command)
        self.wake()  # after a subscription, too: for messages that came while nothing listened
