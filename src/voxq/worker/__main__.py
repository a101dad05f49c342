"""A worker as a part of a stack: `python -m voxq.worker <number> <device>`, with settings in the environment.

`voxq worker` does the same, and loads the command line for it.
"""

import sys

from voxq.program import loading, run_program


def main() -> int:
    """Work until SIGTERM or SIGINT. Returns the exit status."""
    with loading():
        from voxq.settings import load_settings
        from voxq.worker.main import work

    return work(load_settings(), int(sys.argv[1]), sys.argv[2])


if __name__ == "__main__":
    run_program(main)
