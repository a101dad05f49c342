"""Logs of the processes of a failed test, for its report: the machine may be gone afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

_LINES = 40
_watched: dict[Path, None] = {}


def watch(directory: Path) -> None:
    """Include the logs under this directory from now on."""
    _watched[directory] = None


def unwatch(directory: Path) -> None:
    _watched.pop(directory, None)


def tails(seconds: float) -> Iterator[tuple[str, str]]:
    """Yield name and last lines of every log that was written to within the last `seconds`."""
    since = time.time() - seconds
    shown: set[str] = set()  # a worker's output is in its storage's log and, through a pipe, in its lab's
    for directory in _watched:
        for log in sorted(directory.rglob("*.log")):
            if log.stat().st_mtime >= since:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LINES:])
                if tail not in shown:
                    shown.add(tail)
                    yield str(log.relative_to(directory)), tail
