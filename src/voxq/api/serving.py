"""The API as a program: its server and the limits of its process."""

from __future__ import annotations

import resource
from importlib import import_module

import uvicorn

from voxq import logging
from voxq.engines import registry
from voxq.locale import Message
from voxq.program import loading
from voxq.settings import Settings, SettingsError

_OPEN_REQUESTS_SECONDS = 5
"""Grace period at shutdown: long polls are answered at once, and slow uploads are not waited for."""

_OPEN_FILES = 1 << 16


def serve(settings: Settings) -> None:
    """Serve the API until SIGTERM or SIGINT.

    Raises SettingsError, or EngineError for an engine of another package that cannot be used.
    """
    settings.check_exposure()
    registry.use_plugins(settings.plugins)  # what is wrong with one is said before a server starts
    if settings.redis_url is None:
        raise SettingsError(
            Message("The API alone needs a Redis: set REDIS_URL or REDIS_HOST, or run 'voxq up'.")
        )
    logging.setup("api", settings)
    _allow_files()
    if not settings.api_reload:  # else it is imported in another process
        with loading():
            import_module("voxq.api.app")
    uvicorn.run(
        "voxq.api.app:app",
        host=settings.api_host,
        port=settings.api_port,
        reload=settings.api_reload,
        http="voxq.api.connection:BoundedHttpProtocol",
        timeout_graceful_shutdown=_OPEN_REQUESTS_SECONDS,
        log_config=None,
        access_log=False,
        server_header=False,
    )


def _allow_files() -> None:
    """Raise the limit on open files: a connection needs one or two, and the default is often 1024."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _OPEN_FILES)
    if now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
