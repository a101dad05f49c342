"""Round trips to Redis that concurrent requests of an event loop share.

A client of redis-py takes a connection from its pool, checks it and sets three time limits for every
command, which takes longer than the command. Here a few connections stay open; commands that come while all
of them are in use are sent together, as soon as one is free.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

import redis.asyncio
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from voxq.queue.script import Command, by_hash, by_text, failure

T = TypeVar("T")

_CONNECTIONS = 4
_MOST = 64
"""Commands of one round trip."""
_ATTEMPTS = 2
"""The second one immediately: the connection may be dead after a restart of the server."""

_Waiting = tuple[Command[Any], "asyncio.Future[Any]"]


class Trips:
    """Runs commands. Belongs to one event loop."""

    def __init__(self, pool: redis.asyncio.ConnectionPool, *, seconds: float) -> None:
        """Connect to nothing yet. `pool` makes the connections, which have no time limit of their own;
        `seconds` limits each of two attempts of a round trip."""
        self._seconds = seconds
        self._idle: list[AbstractConnection] = [pool.make_connection() for _ in range(_CONNECTIONS)]
        self._connections = tuple(self._idle)
        self._waiting: list[_Waiting] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_starting = False

    async def run(self, command: Command[T]) -> T:
        """Run a command and return its parsed reply.

        Raises redis.exceptions.RedisError if Redis is unavailable or refuses, ScriptFailed if the script
        fails. If the caller is cancelled, the command may run all the same.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._idle and not self._is_starting:
            self._is_starting = True  # what comes before the task runs goes with it
            task = asyncio.create_task(self._serve(self._idle.pop()))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return await answer

    async def close(self) -> None:
        """End what is under way, and close the connections."""
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._fail(self._waiting, RedisConnectionError("the service stops"))
        for connection in self._connections:
            await connection.disconnect(nowait=True)

    async def _serve(self, connection: AbstractConnection) -> None:
        """Make round trips over a connection while commands wait."""
        self._is_starting = False
        batch: list[_Waiting] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                try:
                    await self._make(connection, batch)
                except (RedisError, OSError) as error:
                    # Those that wait would wait for as long again, and their clients have a limit.
                    self._fail(batch + self._waiting, _as_redis_error(error))
                    self._waiting = []
        finally:
            self._fail(batch, RedisConnectionError("the service stops"))
            self._idle.append(connection)

    async def _make(self, connection: AbstractConnection, batch: Sequence[_Waiting]) -> None:
        """Run commands in one round trip. Raises as `_ask`."""
        answers = await self._ask(connection, [by_hash(command) for command, _ in batch])
        for (command, waiting), answer in zip(batch, answers, strict=True):
            if isinstance(answer, NoScriptError):
                [answer] = await self._ask(connection, [by_text(command)])
            if waiting.done():
                continue  # cancelled meanwhile
            try:
                if isinstance(answer, ResponseError):
                    raise failure(command, answer) from answer
                waiting.set_result(command.parse(answer))
            except Exception as error:  # that of one command, which is its caller's alone
                waiting.set_exception(error)

    async def _ask(self, connection: AbstractConnection, calls: Sequence[Sequence[Any]]) -> list[Any]:
        """Send calls and return their replies; one that failed is a ResponseError.

        Raises redis.exceptions.RedisError.
        """
        packed = connection.pack_commands(calls)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with asyncio.timeout(self._seconds):
                    await connection.send_packed_command(packed)
                    return [await _reply(connection) for _ in calls]
            except (RedisConnectionError, RedisTimeoutError, OSError) as error:  # TimeoutError is an OSError
                await connection.disconnect(nowait=True)
                if attempt == _ATTEMPTS:
                    raise _as_redis_error(error) from error
            except BaseException:
                await connection.disconnect(nowait=True)  # replies may still come
                raise
        raise AssertionError("unreachable")

    @staticmethod
    def _fail(batch: Sequence[_Waiting], error: RedisError) -> None:
        for _, waiting in batch:
            if not waiting.done():
                waiting.set_exception(error)


async def _reply(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


def _as_redis_error(error: RedisError | OSError) -> RedisError:
    if isinstance(error, TimeoutError):
        return RedisTimeoutError("Redis did not answer in time")
    return error if isinstance(error, RedisError) else RedisConnectionError(str(error))
