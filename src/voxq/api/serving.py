"""The API as a program: its server and the limits of its process."""

from __future__ import annotations

import contextlib
import resource
from typing import TYPE_CHECKING, Any

import uvicorn
from loguru import logger

from voxq import logging
from voxq.api.starting import StartingApi
from voxq.locale import Message
from voxq.machine import heap
from voxq.program import loading
from voxq.settings import Settings, SettingsError

if TYPE_CHECKING:
    from fastapi import FastAPI

_OPEN_REQUESTS_SECONDS = 5
"""Grace period at shutdown: long polls are answered at once, and slow uploads are not waited for."""

_OPEN_FILES = 1 << 16


def serve(settings: Settings) -> None:
    """Serve the API until SIGTERM or SIGINT.

    Raises SettingsError, or EngineError for an engine of another package that cannot be used.
    """
    settings.check_exposure()
    if settings.plugins:  # what is wrong with one is said before a server starts
        from voxq.engines import registry

        registry.use_plugins(settings.plugins)
    if settings.redis_url is None:
        raise SettingsError(
            Message("The API alone needs a Redis: set REDIS_URL or REDIS_HOST, or run 'voxq up'.")
        )
    heap.use_one_arena()  # before there are threads
    logging.setup("api", settings)
    _allow_files()
    how: dict[str, Any] = {
        "host": settings.api_host,
        "port": settings.api_port,
        "http": "voxq.api.connection:BoundedHttpProtocol",
        "ws": "none",
        "timeout_graceful_shutdown": _OPEN_REQUESTS_SECONDS,
        "log_config": None,
        "access_log": False,
        "server_header": False,
    }
    if settings.api_reload:  # the application is imported in another process
        uvicorn.run("voxq.api.app:app", reload=True, **how)
    else:
        _run(how)


def _run(how: dict[str, Any]) -> None:
    """Listen, and load the API meanwhile. Raises what its start raises."""

    def stop() -> None:
        server.should_exit = True

    api = StartingApi(_app, on_failure=stop)
    server = uvicorn.Server(uvicorn.Config(api, **how))
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if api.error is not None:
        logger.opt(exception=api.error).error("The API cannot start")
        raise api.error


def _app() -> FastAPI:
    with loading():
        from voxq.api.app import app

    return app


def _allow_files() -> None:
    """Raise the limit on open files: a connection needs one or two, and the default is often 1024."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _OPEN_FILES)
    if now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
