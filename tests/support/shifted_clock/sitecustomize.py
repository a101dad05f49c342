"""With this directory in PYTHONPATH a process's wall clock is off by as many seconds as the file
VOXQ_TEST_CLOCK says, and jumps whenever that is rewritten. `time.monotonic` is not touched."""

import os
import time
from pathlib import Path

_wall_clock = time.time


def _shifted() -> float:
    try:
        return _wall_clock() + float(Path(os.environ["VOXQ_TEST_CLOCK"]).read_text() or 0)
    except (KeyError, OSError, ValueError):
        return _wall_clock()


time.time = _shifted
