"""`voxq up`: the whole service in the foreground."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Annotated

import typer
from rich.cells import set_cell_size

from voxq.cli.configuration import configured
from voxq.cli.console import here, print_json, tell
from voxq.locale import Message

_LOOK_EVERY_SECONDS = 0.1


def up(
    json_: Annotated[bool, typer.Option("--json", help="Print the addresses as one JSON object.")] = False,
) -> None:
    """Run everything: a Redis server unless one is configured, the workers and the API, until Ctrl-C."""
    from voxq import logging
    from voxq.cli.signals import stop_signals
    from voxq.engines import registry
    from voxq.settings.redis_address import place
    from voxq.supervisor.stack import Stack

    settings = configured()
    registry.use_plugins(settings.plugins)  # what is wrong with one is said before anything starts
    logging.setup("up", settings)
    stack = Stack(settings)
    with stop_signals(again=stack.hurry) as stop, stack:
        addresses = {
            "api": stack.api_url,
            "docs": f"{stack.api_url}/docs",
            "redis": place(stack.redis_url),
            "redis_url_in": str(settings.run_dir.absolute() / "up.json"),
            "storage": str(settings.storage_path.absolute()),
            "pid": os.getpid(),
        }
        if json_:
            print_json(addresses)
            sys.stdout.flush()
        else:
            _print_addresses(stack.api_url, place(stack.redis_url), str(addresses["storage"]))
        _wait(stack.is_ready, stop)
        if not stop.is_set():
            tell(Message("Ready. Ctrl-C stops everything."), style="bold green")
        stop.wait()
        tell(Message("Stopping ..."))


def _print_addresses(api_url: str, redis: str, storage: str) -> None:
    for name, value in {
        "API": api_url,
        Message("Docs"): f"{api_url}/docs",
        "Redis": redis,
        Message("Queues"): "voxq rq info",
        Message("Storage"): storage,
    }.items():
        tell(f"{set_cell_size(f'{here(name)}:', 9)}{value}")
    tell(Message("Loading the model ..."))


def _wait(is_ready: Callable[[], bool], stop: threading.Event) -> None:
    while not stop.is_set() and not is_ready():
        stop.wait(_LOOK_EVERY_SECONDS)
