"""The end of a process with that of its parent, even if the parent is killed. Linux only.

As a program, the same for any other: `python -I -S parent_death.py <parent pid> <signal number> <program>
<arguments...>` replaces itself by that program, because the parent-death signal survives exec. A Popen
preexec_fn could set it, too, but may deadlock in a process with threads. Run like this it imports nothing but
the standard library, which takes a tenth of the time.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int, number: int = signal.SIGKILL) -> None:
    """Make the kernel send this signal when the parent ends; exit at once if it already has."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent_pid:
        os._exit(1)


def main() -> None:
    """Run the program in `sys.argv` in place of this one."""
    _, parent_pid, number, *argv = sys.argv
    die_with_parent(int(parent_pid), int(number))
    os.execv(argv[0], argv)


if __name__ == "__main__":
    main()
