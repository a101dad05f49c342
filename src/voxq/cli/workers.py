"""Supervised workers without an API, for further machines of a service."""

from __future__ import annotations

from loguru import logger

from voxq import logging
from voxq.cli.signals import stop_signals
from voxq.engines import registry
from voxq.locale import Message
from voxq.model_catalogue import missing_for
from voxq.queue.redis_check import check_server
from voxq.settings import Settings, SettingsError
from voxq.supervisor.instance import running_instance
from voxq.supervisor.programs import worker_parts
from voxq.supervisor.supervisor import Supervisor


def run_workers(settings: Settings, count: int, first_id: int) -> int:
    """Run workers until a signal; returns the exit status. `count` 0: as many as the settings say.

    Raises SettingsError, ServerUnusable, DeviceError or EngineError."""
    registry.use_plugins(settings.plugins)
    if missing := missing_for(settings):
        raise SettingsError(missing.advice)
    if settings.redis_url is None:
        running = running_instance(settings.run_dir)
        if running is None:
            raise SettingsError(
                Message("Workers alone need a Redis: set REDIS_URL or REDIS_HOST, or run 'voxq up'.")
            )
        settings = settings.model_copy(update={"redis_url": running.redis_url})
    check_server(settings.redis_url or "")
    logging.setup("up", settings)
    supervisor = Supervisor(settings.shutdown_seconds, lambda pids: None)
    with stop_signals(again=supervisor.hurry) as stop:
        parts = worker_parts(settings, count or None, first_id)
        supervisor.add(*parts)
        supervisor.start()
        logger.info("{} workers started; Ctrl-C stops them", len(parts))
        stop.wait()
        supervisor.stop()
    return 0
