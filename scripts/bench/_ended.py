"""Clean-up of programs that a measurement starts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PATIENCE = 15.0


@contextmanager
def ended(process: subprocess.Popen[Any]) -> Iterator[None]:
    """End the process after the context: terminate it, and kill it after 15 seconds."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
