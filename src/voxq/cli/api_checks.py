"""Doctor checks of the API: the address it listens on, and what it says of itself if it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from voxq.cli.finding import Finding
from voxq.locale import Message, recognised
from voxq.settings import Settings
from voxq.supervisor.instance import running_instance
from voxq.supervisor.ports import is_free


def check_api(settings: Settings) -> Iterator[Finding]:
    """Look at API_HOST:API_PORT: free, VoxQ's own (of `voxq up`, or of an API alone), or somebody else's."""
    where = f"{settings.api_host}:{settings.api_port}"
    running = running_instance(settings.run_dir)
    try:
        free = is_free(settings.api_host, settings.api_port)
    except OSError as error:
        yield Finding(
            "API",
            "failure",
            Message(
                "{where} is not an address of this machine: {strerror}", where=where, strerror=error.strerror
            ),
            Message("Correct API_HOST."),
        )
        return
    url = running.api_url if running else settings.api_url
    health = None if free and not running else _health(url)
    if health is not None:
        by = (
            Message("process {pid}", pid=running.pid)
            if running
            else Message("an API alone, not that of a 'voxq up' here")
        )
        is_ready = health.get("status") == "ready"
        says = Message("ready") if is_ready else recognised(str(health.get("error")))
        yield Finding(
            "API",
            "ok" if is_ready else "warning",
            Message("running at {url} ({by}): {says}", url=url, by=by, says=says),
        )
    elif running:
        fix = Message("See {directory}/asr_error.log.", directory=settings.logs_dir.absolute())
        yield Finding(
            "API",
            "failure",
            Message("nothing answers at {url} (process {pid})", url=url, pid=running.pid),
            fix,
        )
    elif free:
        yield Finding("API", "ok", Message("{where} is free", where=where))
    else:
        fix = Message("Stop what listens there, or set API_PORT.")
        yield Finding("API", "failure", Message("{where} is in use by another program", where=where), fix)


def _health(url: str) -> dict[str, Any] | None:
    """Answer of VoxQ's `/health`; None if nothing or something else answers."""
    try:
        health = httpx.get(f"{url}/api/v1/health", timeout=3, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return None
    return health if isinstance(health, dict) and "model_loaded" in health else None
