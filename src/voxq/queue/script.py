"""Lua scripts as values, built by pure code and run by a blocking or an asyncio client."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Generic, Protocol, TypeVar

import redis
import redis.asyncio
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from voxq.core import json_bytes
from voxq.queue import keys
from voxq.queue.redis_errors import ScriptFailed, state_of

T = TypeVar("T")

NO_KIND = json.dumps({"kind": "", "lanes": []})
"""Context of a command that concerns no kind of task."""
_ARGUMENTS = "local context = cjson.decode(ARGV[1])\nlocal args = cjson.decode(ARGV[2])\n"
"""Lua source that decodes `Command.argv`."""


@dataclass(frozen=True, slots=True)
class Script:
    """Text of a script, including the shared prelude, and its SHA-1 for EVALSHA."""

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    """Load the script `lua/<name>.lua`."""
    folder = resources.files("voxq.queue") / "lua"
    files = (folder / "common.lua", folder / f"{name}.lua")
    text = "".join((_ARGUMENTS, keys.in_lua(), *(file.read_text("utf-8") for file in files)))
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class Command(Generic[T]):
    """An atomic step in Redis, ready to be sent. `parse` converts its reply."""

    name: str
    context: str
    args: dict[str, Any]
    parse: Callable[[Any], T]
    data: bytes = b""

    @property
    def argv(self) -> tuple[str | bytes, ...]:
        return (self.context, json_bytes.dumps(self.args), self.data)


def by_hash(command: Command[Any]) -> tuple[Any, ...]:
    """Words of the call of a command whose script Redis knows."""
    return ("EVALSHA", script(command.name).sha, 0, *command.argv)


def by_text(command: Command[Any]) -> tuple[Any, ...]:
    """Words of the call of a command with its script."""
    return ("EVAL", script(command.name).text, 0, *command.argv)


def run(client: redis.Redis, command: Command[T]) -> T:
    """Run a command and return its parsed reply.

    Raises redis.exceptions.RedisError if Redis is unavailable or refuses, ScriptFailed if the script fails.
    """
    return run_all(client, [command])[0]


def run_all(client: redis.Redis, commands: Sequence[Command[T]]) -> list[T]:
    """Run commands in one round trip, each atomic by itself, and return their parsed replies in order.

    Every command runs, whatever becomes of the others. Raises as `run` does for the first that failed; if
    Redis is unavailable, any of them may have run.
    """
    replies: list[T] = []
    failures: list[ResponseError] = []
    for command, answer in zip(commands, _ask(client, list(map(by_hash, commands))), strict=True):
        if isinstance(answer, NoScriptError):
            [answer] = _ask(client, [by_text(command)])
        if isinstance(answer, ResponseError):
            failures.append(failure(command, answer))
        else:
            replies.append(command.parse(answer))
    if failures:
        raise failures[0]
    return replies


def _ask(client: redis.Redis, calls: Sequence[Sequence[Any]]) -> list[Any]:
    """Send calls together and return their replies; one that failed is a ResponseError.

    Raises redis.exceptions.RedisError.
    """
    if client.connection is None:
        with client.pipeline(transaction=False) as pipeline:
            for call in calls:
                pipeline.execute_command(*call)
            return pipeline.execute(raise_on_error=False)
    # A client with one connection belongs to a loop that sends many commands. What redis-py does around each
    # of them takes as long as the command.
    connection = client.connection
    packed = connection.pack_commands(calls)
    try:
        return _exchange(connection, packed, len(calls))
    except (RedisConnectionError, RedisTimeoutError):
        connection.disconnect()  # it may be dead after a restart of the server
    return _exchange(connection, packed, len(calls))


def _exchange(connection: AbstractConnection, packed: Any, count: int) -> list[Any]:
    try:
        connection.send_packed_command(packed)
        return [_reply(connection) for _ in range(count)]
    except BaseException:
        connection.disconnect()  # replies may still come
        raise


def _reply(connection: AbstractConnection) -> Any:
    try:
        return connection.read_response()
    except ResponseError as error:
        return error


class Runner(Protocol):
    """What runs commands for an event loop."""

    async def run(self, command: Command[T]) -> T:
        """Do as `run_async`."""
        ...


async def run_async(client: redis.asyncio.Redis | Runner, command: Command[T]) -> T:
    """Run a command and return its parsed reply.

    Raises redis.exceptions.RedisError if Redis is unavailable or refuses, ScriptFailed if the script fails.
    """
    if not isinstance(client, redis.asyncio.Redis):
        return await client.run(command)
    try:
        try:
            answer = await client.execute_command(*by_hash(command))
        except NoScriptError:
            answer = await client.execute_command(*by_text(command))
    except ResponseError as error:
        raise failure(command, error) from error
    return command.parse(answer)


def failure(command: Command[Any], error: ResponseError) -> ResponseError:
    """Name the script if it is at fault; an error about the state of the server stays as it is."""
    return error if state_of(error) else ScriptFailed(f"the script {command.name} failed: {error}")
