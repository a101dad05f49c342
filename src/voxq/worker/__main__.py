"""A worker as a part of a stack: `python -m voxq.worker <number> <device>`, with settings in the environment.

`voxq worker` does the same, and loads the command line for it.
"""

import sys

from voxq.errors import run_program
from voxq.settings import load_settings
from voxq.worker.main import work

run_program(lambda: work(load_settings(), int(sys.argv[1]), sys.argv[2]))
