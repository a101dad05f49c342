"""Table of all commands, known by their names and first lines: a command's module is imported when it runs.

The commands of one kind of task are listed in its folder of `voxq.cli.kinds`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from voxq.cli import kinds
from voxq.cli.outline import Command

_SERVICE = (
    Command(
        "up",
        "voxq.cli.up:up",
        "Run everything: a Redis server unless one is configured, the workers and the API, until Ctrl-C.",
    ),
    Command(
        "api",
        "voxq.cli.serve:api",
        "Serve the HTTP API alone, at API_HOST and API_PORT; needs REDIS_URL or REDIS_HOST.",
    ),
    Command(
        "worker",
        "voxq.cli.serve:worker_app",
        "Run one worker (or --count of them) without an API; needs Redis and the STORAGE_PATH of the API.",
    ),
)
_OTHERS = (
    Command(
        "queue",
        "voxq.cli.queue:app",
        "Show, requeue or remove tasks that wait or have failed, recordings and texts.",
    ),
    Command(
        "task",
        "voxq.cli.task:task",
        "Show one task, a recording or a text: its state, progress, text and timings.",
    ),
    Command(
        "history",
        "voxq.cli.history:history",
        "Show the latest tasks that ended, recordings and texts; what was submitted last comes first.",
    ),
    Command("models", "voxq.cli.models:app", "List, fetch and find speech models."),
    Command("engines", "voxq.cli.engines:app", "List engines; install those of other packages."),
    Command(
        "doctor",
        "voxq.cli.doctor:doctor",
        "Check Redis, storage, models, voices, language models, GPU and packages; say how to mend them.",
    ),
    Command(
        "rq",
        "voxq.cli.rq:rq",
        "Run RQ's command on this service's Redis: voxq rq info. Its password is shown to nobody.",
        {"ignore_unknown_options": True, "allow_interspersed_args": False},
    ),
    Command(
        "bench",
        "voxq.cli.bench:bench",
        "Measure speed: run one of the scripts/bench of a checkout, or list them.",
    ),
)


def known() -> Iterator[Command]:
    """Yield every command, in the order of the help."""
    yield from _SERVICE
    for folder in pkgutil.iter_modules(kinds.__path__, f"{kinds.__name__}."):
        yield from import_module(folder.name).COMMANDS
    yield from _OTHERS
