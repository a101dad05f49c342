"""The API as a part of a stack, whose settings are in the environment: `python -m voxq.api`.

`voxq api` does the same, and loads the command line for it.
"""

from voxq.api.serving import serve
from voxq.errors import run_program
from voxq.settings import load_settings

run_program(lambda: serve(load_settings()))
