"""`voxq voiceprints`."""

from voxq.cli.outline import Command

COMMANDS = (
    Command(
        "voiceprints",
        "voxq.cli.kinds.voiceprint.command:app",
        "Keep voices that are to be known again, and find out whose voice a recording has.",
    ),
)
