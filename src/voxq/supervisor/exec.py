"""Replacement of this process by another program that ends with its parent.

`python -m voxq.supervisor.exec <parent pid> <signal number> <program> <arguments...>`

The parent-death signal survives exec, so that even `kill -9` of a supervisor leaves no orphan. A Popen
preexec_fn could set it, too, but may deadlock in a process with threads.
"""

from __future__ import annotations

import os
import signal
import sys

from voxq.processes.child import die_with_parent


def main() -> None:
    _, parent_pid, number, *argv = sys.argv
    die_with_parent(int(parent_pid), signal.Signals(int(number)))
    os.execv(argv[0], argv)


if __name__ == "__main__":
    main()
