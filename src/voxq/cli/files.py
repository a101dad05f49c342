"""Output files of commands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from voxq.cli.console import tell


@contextmanager
def whole(output: Path) -> Iterator[IO[bytes]]:
    """Open an output file that appears only when complete, so that an error leaves no partial file.

    `-` is stdout.
    """
    if str(output) == "-":
        yield sys.stdout.buffer
        return
    unfinished = output.with_name(f".{output.name}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
    tell(str(output))
