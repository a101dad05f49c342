"""Shifted wall clock for processes with this directory in PYTHONPATH.

The offset in seconds is read from the file VOXQ_TEST_CLOCK, so that the clock jumps when the file is
rewritten. `time.monotonic` is unchanged.
"""

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
