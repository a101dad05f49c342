"""What the media processes have in common: their start, and how they create files."""

from __future__ import annotations

import logging
import os
import sys
from typing import BinaryIO

from voxq.processes.child import Pipe, connect_to_parent, limit_memory


def connected(megabytes: int) -> tuple[Pipe, list[str]]:
    """Return the pipe to the parent and the arguments.

    `megabytes` limits the address space, unless the first argument gives another limit.
    """
    pipe, args = connect_to_parent()
    limit_memory(int(args[0]) if args else megabytes)
    os.dup2(2, 1)  # libraries print to stdout
    # Not with the other processes' library, which takes a fifth of the memory of this one.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is imported; each thread costs address space
    return pipe, args


def private_file(path: os.PathLike[str]) -> BinaryIO:
    """Create a new, empty file that only this user may read: it will have what somebody has said."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
