"""Where a process can be made to die, for the tests of the write order.

Every step of the order in which a task is written calls `reached` once it is done. With VOXQ_KILL_AT naming a
step, the process that reaches it ends there as with `kill -9`; without it this does nothing.
"""

from __future__ import annotations

import os
import signal
from typing import Literal

Step = Literal["S1", "S2", "S3", "W1", "W2", "W3", "W4", "E1", "E2", "E3"]

_KILL_AT = os.environ.get("VOXQ_KILL_AT")


def reached(step: Step) -> None:
    """Mark the end of a step."""
    if step == _KILL_AT:
        os.kill(os.getpid(), signal.SIGKILL)
