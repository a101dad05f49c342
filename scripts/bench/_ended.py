"""Programs that a measurement starts, and does not leave behind."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PATIENCE = 15.0


@contextmanager
def ended(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Afterwards it is gone: asked to end, and after 15 seconds made to."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
