"""`voxq api` and `voxq worker`: a part of the service in the foreground, for systemd and containers."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from voxq.cli.configuration import configured
from voxq.cli.drain import drain
from voxq.locale import Message


def api() -> None:
    """Serve the HTTP API alone, at API_HOST and API_PORT; needs REDIS_URL or REDIS_HOST."""
    from voxq.api.serving import serve

    serve(configured())


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
    from voxq.worker.main import work

    sys.exit(work(settings, id, device or resolve_device(settings.asr_use_gpu, id - 1)))


worker_app.command("drain")(drain)
