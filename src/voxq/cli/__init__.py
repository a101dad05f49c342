"""The command line, `voxq`.

Every command imports what it needs when it runs, so that the API process loads only its own modules, and
`--help` is quick.
"""

from voxq.cli.app import main

__all__ = ["main"]
