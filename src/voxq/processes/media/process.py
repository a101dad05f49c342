"""Common start of the media processes."""

from __future__ import annotations

import os
import sys

from loguru import logger

from voxq.processes.child import Pipe, connect_to_parent, limit_memory


def connected(megabytes: int) -> tuple[Pipe, list[str]]:
    """Return the pipe to the parent and the arguments.

    `megabytes` limits the address space, unless the first argument gives another limit.
    """
    pipe, args = connect_to_parent()
    limit_memory(int(args[0]) if args else megabytes)
    os.dup2(2, 1)  # libraries print to stdout
    logger.configure(handlers=[{"sink": sys.stderr, "backtrace": False, "diagnose": False}])
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is imported; each thread costs address space
    return pipe, args
