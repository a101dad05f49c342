"""`voxq api` and `voxq worker`: a part of the service in the foreground, for systemd and containers."""

from __future__ import annotations

import resource
import sys
from typing import Annotated

import typer
from loguru import logger

from voxq.cli.configuration import configured
from voxq.cli.console import is_ours
from voxq.cli.drain import drain
from voxq.locale import Message

_OPEN_REQUESTS_SECONDS = 5
"""Grace period at shutdown: long polls are answered at once, and slow uploads are not waited for."""

_OPEN_FILES = 1 << 16


def api() -> None:
    """Serve the HTTP API alone, at API_HOST and API_PORT; needs REDIS_URL or REDIS_HOST."""
    import uvicorn

    from voxq import logging
    from voxq.engines import registry
    from voxq.settings import SettingsError

    settings = configured()
    settings.check_exposure()
    registry.use_plugins(settings.plugins)  # what is wrong with one is said before a server starts
    if settings.redis_url is None:
        raise SettingsError(
            Message("The API alone needs a Redis: set REDIS_URL or REDIS_HOST, or run 'voxq up'.")
        )
    logging.setup("api", settings)
    _allow_files()
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


worker_app = typer.Typer(invoke_without_command=True)


@worker_app.callback()
def worker(
    context: typer.Context,
    id: Annotated[int, typer.Option(min=1, help="Number of this worker, shown in logs and history.")] = 1,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda:0, cuda:1 ...; default: as ASR_USE_GPU says.")
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=64,
            help="Number of workers, which are restarted if they die; 0: RQ_WORKER_COUNT or one per GPU.",
        ),
    ] = None,
) -> None:
    """Run one worker (or --count of them) without an API; needs Redis and the STORAGE_PATH of the API."""
    if context.invoked_subcommand is not None:
        return
    from voxq.machine.devices import resolve_device
    from voxq.settings import SettingsError

    settings = configured()
    if count is not None:
        from voxq.cli.workers import run_workers

        sys.exit(run_workers(settings, count, id))
    if settings.redis_url is None:
        raise SettingsError(
            Message("A worker alone needs a Redis: set REDIS_URL or REDIS_HOST, or run 'voxq up'.")
        )
    from voxq.worker.main import run

    try:
        run(settings, id, device or resolve_device(settings.asr_use_gpu, id - 1))
    except Exception as error:
        if is_ours(error):  # log it, so that it reaches the operator's log file as well as the terminal
            logger.error("Worker-{} cannot start: {}", id, error)
            sys.exit(1)
        logger.exception("Worker-{} ended unexpectedly", id)
        sys.exit(1)


worker_app.command("drain")(drain)
