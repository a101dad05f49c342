"""`voxq worker drain`: let workers finish what they hold, and end."""

from __future__ import annotations

import json
import sys
import time
from typing import Annotated, Any, cast

import typer

from voxq.cli.configuration import configured
from voxq.cli.console import fail, out
from voxq.settings import Settings, SettingsError

_LOOK_EVERY_SECONDS = 0.2
_ALIVE_SECONDS = 15
"""Since its last heartbeat: what was killed cannot be drained."""


def drain(
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="Workers, by number; all if none is given.")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for their end, at most.")] = 3600,
) -> None:
    """Let workers take on nothing new, finish what they hold, and end.

    `voxq up` and `voxq worker --count` start fresh ones: drained one by one, all of them are replaced.
    """
    import redis

    from voxq.tasks import connect
    from voxq.tasks.names import WORKERS_KEY

    client = connect.blocking(_redis_url(configured()))
    try:
        workers = _workers(cast(dict[str, str], client.hgetall(WORKERS_KEY)), ids)
        if not workers:
            fail("No such worker is running.")
            sys.exit(1)
        for name in workers:
            client.publish(f"rq:pubsub:{name}", json.dumps({"command": "drain"}))
        left = _wait_for_end(client, workers, wait)
    except redis.RedisError as error:
        raise SettingsError(f"Redis does not answer ({type(error).__name__}).") from None
    for name, number in workers.items():
        out.print(f"worker {number} {'still works' if name in left else 'is drained'}")
    sys.exit(1 if left else 0)


def _redis_url(settings: Settings) -> str:
    from voxq.up.instance import running_instance

    running = running_instance(settings.run_dir)
    url = settings.redis_url or (running.redis_url if running else None)
    if url is None:
        raise SettingsError("No service is running here: set REDIS_URL or REDIS_HOST to that of the workers.")
    return url


def _workers(told: dict[str, str], ids: list[int] | None) -> dict[str, int]:
    """The numbers of the living workers that are meant, by name."""
    everybody: dict[str, Any] = {name: json.loads(facts) for name, facts in told.items()}
    return {
        name: facts["id"]
        for name, facts in everybody.items()
        if abs(time.time() - facts["beat"]) < _ALIVE_SECONDS and (not ids or facts["id"] in ids)
    }


def _wait_for_end(client: Any, workers: dict[str, int], seconds: float) -> set[str]:
    """Those that have not ended in time."""
    from voxq.tasks.names import WORKERS_KEY

    deadline = time.monotonic() + seconds
    left = set(workers)
    while left and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_SECONDS)
        left &= set(client.hkeys(WORKERS_KEY))
    return left
