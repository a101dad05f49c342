"""The command line, `voxq`.

Every command imports what it needs when it runs: the API process loads nothing of the others, and `--help`
is quick.
"""

from voxq.cli.app import main

__all__ = ["main"]
