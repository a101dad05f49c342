"""Temporary stack for one command, which leaves nothing behind."""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loguru import logger

from voxq.cli.console import busy
from voxq.locale import Message
from voxq.settings import Settings
from voxq.supervisor.ports import free_port
from voxq.supervisor.stack import Stack


@contextmanager
def temporary_stack(settings: Settings) -> Iterator[Stack]:
    """Start a stack with its own server and storage on a free port; yields it ready. Raises StackError."""
    # The default action of SIGTERM would leave the directory behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="voxq-") as directory:
        own = settings.model_copy(
            update={
                "redis_url": None,
                "redis_host": None,
                "storage_path": Path(directory),
                "api_host": "127.0.0.1",
                "api_port": free_port(),
            }
        )
        logger.disable(
            "voxq.supervisor"
        )  # its log is for operators of a service; here a failure raises StackError
        with Stack(own, output=Path(directory) / "parts.log") as stack:
            with busy(Message("Loading {model} ...", model=Path(settings.asr_model).name)):
                stack.wait_ready(settings.model_load_timeout)
            yield stack
