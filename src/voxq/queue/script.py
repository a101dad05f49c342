"""Lua scripts as values, built by pure code and run by a blocking or an asyncio client."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Generic, TypeVar

import redis
import redis.asyncio
from redis.exceptions import NoScriptError, ResponseError

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


def run(client: redis.Redis, command: Command[T]) -> T:
    """Run a command and return its parsed reply.

    Raises redis.exceptions.RedisError if Redis is unavailable or refuses, ScriptFailed if the script fails.
    """
    code = script(command.name)
    try:
        try:
            answer = client.evalsha(code.sha, 0, *command.argv)
        except NoScriptError:
            answer = client.eval(code.text, 0, *command.argv)
    except ResponseError as error:
        raise _failure(command, error) from error
    return command.parse(answer)


async def run_async(client: redis.asyncio.Redis, command: Command[T]) -> T:
    """Run a command and return its parsed reply.

    Raises redis.exceptions.RedisError if Redis is unavailable or refuses, ScriptFailed if the script fails.
    """
    code = script(command.name)
    try:
        try:
            answer = await client.evalsha(code.sha, 0, *command.argv)
        except NoScriptError:
            answer = await client.eval(code.text, 0, *command.argv)
    except ResponseError as error:
        raise _failure(command, error) from error
    return command.parse(answer)


def _failure(command: Command[Any], error: ResponseError) -> ResponseError:
    """Name the script if it is at fault; an error about the state of the server stays as it is."""
    return error if state_of(error) else ScriptFailed(f"the script {command.name} failed: {error}")
