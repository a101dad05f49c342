"""How busy the processors of this machine are."""

from __future__ import annotations

import contextlib
from pathlib import Path

_QUIET_PERCENT = 20.0
_NANOSECONDS = 1e9


def is_quiet() -> bool:
    """Whether the processors had little to do since this was last asked; False at the first time."""
    import psutil

    share = psutil.cpu_times_percent(None)
    return share.idle + getattr(share, "iowait", 0.0) > 100.0 - _QUIET_PERCENT


def waited_seconds(tasks: Path = Path("/proc/self/task")) -> float:
    """Seconds for which the threads of this process could have run and had no processor; 0 where the kernel
    does not count them."""
    waited = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        for thread in tasks.iterdir():
            waited += int((thread / "schedstat").read_text().split()[1])
    return waited / _NANOSECONDS
