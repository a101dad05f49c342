"""`voxq worker drain`: let workers finish their tasks and exit."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from voxq.cli.configuration import configured, redis_url
from voxq.cli.console import fail, out
from voxq.locale import Message

if TYPE_CHECKING:
    import redis

_LOOK_EVERY_SECONDS = 0.2


def drain(
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="Workers, by number; all if none is given.")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for their end, at most.")] = 3600,
) -> None:
    """Let workers finish their tasks without accepting new ones, and exit.

    `voxq up` and `voxq worker --count` start new ones, so draining one by one replaces all workers.
    """
    import redis

    from voxq.queue import connect
    from voxq.queue.redis_errors import explain
    from voxq.queue.workers import channel_of
    from voxq.settings import SettingsError

    client = connect.blocking(redis_url(configured()))
    try:
        workers = {name: number for name, number in _living(client).items() if not ids or number in ids}
        if not workers:
            fail(Message("No such worker is running."))
            sys.exit(1)
        for name in workers:
            client.publish(channel_of(name), json.dumps({"command": "drain"}))
        left = _wait_for_end(client, set(workers), wait)
    except redis.RedisError as error:
        raise SettingsError(Message("Redis cannot be used: {reason}.", reason=explain(error))) from None
    for name, number in workers.items():
        if name in left:
            out.print(Message("worker {number} still works", number=number))
        else:
            out.print(Message("worker {number} is drained", number=number))
    sys.exit(1 if left else 0)


def _living(client: redis.Redis) -> dict[str, int]:
    """Number of each live worker by name. Killed workers can neither be drained nor waited for."""
    from voxq.recovery import dead_workers

    now = time.time()
    return {entry.name: entry.number for entry in dead_workers.entries(client) if entry.is_alive(now)}


def _wait_for_end(client: redis.Redis, workers: set[str], seconds: float) -> set[str]:
    """Wait up to `seconds` for the workers to end; returns the names of those that have not."""
    deadline = time.monotonic() + seconds
    left = workers
    while left and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_SECONDS)
        left = left & _living(client).keys()
    return left
