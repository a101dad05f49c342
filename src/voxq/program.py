"""Programs that a supervisor starts: their imports, their errors and their exit status."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn


def is_ours(error: Exception) -> bool:
    """Whether the error is VoxQ's own, so that its message is meant for people."""
    return type(error).__module__.startswith("voxq.")


@contextmanager
def loading() -> Iterator[None]:
    """Import modules without looking for garbage: there is none, and looking through all that was imported
    again and again takes a seventh of the time. What is there at the end is never looked through."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def run_program(main: Callable[[], int | None]) -> NoReturn:
    """Run the main function of a program that a supervisor starts, and exit with its status.

    An error of VoxQ's own becomes a line on stderr and status 1, any other a traceback.
    """
    try:
        sys.exit(main())
    except Exception as error:
        if not is_ours(error):
            raise
        sys.exit(f"error: {error}")  # status 1
