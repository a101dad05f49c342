"""Files that commands write."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from voxq.cli.console import err


@contextmanager
def whole(output: Path) -> Iterator[IO[bytes]]:
    """The file appears when it is whole: an error in the middle leaves no half of one. - is stdout."""
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
    err.print(str(output), markup=False, highlight=False, soft_wrap=True)
