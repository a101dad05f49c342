"""`voxq rewrite`."""

from voxq.cli.outline import Command

COMMANDS = (
    Command(
        "rewrite",
        "voxq.cli.kinds.text.command:rewrite",
        "Clean up, punctuate, summarise or translate a text or a transcript with the running service.",
    ),
)
