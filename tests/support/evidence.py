"""What the processes of a failed test have logged: the machine that it failed on may be gone by the time
somebody asks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

_LINES = 40
_watched: dict[Path, None] = {}


def watch(directory: Path) -> None:
    """From now on the logs under this directory are evidence."""
    _watched[directory] = None


def unwatch(directory: Path) -> None:
    _watched.pop(directory, None)


def tails(seconds: float) -> Iterator[tuple[str, str]]:
    """Of every log that was written to within so many seconds: its name and its last lines."""
    since = time.time() - seconds
    shown: set[str] = set()  # a worker's log comes to its storage and, through a pipe, to its laboratory
    for directory in _watched:
        for log in sorted(directory.rglob("*.log")):
            if log.stat().st_mtime >= since:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LINES:])
                if tail not in shown:
                    shown.add(tail)
                    yield str(log.relative_to(directory)), tail
